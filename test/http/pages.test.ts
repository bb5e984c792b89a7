// The paths besides GraphQL: the GraphiQL page, health, metrics and the redirect to GraphQL.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';

import { startStack, type TestStack } from '../kit/gateway.js';
import { startProcessStack } from '../kit/processes/gateway-process.js';
import { send } from '../kit/clients/http-client.js';
import { readRssBytes } from '../kit/processes/process-memory.js';

const HTML = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };
const JSON_TYPE = 'application/json; charset=utf-8';
const HTML_TYPE = 'text/html; charset=utf-8';

let stack: TestStack;
let url = '';
beforeAll(async () => {
  stack = await startStack();
  url = await stack.gateway.listen();
});
afterAll(() => stack[Symbol.asyncDispose]());

const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  send(url, { method, path, headers });

describe('the GraphiQL page', () => {
  test.each([
    ['/graphql', HTML.accept],
    ['/graphql/', HTML.accept],
    ['/graphql?query=%7B__typename%7D', HTML.accept],
    ['/graphql', 'TEXT/HTML'],
    ['/graphql', 'application/json;q=0.9, Text/Html'],
    ['/graphql', 'text/html;q=0.5, application/json;q=0.5'],
    ['/graphql', 'text/html; charset=utf-8'],
  ])('is served at %s for accept %s', async (path, accept) => {
    const { status, headers, text } = await get(path, { accept, 'accept-encoding': 'gzip' });
    expect([status, headers['content-type'], headers['content-encoding']]).toEqual([200, HTML_TYPE, 'gzip']);
    expect(text).toContain('<title>ScaleOps costs</title>');
  });

  test.each([
    ['text/html;q=0, application/json'],
    ['application/json, text/html;q=0.9'],
    ['application/graphql-response+json, text/html;q=0.1'],
    ['*/*'],
    ['text/*'],
    ['application/xhtml+text/html'],
  ])('is not served for accept %s', async (accept) => {
    const { headers } = await get('/graphql?query=%7B__typename%7D', { accept });
    expect(headers['content-type']).not.toBe(HTML_TYPE);
  });

  test.each(['gzip', 'identity'])('gets 304 while it is unchanged, in %s', async (encoding) => {
    const accepts = { ...HTML, 'accept-encoding': encoding };
    const { headers, text } = await get('/graphql', accepts);
    const etag = headers.etag!;
    expect(etag).toMatch(/^W\/"[\w-]{22}"$/);
    for (const given of [etag, etag.slice(2), `"other", ${etag}`, `W/"other",${etag} ,"third"`, '*']) {
      const reply = await get('/graphql', { ...accepts, 'if-none-match': given });
      expect([given, reply.status, reply.bytes.length]).toEqual([given, 304, 0]);
      for (const name of ['etag', 'vary', 'cache-control', 'content-security-policy'])
        expect(reply.headers[name]).toBe(headers[name]);
    }
    const changed = await get('/graphql', { ...accepts, 'if-none-match': 'W/"other", "another"' });
    expect([changed.status, changed.text === text]).toEqual([200, true]);
  });

  test('is the same in each encoding', async () => {
    const [zipped, brotli, plain] = [
      await get('/graphql', { ...HTML, 'accept-encoding': 'gzip' }),
      await get('/graphql', { ...HTML, 'accept-encoding': 'gzip, deflate, br, zstd' }),
      await get('/graphql', { ...HTML, 'accept-encoding': 'gzip;q=0' }),
    ];
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(brotli.headers['content-encoding']).toBe('br');
    expect([plain.text === zipped.text, plain.text === brotli.text]).toEqual([true, true]);
  });

  test('has at most 1.7 MB with Brotli and 2.2 MB with gzip', async () => {
    const sizes = ['br', 'gzip'].map(async (encoding) => {
      return (await get('/graphql', { ...HTML, 'accept-encoding': encoding })).bytes.length;
    });
    const [brotli = Infinity, gzip = Infinity] = await Promise.all(sizes);
    expect([brotli < 1_700_000, gzip < 2_200_000]).toEqual([true, true]);
  });

  // GraphiQL sends queries that are on no list.
  test('is replaced by an explanation when only listed operations may run', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'documents-'));
    const file = join(folder, 'documents.json');
    writeFileSync(
      file,
      JSON.stringify({ [createHash('sha256').update('{ __typename }').digest('hex')]: '{ __typename }' }),
    );
    onTestFinished(() => {
      rmSync(folder, { recursive: true });
    });
    await using trusting = await startStack({ env: { GATEWAY_TRUSTED_DOCUMENTS: file } });
    const { status, headers, text } = await send(await trusting.gateway.listen(), {
      method: 'GET',
      path: '/graphql',
      headers: HTML,
    });
    expect([status, headers['content-type'], text.includes('renderYogaGraphiQL')]).toEqual([404, HTML_TYPE, false]);
    expect(text).toMatch(/GraphiQL is off: .*GATEWAY_TRUSTED_DOCUMENTS/s);
  });
});

describe('a method', () => {
  const PAGES = ['/', '/health/live', '/health/ready', '/metrics', '/metrics/'];
  const METHODS = ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
  test.each(PAGES.flatMap((path) => METHODS.map((method) => [method, path])))(
    '%s is refused at %s, with Allow',
    async (method, path) => {
      const { status, headers, text } = await get(path, {}, method);
      expect([status, headers.allow, headers['content-type']]).toEqual([405, 'GET, HEAD', JSON_TYPE]);
      expect(JSON.parse(text).errors[0].extensions).toMatchObject({
        code: 'METHOD_NOT_ALLOWED',
        requestId: headers['x-request-id'],
      });
    },
  );

  test.each(['PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'])('%s is refused at /graphql, with Allow', async (method) => {
    for (const headers of [{}, { accept: 'application/json' }]) {
      const reply = await get('/graphql', headers, method);
      expect([reply.status, reply.headers.allow]).toEqual([405, 'GET, POST']);
    }
  });
});

describe('HEAD', () => {
  test.each([
    ['/', {}],
    ['/health/live', {}],
    ['/health/ready', {}],
    ['/graphql', { ...HTML, 'accept-encoding': 'gzip' }],
    ['/graphql', { ...HTML, 'accept-encoding': 'identity' }],
    ['/nowhere', {}],
  ])('of %s has the headers of GET and no body', async (path, headers) => {
    const [head, full] = [await get(path, headers, 'HEAD'), await get(path, headers)];
    expect([head.status, head.bytes.length]).toEqual([full.status, 0]);
    // A response to HEAD may omit the framing of its body (RFC 9110, section 9.3.2).
    const { date: _date, 'x-request-id': _id, 'transfer-encoding': _framing, ...expected } = full.headers;
    const { date: __date, 'x-request-id': __id, ...given } = head.headers;
    expect(given).toEqual(expected);
  });
});

describe('memory', () => {
  test.each(['gzip', 'identity'])(
    'does not grow with clients that request the page in %s and read nothing, without a key',
    async (encoding) => {
      const env = { GATEWAY_AUTH: 'api-key', GATEWAY_API_KEYS: 'one:key-of-sixteen-characters-or-more' };
      await using process = await startProcessStack({}, env);
      const { url: target, pid } = process;
      const { hostname, port } = new URL(target);
      // The page is rendered at its first request.
      await send(target, { method: 'GET', headers: { ...HTML, 'accept-encoding': encoding } });
      const before = await readRssBytes(pid);
      const head = `GET /graphql HTTP/1.1\r\nhost: ${hostname}:${port}\r\naccept: text/html\r\naccept-encoding: ${encoding}\r\n\r\n`;
      const sockets: Socket[] = [];
      for (let count = 0; count < 100; count += 1) {
        const socket = connect(Number(port), hostname).on('error', () => undefined);
        sockets.push(socket);
        await once(socket, 'connect');
        socket.write(head);
        // The first bytes have arrived, and the gateway holds the rest.
        await once(socket, 'readable');
      }
      expect((await send(target, { method: 'GET', path: '/health/live' })).status).toBe(200);
      const grown = (await readRssBytes(pid)) - before;
      for (const socket of sockets) socket.destroy();
      expect(grown / 1_048_576).toBeLessThan(100);
    },
    60_000,
  );
});
