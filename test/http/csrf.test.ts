// No page of another site can make a browser send queries to the gateway: neither with a request without a preflight,
// nor through a host name that resolves to this machine.

import { request, type IncomingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { isLoopback } from '../../src/auth/loopback.js';
import { startStack, type TestStack } from '../kit/gateway.js';

interface RawResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** A raw request: fetch() sets Host and content type itself. */
async function send(url: string, method: string, headers: Record<string, string>, body = ''): Promise<RawResponse> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers }, (response) => {
      text(response).then((reply) => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text: reply });
      }, reject);
    });
    sent.once('error', reject);
    sent.end(body);
  });
}

const codesOf = ({ text: response }: RawResponse): unknown =>
  (JSON.parse(response) as { errors?: { extensions: { code: string } }[] }).errors?.map(
    ({ extensions }) => extensions.code,
  );

describe('a GET', () => {
  let stack: TestStack;
  let url = '';
  beforeAll(async () => {
    stack = await startStack();
    url = `${await stack.gateway.listen()}/graphql?query=${encodeURIComponent('{ workloadCosts { isStale } }')}`;
  });
  afterAll(() => stack[Symbol.asyncDispose]());

  test.each<[Record<string, string>]>([
    [{ 'sec-fetch-site': 'cross-site' }],
    [{ 'sec-fetch-site': 'same-site' }],
    [{ 'sec-fetch-site': 'Cross-Site', origin: 'http://localhost' }],
    [{ 'sec-fetch-site': 'cross-site', 'apollo-require-preflight': 'true', 'x-requested-with': 'a' }],
    [{ 'sec-fetch-site': 'unknown' }],
    [{ origin: 'https://evil.test' }],
    [{ origin: 'null' }],
    [{ origin: 'https://evil.test', authorization: 'Bearer token' }],
    [{ origin: 'https://evil.test', 'x-forwarded-host': 'costs.example.com' }],
  ])('from a page of another site is CSRF_BLOCKED: %j', async (headers) => {
    for (const method of ['GET', 'POST']) {
      const response = await send(
        url,
        method,
        { 'content-type': 'application/json', ...headers },
        method === 'GET' ? '' : '{}',
      );
      expect([response.status, codesOf(response)]).toEqual([403, ['CSRF_BLOCKED']]);
      expect(response.headers['cache-control']).toBe('no-store');
    }
    expect(stack.received).toEqual([]);
  });

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonx',
    'text/plain; application/json',
    // A browser sends such a type without a preflight, and ignores its parameter.
    'text/plain; charset=application/json',
    'application/graphql',
    'rubbish',
  ])('with the content type %s is UNSUPPORTED_MEDIA_TYPE, whatever other headers it has', async (type) => {
    const response = await send(url, 'GET', { 'content-type': type, 'apollo-require-preflight': '1' });
    expect([response.status, codesOf(response)]).toEqual([415, ['UNSUPPORTED_MEDIA_TYPE']]);
  });

  test.each<[Record<string, string>]>([
    // From clients other than web pages: curl, a server, a spreadsheet.
    [{}],
    [{ 'content-type': 'application/json' }],
    [{ 'content-type': 'Application/JSON; charset=utf-8' }],
    [{ cookie: 'session=1', 'user-agent': 'Mozilla/5.0', 'accept-language': 'de' }],
    [{ authorization: 'Bearer token' }],
    // From a page of the gateway, or typed into the address bar.
    [{ 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' }],
    [{ 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' }],
    [{ origin: 'https://costs.example.com', 'x-forwarded-host': 'costs.example.com' }],
  ])('with %j succeeds', async (headers) => {
    const response = await send(url, 'GET', headers);
    expect([response.status, codesOf(response)]).toEqual([200, undefined]);
  });

  test('from an older browser succeeds when its Origin is the host of the gateway', async () => {
    const response = await send(url, 'GET', { origin: new URL(url).origin });
    expect(response.status).toBe(200);
  });

  test('from a browser for a page gets the page, like requests for health', async () => {
    for (const path of ['/graphql', '/graphql?query={__typename}']) {
      const response = await send(new URL(path, url).href, 'GET', { accept: 'text/html,*/*' });
      expect([response.status, response.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    }
    expect((await send(new URL('/health/live', url).href, 'GET', {})).status).toBe(200);
  });
});

describe('a gateway on loopback', () => {
  let stack: TestStack;
  let url = '';
  beforeAll(async () => {
    stack = await startStack();
    url = await stack.gateway.listen();
  });
  afterAll(() => stack[Symbol.asyncDispose]());

  const post = (host: string, path = '/graphql') =>
    send(url + path, 'POST', { host, 'content-type': 'application/json' }, '{"query":"{__typename}"}');

  test.each([
    'localhost',
    'LocalHost:1',
    'localhost:4000',
    '127.0.0.1',
    '127.0.0.1:80',
    '127.1.2.3:4000',
    '[::1]',
    '[::1]:4000',
  ])('serves the Host %s', async (host) => {
    expect((await post(host)).status).toBe(200);
  });

  test.each([
    'evil.test',
    'evil.test:4000',
    'localhost.evil.test',
    'evil-localhost',
    '127.0.0.1.evil.test',
    '10.0.0.1:4000',
    '128.0.0.1',
    '0.0.0.0:4000',
    '[::2]:4000',
    'costs',
  ])('refuses other hosts: %s is FORBIDDEN', async (host) => {
    for (const path of ['/graphql', '/', '/health/live']) {
      const response = await post(host, path);
      expect([response.status, codesOf(response)]).toEqual([403, ['FORBIDDEN']]);
      expect(response.text).not.toContain(host);
    }
  });

  test('reads the Host from a target in absolute form', async () => {
    const { hostname, port } = new URL(url);
    const sendTarget = async (target: string): Promise<number> =>
      new Promise((resolve, reject) => {
        request({ hostname, port, path: target, headers: { host: 'localhost' } }, (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        })
          .once('error', reject)
          .end();
      });
    expect(await sendTarget('http://localhost/health/live')).toBe(200);
    expect(await sendTarget('http://evil.test/health/live')).toBe(403);
  });
});

test('a gateway on another address serves any Host', async () => {
  await using stack = await startStack({ env: { HOST: '0.0.0.0', GATEWAY_AUTH: 'none' } });
  const url = (await stack.gateway.listen()).replace('0.0.0.0', '127.0.0.1');
  expect((await send(`${url}/health/live`, 'GET', { host: 'costs.example.com' })).status).toBe(200);
});

test.each([
  ['localhost', true],
  ['127.0.0.1', true],
  ['127.255.0.9', true],
  ['::1', true],
  ['0.0.0.0', false],
  ['::', false],
  ['127.0.0.1.evil.test', false],
  ['127.evil.test', false],
  ['10.0.0.1', false],
])('%s is loopback: %s', (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});
