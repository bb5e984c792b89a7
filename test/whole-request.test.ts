// A request whose body is taken whole, in however many pieces it comes, and put back for who reads it as a stream.

import { once } from 'node:events';
import { Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';

import { systemClock } from '../src/clock.js';
import { createHttpServer, type HttpListener } from '../src/http/server/server.js';
import { WholeRequest } from '../src/http/server/buffered-request.js';
import { createGate } from './kit/gate.js';
import { gone, openConnection } from './kit/gateway-process.js';

async function startServer(listener: HttpListener): Promise<string> {
  const server = createHttpServer(listener, { host: '127.0.0.1', port: 0, clock: systemClock });
  onTestFinished(() => server.close());
  return server.listen();
}

const take = (request: WholeRequest): Promise<Buffer> =>
  new Promise((resolve) => {
    request.takeBody(Number(request.headers['content-length']), resolve);
  });

const post = (body: string): string =>
  `POST / HTTP/1.1\r\nHost: gateway\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

/** What comes over the connection until there are so many bodies `<…>`, with a head for each. */
async function readBodies(socket: Socket, count: number): Promise<string[]> {
  let text = '';
  const found = () => [...text.matchAll(/<(.*?)>/gs)].map(([, body]) => body!);
  while (found().length < count) text += String((await once(socket, 'data')) as Buffer[]);
  return found();
}

/** A listener that gives back what was sent, as `read` gets it. */
function echo(read: (request: WholeRequest) => Promise<Buffer>): HttpListener {
  return (request, response) => void read(request).then((body) => response.end(`<${body.toString()}>`));
}

const readAgain = async (request: WholeRequest, wait: () => Promise<unknown>): Promise<Buffer> => {
  const body = await take(request);
  await wait();
  request.putBack(body);
  return buffer(request);
};

/** Puts it back while the parser still hands it over: its end comes later. */
const readAgainAtOnce = (request: WholeRequest): Promise<Buffer> =>
  new Promise((resolve) => {
    request.takeBody(Number(request.headers['content-length']), (body) => {
      request.putBack(body);
      resolve(buffer(request));
    });
  });

const READERS = [
  ['taken', take],
  ['put back at once', readAgainAtOnce],
  ['put back once its end has come', (request: WholeRequest) => readAgain(request, () => new Promise(setImmediate))],
] as const;

test.each(READERS)('a body that is %s is whole, also of requests in one packet', async (_how, read) => {
  const url = await startServer(echo(read));
  const socket = await openConnection(url, post('one') + post('two') + post('3'));
  expect(await readBodies(socket, 3)).toEqual(['one', 'two', '3']);
  // The connection is as good as new.
  socket.write(post('four'));
  expect(await readBodies(socket, 1)).toEqual(['four']);
  socket.destroy();
});

test.each(READERS)('a body that is %s is whole, in pieces as well', async (_how, read) => {
  const request = new WholeRequest(new Socket());
  request.headers['content-length'] = '15';
  const body = read(request);
  // As Node's parser does.
  for (const piece of ['the body', ' of', ' it.']) request.push(Buffer.from(piece));
  request.complete = true;
  request.push(null);
  expect((await body).toString()).toBe('the body of it.');
});

test('a client that leaves in the middle of its body has nobody told, and leaves nothing', async () => {
  const asked: string[] = [];
  const begun = createGate();
  let seen: WholeRequest | undefined;
  const url = await startServer((request, response) => {
    request.takeBody(5, (body) => {
      asked.push(body.toString());
      response.end('<>');
    });
    seen = request;
    void begun.pass();
  });
  const leaving = await openConnection(url, post('12345').slice(0, -2));
  await begun.arrivals(1);
  const closed = new Promise((resolve) => seen!.on('close', resolve));
  leaving.destroy();
  await Promise.all([closed, gone(leaving)]);
  const socket = await openConnection(url, post('again'));
  await readBodies(socket, 1);
  expect(asked).toEqual(['again']);
  socket.destroy();
});
