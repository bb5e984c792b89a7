// The security headers of every response, whatever its status.

import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { startStack, type TestStack } from '../kit/gateway.js';

const EXPECTED = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

describe('the security headers are in every response:', () => {
  let stack: TestStack;
  let url = '';
  beforeAll(async () => {
    stack = await startStack();
    url = await stack.gateway.listen();
  });
  afterAll(() => stack[Symbol.asyncDispose]());

  const post = (body: string, headers: Record<string, string> = {}): RequestInit => ({
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
  });

  test.each<[string, number, string, RequestInit?]>([
    ['data', 200, '/graphql', post('{"query":"{ workloadCosts { asOf } }"}')],
    [
      'an error of the document',
      400,
      '/graphql',
      post('{"query":"{"}', { accept: 'application/graphql-response+json' }),
    ],
    ['an error of the request', 400, '/graphql', { method: 'GET' }],
    ['a page of another site', 403, '/graphql', { method: 'GET', headers: { origin: 'https://evil.test' } }],
    ['a body that is too long', 413, '/graphql', post(`{"query":"${'x'.repeat(2_100_000)}"}`)],
    ['an unacceptable media type', 406, '/graphql', post('{"query":"{ __typename }"}', { accept: 'text/csv' })],
    ['a wrong method', 405, '/graphql', { method: 'OPTIONS' }],
    ['health', 200, '/health/live'],
    ['the start page', 302, '/', { redirect: 'manual' }],
    ['an unknown path', 404, '/nothing'],
  ])('%s', async (_what, status, path, init) => {
    const response = await fetch(url + path, init);
    expect(response.status).toBe(status);
    expect(Object.fromEntries(response.headers)).toMatchObject(EXPECTED);
  });

  test('a Host that is not allowed', async () => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.end('GET / HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n');
    const response = (await text(socket)).toLowerCase();
    for (const [name, value] of Object.entries(EXPECTED))
      expect(response).toContain(`${name}: ${value.toLowerCase()}\r\n`);
  });

  test('the GraphiQL page, with a policy that allows no foreign script', async () => {
    for (const encoding of ['gzip', 'identity']) {
      const response = await fetch(`${url}/graphql`, { headers: { accept: 'text/html', 'accept-encoding': encoding } });
      const { 'content-security-policy': _policy, ...others } = EXPECTED;
      expect(Object.fromEntries(response.headers)).toMatchObject(others);
      const policy = response.headers.get('content-security-policy') ?? '';
      expect(policy).toMatch(
        /^default-src 'none'; script-src 'sha256-[\w+/]{43}='; worker-src blob:; style-src 'unsafe-inline'; font-src data:; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
      );
      const again = { accept: 'text/html', 'if-none-match': response.headers.get('etag') ?? '' };
      const unchanged = await fetch(`${url}/graphql`, { headers: again });
      expect([unchanged.status, unchanged.headers.get('content-security-policy')]).toEqual([304, policy]);
    }
  });
});
