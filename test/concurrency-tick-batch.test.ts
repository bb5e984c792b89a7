// What comes in one turn of the event loop is begun together, then ended together; nobody waits long for others.

import { expect, onTestFinished, test } from 'vitest';

import { systemClock } from '../src/clock.js';
import { createCohorts } from '../src/concurrency/tick-batch.js';
import type { Lane } from '../src/http/fast-path/types.js';
import { withLane } from '../src/http/fast-path/node-adapter.js';
import { AnswerHead } from '../src/http/server/cached-head.js';
import { createHttpServer } from '../src/http/server/server.js';
import { openConnection } from './kit/gateway-process.js';

/** Cohorts that say in their order what is done; each work takes so many milliseconds. */
function createNoted(ms = 0) {
  const notes: string[] = [];
  let nowMs = 0;
  const take = createCohorts<string>(
    (name) => {
      notes.push(`begin ${name}`);
      nowMs += ms;
      return () => notes.push(`end ${name}`);
    },
    () => nowMs,
  );
  return { notes, take };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('items of one turn are started in order, then finished in order', async () => {
  const { notes, take } = createNoted();
  for (const name of ['a', 'b', 'c']) take(name);
  expect(notes).toEqual([]);
  await turn();
  expect(notes).toEqual(['begin a', 'begin b', 'begin c', 'end a', 'end b', 'end c']);
});

test('items of the next turn are a batch of their own', async () => {
  const { notes, take } = createNoted();
  take('a');
  await turn();
  take('b');
  await turn();
  expect(notes).toEqual(['begin a', 'end a', 'begin b', 'end b']);
});

test('an item waits for others at most a millisecond', async () => {
  const { notes, take } = createNoted(0.6);
  for (const name of ['a', 'b', 'c']) take(name);
  await turn();
  expect(notes).toEqual(['begin a', 'begin b', 'end a', 'end b', 'begin c', 'end c']);
});

test('an item that finishes later does not delay the others', async () => {
  const notes: string[] = [];
  const take = createCohorts<string>((name) => (name === 'later' ? undefined : () => notes.push(name)));
  for (const name of ['a', 'later', 'b']) take(name);
  await turn();
  expect(notes).toEqual(['a', 'b']);
});

/** A server with this lane, and what it answers to so many requests in one packet. */
async function ask(lane: Lane, count: number): Promise<string> {
  const listener = withLane(lane, '/', (request, response) => void request.pipe(response));
  const server = createHttpServer(listener, { host: '127.0.0.1', port: 0, clock: systemClock });
  onTestFinished(() => server.close());
  const head = 'POST / HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\nContent-Length: 1\r\n';
  const bodies = Array.from({ length: count }, (_, index) => index);
  const requests = bodies.map((body) => `${head}${body === count - 1 ? 'Connection: close\r\n' : ''}\r\n${body}`);
  const socket = await openConnection(await server.listen(), requests.join(''));
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return text;
}

test('the lane is asked for all requests of a packet before the first is answered', async () => {
  const events: string[] = [];
  const text = await ask((visit) => {
    const name = visit.body.toString();
    events.push(`asked ${name}`);
    const given = {
      head: new AnswerHead(200, ['content-length', '3']),
      requestId: 'id',
      // Looked at when it is sent.
      get body() {
        events.push(`sent ${name}`);
        return [Buffer.from(`<${name}>`)];
      },
    };
    // One of them is not for the lane, and one takes longer.
    return name === '1' ? undefined : name === '2' ? Promise.resolve(given) : given;
  }, 4);
  expect(text.match(/<\d>|\r\n\r\n1/g)).toEqual(['<0>', '\r\n\r\n1', '<2>', '<3>']);
  expect(events).toEqual(['asked 0', 'asked 1', 'asked 2', 'asked 3', 'sent 0', 'sent 3', 'sent 2']);
});

test('a defect of the lane ends the connection of its own request alone', async () => {
  const lane: Lane = () => {
    throw new Error('a defect');
  };
  expect(await ask(lane, 1)).toBe('');
});
