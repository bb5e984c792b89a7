// The adapters between Node's HTTP objects and fetch's: each side notices the end of the other.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';

import { toFetch } from '../../src/http/fetch-adapter.js';
import { createGraphiQLPage } from '../../src/http/graphiql/page.js';
import type { HttpRequest, HttpResponse } from '../../src/http/http-message.js';
import { toListener } from '../../src/http/server/node-adapter.js';

const rendering = vi.hoisted(() => ({ fails: true }));
vi.mock('@graphql-yoga/render-graphiql', () => ({
  renderGraphiQL: () => {
    if (rendering.fails) throw new Error('not rendered');
    return '<meta charset="utf-8" /><style></style><script>YogaGraphiQL.renderYogaGraphiQL(';
  },
}));

test('a streamed body that is cancelled unread ends its request', async () => {
  const onEnd = vi.fn();
  const ended = new Promise<void>((resolve) => onEnd.mockImplementation(resolve));
  async function* body(): AsyncGenerator<Buffer> {
    yield await Promise.resolve(Buffer.from('never read'));
  }
  const fetch = toFetch(() => Promise.resolve({ status: 200, headers: [], body: body(), onEnd }));
  const response = await fetch(new Request('http://gateway/graphql'));
  expect(onEnd).not.toHaveBeenCalled();
  await response.body?.cancel();
  await ended;
  expect(onEnd).toHaveBeenCalledOnce();
});

test('a response that cannot be sent closes the connection, and the error is reported', async () => {
  const others = process.listeners('unhandledRejection');
  const rejected = new Promise((resolve) =>
    process.removeAllListeners('unhandledRejection').once('unhandledRejection', resolve),
  );
  onTestFinished(() => {
    for (const each of others) process.on('unhandledRejection', each);
  });
  const broken: HttpResponse = { status: 200, headers: ['x-broken', 'a\nb'], body: [] };
  const server = createServer(toListener(() => Promise.resolve(broken))).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  await expect(fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)).rejects.toThrow();
  expect(await rejected).toMatchObject({ code: 'ERR_INVALID_CHAR' });
});

test('a GraphiQL page that failed to render is rendered at the next request', async () => {
  const page = createGraphiQLPage({ access: 'none', introspection: true });
  const request = { method: 'GET', headers: new Headers({ accept: 'text/html' }) } as unknown as HttpRequest;
  await expect(page(request)).rejects.toThrow('not rendered');
  rendering.fails = false;
  expect(await page(request)).toMatchObject({ status: 200 });
});
