// An answer that is given again has the head that Node would write, byte for byte, but for the request's id and the time.
// It rests on a property of Node's own: these tests are what says that it is there in another version.

import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';

import { systemClock } from '../src/clock.js';
import { AnswerHead } from '../src/http/server/cached-head.js';
import { createHttpServer } from '../src/http/server/server.js';
import { gone, openConnection } from './kit/gateway-process.js';

const HEADERS = ['content-type', 'application/json', 'cache-control', 'private, max-age=60', 'content-length', '2'];

/** A server that gives everybody the same head, with the ids `id-1`, `id-2` and so on. */
async function startServer() {
  const head = new AnswerHead(200, HEADERS);
  let requests = 0;
  const server = createHttpServer(
    (_request, response) => {
      requests += 1;
      response.beginWith(head, `id-${requests}`);
      response.end('{}');
    },
    { host: '127.0.0.1', port: 0, clock: systemClock },
  );
  onTestFinished(() => server.close());
  return { url: await server.listen(), server, head };
}

const get = (more = '', version = '1.1') => `GET / HTTP/${version}\r\nHost: gateway\r\n${more}\r\n`;

/** The answers that come over the connection for what was sent, until there are so many. */
async function readAnswers(url: string, sent: string, count: number) {
  const socket = await openConnection(url, sent);
  let text = '';
  while (text.split('{}').length <= count) text += String((await once(socket, 'data')) as Buffer[]);
  return { socket, answers: text.split('{}').slice(0, count) };
}

/** What a head says of the time, and all else of it but the id. */
function take(answer: string, id: number) {
  const date = /^Date: (.*)\r$/m.exec(answer)?.[1] ?? '';
  expect(answer).toContain(`\r\nx-request-id: id-${id}\r\n`);
  return { date, rest: answer.replace(`id-${id}`, 'ID').replace(date, 'DATE') };
}

test('the head of an answer that is given again is that of the first time', async () => {
  const { url, head } = await startServer();
  const before = Math.floor(Date.now() / 1000) * 1000;
  const { answers } = await readAnswers(url, get().repeat(4), 4);
  const taken = answers.map((answer, at) => take(answer, at + 1));
  for (const { date, rest } of taken) {
    expect(rest).toBe(taken[0]!.rest);
    expect(new Date(date).toUTCString()).toBe(date);
    expect(Date.parse(date)).toBeGreaterThanOrEqual(before);
    expect(Date.parse(date)).toBeLessThanOrEqual(Date.now());
  }
  expect(taken[0]!.rest).toMatch(/^HTTP\/1\.1 200 OK\r\n.*\r\nKeep-Alive: timeout=75\r\n\r\n$/s);
  // The last two were not written by Node.
  expect(head.written).toHaveLength(3);
});

test('a head is not kept from an answer after which Node closes the connection, and not given in its place', async () => {
  const { url, head } = await startServer();
  const close = get('Connection: close\r\n');
  for (const id of [1, 2]) {
    const { socket, answers } = await readAnswers(url, close, 1);
    expect(take(answers[0]!, id).rest).toContain('\r\nConnection: close\r\n');
    await gone(socket);
  }
  expect(head.written).toBeUndefined();
  const usual = await readAnswers(url, get().repeat(2), 2);
  expect(usual.answers.map((answer) => answer.includes('\r\nConnection: keep-alive\r\n'))).toEqual([true, true]);
  expect(head.written).toHaveLength(3);
  for (const [id, sent] of [close, get('', '1.0')].entries()) {
    const { socket, answers } = await readAnswers(url, sent, 1);
    expect(take(answers[0]!, id + 5).rest).toContain('\r\nConnection: close\r\n');
    await gone(socket);
  }
});

test('a server that winds down says so also in a head that it knows', async () => {
  const { url, server, head } = await startServer();
  await readAnswers(url, get().repeat(3), 3);
  expect(head.written).toHaveLength(3);
  server.windDown();
  const { socket, answers } = await readAnswers(url, get(), 1);
  expect(take(answers[0]!, 4).rest).toContain('\r\nconnection: close\r\n');
  await gone(socket);
});
