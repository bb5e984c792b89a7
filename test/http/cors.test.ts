// Cross-origin pages: listed origins may send queries and read responses, others may not. Also tested in a real browser,
// which enforces the rules.

import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { findChromium, launchChromium } from '../kit/clients/browser.js';
import { startStack, type TestStack } from '../kit/gateway.js';

const LISTED = 'https://costs.example.com';
const OTHER = 'http://localhost:3000';
const EXPOSED = 'age, etag, retry-after, x-request-id';
const JSON_TYPE = { 'content-type': 'application/json' };

const corsOf = (headers: Headers): Record<string, string> =>
  Object.fromEntries([...headers].filter(([name]) => name.startsWith('access-control-')));

describe('with GATEWAY_CORS_ORIGINS', () => {
  let stack: TestStack;
  let url = '';
  beforeAll(async () => {
    // A token is required here, and a preflight never has one.
    const env = { GATEWAY_CORS_ORIGINS: `${LISTED},${OTHER}`, SCALEOPS_AUTH: 'forward', SCALEOPS_TOKEN: '' };
    stack = await startStack({ env });
    url = await stack.gateway.listen();
  });
  afterAll(() => stack[Symbol.asyncDispose]());

  const preflight = (origin: string, path = '/graphql', headers: Record<string, string> = {}) =>
    fetch(url + path, {
      method: 'OPTIONS',
      redirect: 'manual',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type',
        ...headers,
      },
    });

  test.each([LISTED, OTHER])('a preflight of %s succeeds without a token', async (origin) => {
    const response = await preflight(origin);
    expect([response.status, await response.text()]).toEqual([204, '']);
    expect(response.headers.get('content-length')).toBeNull();
    expect(response.headers.get('vary')).toBe('origin, access-control-request-headers');
    expect(corsOf(response.headers)).toEqual({
      'access-control-allow-origin': origin,
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers': 'content-type',
      'access-control-max-age': '7200',
      'access-control-expose-headers': EXPOSED,
    });
    expect(stack.log).toEqual([]);
  });

  test('a preflight response allows the requested headers', async () => {
    const requested = 'sentry-trace,baggage,traceparent,graphql-client-name,x-tenant';
    const response = await preflight(LISTED, '/graphql', { 'access-control-request-headers': requested });
    expect(response.headers.get('access-control-allow-headers')).toBe(requested);
  });

  test.each([
    'https://evil.test',
    'null',
    'https://costs.example.com.evil.test',
    'https://costs.example.com:8443',
    'http://costs.example.com',
    'https://COSTS.example.com',
    '',
  ])('a preflight of %j is not allowed', async (origin) => {
    const response = await preflight(origin);
    expect(response.status).toBe(405);
    expect(corsOf(response.headers)).toEqual({});
    expect(response.headers.get('vary')).toBe('origin');
  });

  test('a preflight of another path is not allowed', async () => {
    for (const path of ['/', '/health/ready', '/nothing']) {
      const response = await preflight(LISTED, path);
      expect(response.status).not.toBe(204);
      expect(corsOf(response.headers)).toEqual({});
    }
  });

  test('an OPTIONS request that is no preflight is handled like any other request', async () => {
    const response = await fetch(`${url}/graphql`, { method: 'OPTIONS', headers: { origin: LISTED } });
    expect(response.status).toBe(405);
  });

  test('a listed origin may read every response: data, errors, and other pages', async () => {
    const authorization = 'Bearer test-token-that-must-not-leak';
    for (const [init, status] of [
      [
        { method: 'POST', headers: { ...JSON_TYPE, authorization }, body: '{"query":"{ workloadCosts { asOf } }"}' },
        200,
      ],
      [{ method: 'POST', headers: JSON_TYPE, body: '{"query":"{ __typename }"}' }, 401],
      [{ method: 'POST', headers: { 'content-type': 'text/plain', authorization }, body: '{' }, 415],
      [
        {
          method: 'POST',
          headers: { ...JSON_TYPE, authorization, accept: 'text/csv' },
          body: '{"query":"{ __typename }"}',
        },
        406,
      ],
      [{ method: 'GET' }, 401],
      [{ method: 'PUT', headers: { authorization } }, 405],
    ] as const) {
      const response = await fetch(`${url}/graphql`, {
        ...init,
        headers: { ...('headers' in init && init.headers), origin: LISTED },
      });
      expect(response.status).toBe(status);
      expect(corsOf(response.headers)).toEqual({
        'access-control-allow-origin': LISTED,
        'access-control-expose-headers': EXPOSED,
      });
      expect(response.headers.get('vary')).toContain('origin');
      const foreign = await fetch(`${url}/graphql`, {
        ...init,
        headers: { ...('headers' in init && init.headers), origin: 'https://evil.test' },
      });
      expect([foreign.status, corsOf(foreign.headers)]).toEqual([status === 405 ? 405 : 403, {}]);
    }
  });
});

test('without GATEWAY_CORS_ORIGINS no origin is allowed, and responses do not vary by it', async () => {
  await using stack = await startStack();
  const url = `${await stack.gateway.listen()}/graphql`;
  const response = await fetch(url, {
    method: 'OPTIONS',
    headers: { origin: LISTED, 'access-control-request-method': 'POST' },
  });
  expect([response.status, corsOf(response.headers), response.headers.get('vary')]).toEqual([405, {}, null]);
});

const isSkipped = findChromium() === undefined && process.env.CI === undefined;
describe.skipIf(isSkipped)('a page of another origin in a browser', () => {
  /** A host with an empty page. */
  async function startPage() {
    const server = createServer((_request, response) =>
      response.setHeader('content-type', 'text/html').end('<p>A page.'),
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    return {
      origin: `http://127.0.0.1:${port}`,
      async [Symbol.asyncDispose]() {
        server.close();
        await once(server, 'close');
      },
    };
  }

  test('sends queries and reads responses when it is listed, and cannot send any when it is not', async () => {
    await using listed = await startPage();
    await using foreign = await startPage();
    await using stack = await startStack({ env: { GATEWAY_CORS_ORIGINS: listed.origin } });
    const url = `${await stack.gateway.listen()}/graphql`;
    await using chromium = await launchChromium();
    const page = await chromium.newPage();
    const sendAs = (type: string) =>
      page.evaluate(
        async ([target, contentType]) => {
          try {
            const response = await fetch(target!, {
              method: 'POST',
              headers: { 'content-type': contentType!, authorization: 'Bearer x', 'x-request-id': 'of-the-page' },
              body: '{"query":"{ workloadCosts { rows { totalCount } } }"}',
            });
            return { status: response.status, id: response.headers.get('x-request-id'), body: await response.text() };
          } catch (error) {
            return { error: (error as Error).name };
          }
        },
        [url, type],
      );
    await page.goto(listed.origin);
    expect(await sendAs('application/json')).toEqual({
      status: 200,
      id: 'of-the-page',
      body: expect.stringContaining('"totalCount":25') as string,
    });
    const before = stack.log.length;
    await page.goto(foreign.origin);
    expect(await sendAs('application/json')).toEqual({ error: 'TypeError' });
    // Like a form, without a preflight: it arrives, is refused, and is not readable.
    const sent = page.evaluate(async (target) => {
      const response = await fetch(target, {
        method: 'POST',
        mode: 'no-cors',
        body: 'query={__typename}',
        headers: { 'content-type': 'text/plain' },
      }).catch((error: unknown) => (error as Error).name);
      return typeof response === 'string' ? response : response.type;
    }, url);
    // Even the opaque response is withheld (cross-origin-resource-policy).
    expect(await sent).toBe('TypeError');
    expect(stack.log.slice(before)).toMatchObject([
      { errorCodes: ['METHOD_NOT_ALLOWED'] },
      { errorCodes: ['CSRF_BLOCKED'] },
    ]);
    expect(stack.received).toHaveLength(1);
  });
});
