// SCALEOPS_AUTH=forward through the whole gateway over real sockets on both sides: the bearer token of each caller goes
// upstream, only with requests of that caller. Every test counts the requests to ScaleOps.

import { createConnection } from 'node:net';
import { text as readText } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';

import { createManualClock, type ManualClock } from '../kit/time/clock.js';
import { expectNothingLeaks, until } from '../kit/identity/credentials.js';
import { CANARY } from '../kit/upstream/fault-server.js';
import { createGate } from '../kit/time/gate.js';
import { startGateway, type GraphqlResponse, type TestGateway } from '../kit/gateway.js';
import { makeJwt, secretOf, startTenants, type Tenants, type TenantsOptions } from '../kit/upstream/tenants.js';

const ANN = `${CANARY}-token-of-ann`;
const BOB = `${CANARY}-token-of-bob`;
const TOKENS = { [ANN]: 'ann', [BOB]: 'bob' };
const GRAPHQL_TYPE = 'application/graphql-response+json';
const JSON_TYPE = 'application/json';

interface Fixture extends AsyncDisposable {
  readonly tenants: Tenants;
  readonly gateway: TestGateway;
  readonly clock: ManualClock;
  /** With this token, or without one. */
  send(token: string | undefined, about?: number | string, headers?: Record<string, string>): Promise<GraphqlResponse>;
  listen(): Promise<string>;
}

async function startFixture(
  env: Record<string, string> = {},
  options: Partial<TenantsOptions> = {},
  clock = createManualClock(),
): Promise<Fixture> {
  const tenants = await startTenants({ tokens: TOKENS, clock, ...options });
  const settings = { SCALEOPS_AUTH: 'forward', SCALEOPS_MAX_ATTEMPTS: '1', CACHE_STALE_SECONDS: '0', ...env };
  const gateway = startGateway(tenants.url, settings, clock);
  const responses: GraphqlResponse[] = [];
  return {
    tenants,
    gateway,
    clock,
    async send(token, about = 0, headers = {}) {
      const query = typeof about === 'string' ? about : queryAbout(about);
      const authorization = token === undefined ? undefined : { authorization: `Bearer ${token}` };
      const response = await gateway.send(query, undefined, { headers: { ...authorization, ...headers } });
      responses.push(response);
      return response;
    },
    listen: () => gateway.gateway.listen(),
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await tenants[Symbol.asyncDispose]();
      expectNothingLeaks(gateway, responses, [Number(new URL(tenants.url).port)]);
      expect(JSON.stringify(gateway.log)).not.toContain('-secret');
    },
  };
}

function queryAbout(about: number): string {
  return `{ workloadCosts(filter: { namespaces: { names: ["n${about}"] } }) { isStale rows { nodes { id: scaleOpsId } } } }`;
}

function expectReportOf(tenant: string, response: GraphqlResponse): void {
  expect(response.errors).toEqual([]);
  expect(response.data.workloadCosts.rows.nodes[0]).toEqual({ id: `${secretOf(tenant)}-id` });
}

function expectRefused(response: GraphqlResponse, code = 'UNAUTHENTICATED'): void {
  expect(response.status).toBe(200);
  expect(response.data).toEqual({ workloadCosts: null });
  expect(response.errors.map(({ extensions }) => extensions.code)).toEqual([code]);
  expect(response.headers.get('cache-control')).toBe('no-store');
}

/** A raw request on its own connection: status, headers and body. */
async function sendRaw(url: string, lines: readonly string[], body = JSON.stringify({ query: queryAbout(0) })) {
  const { hostname, port } = new URL(url);
  const socket = createConnection(Number(port), hostname);
  const head = ['POST /graphql HTTP/1.1', `host: ${hostname}`, 'connection: close', `content-type: ${JSON_TYPE}`];
  socket.write([...head, `content-length: ${body.length}`, ...lines, '', body].join('\r\n'), 'latin1');
  const [headText = '', text = ''] = (await readText(socket)).split('\r\n\r\n');
  const [statusLine = '', ...headers] = headText.split('\r\n');
  return { status: Number(statusLine.split(' ')[1]), headers: headers.map((line) => line.toLowerCase()), text };
}

// Mutations that fail here: no `www-authenticate`; BEARER without its end; a missing token accepted.
describe('a request without a valid bearer token', () => {
  const values: readonly (readonly [string, string | undefined])[] = [
    ['no header', undefined],
    ['an empty header', ''],
    ['only the scheme', 'Bearer'],
    ['the scheme and blanks', 'Bearer   '],
    ['a bare token', ANN],
    ['Basic', `Basic ${btoa(`ann:${ANN}`)}`],
    ['Digest', 'Digest username="ann"'],
    ['two tokens', `Bearer ${ANN} ${BOB}`],
    ['a list of two tokens', `Bearer ${ANN}, Bearer ${BOB}`],
    ['a longer scheme', `BearerX ${ANN}`],
    ['no blank after the scheme', `Bearer:${ANN}`],
    ['a tab in the token', `Bearer ${ANN}\t${BOB}`],
    ['a tab before the token', `Bearer \t${ANN}`],
    ['letters beyond ASCII', 'Bearer t\u00f6ken'],
    ['quotes and a blank', `Bearer "${ANN} "`],
  ];
  test.each(values)('(%s) is rejected, by GET and POST, for both media types', async (_title, value) => {
    await using fixture = await startFixture();
    const url = `${await fixture.listen()}/graphql`;
    // For a report, for no report, and for invalid documents: without a token this is the only error.
    for (const query of [queryAbout(0), '{ __typename }', '{ __schema { types { name } } }', '{']) {
      for (const accept of [GRAPHQL_TYPE, JSON_TYPE]) {
        const headers = { accept, ...(value === undefined ? {} : { authorization: value }) };
        const responses = [
          await fetch(`${url}?query=${encodeURIComponent(query)}`, {
            headers: { ...headers, 'apollo-require-preflight': 'true' },
          }),
          await fetch(url, {
            method: 'POST',
            headers: { ...headers, 'content-type': JSON_TYPE },
            body: JSON.stringify({ query }),
          }),
        ];
        for (const response of responses) {
          const text = await response.text();
          expect(response.status).toBe(401);
          expect(response.headers.get('www-authenticate')).toBe('Bearer');
          expect(response.headers.get('cache-control')).toBe('no-store');
          expect(response.headers.get('content-type')).toContain(accept);
          expect(JSON.parse(text)).toEqual({
            errors: [
              {
                message: 'A bearer token that ScaleOps accepts is required.',
                extensions: {
                  code: 'UNAUTHENTICATED',
                  retryable: false,
                  requestId: response.headers.get('x-request-id'),
                },
              },
            ],
          });
        }
      }
    }
    expect(fixture.tenants.requests).toEqual([]);
  });

  test.each<[string, readonly string[]]>([
    ['twice', [`authorization: Bearer ${ANN}`, `authorization: Bearer ${BOB}`]],
    ['twice, in different case', [`Authorization: Bearer ${ANN}`, `AUTHORIZATION: Bearer ${BOB}`]],
    ['twice, the first of another scheme', ['authorization: Basic YTpi', `authorization: Bearer ${ANN}`]],
    ['twice, the second of another scheme', [`authorization: Bearer ${ANN}`, 'authorization: Basic YTpi']],
  ])('(%s in the head) is rejected, because its principal is ambiguous', async (_title, lines) => {
    await using fixture = await startFixture();
    const { status, headers, text } = await sendRaw(await fixture.listen(), lines);
    expect(status).toBe(401);
    expect(headers).toContain('www-authenticate: bearer');
    expect(text).toContain('"UNAUTHENTICATED"');
    expect(fixture.tenants.requests).toEqual([]);
  });

  test.each(['\0', '\x01', '\x0b', '\x1b', '\x7f', '\n', '\r'])(
    '(with the control character %j in it) is rejected and not sent to ScaleOps',
    async (control) => {
      await using fixture = await startFixture();
      const { status, text } = await sendRaw(await fixture.listen(), [`authorization: Bearer ${ANN}${control}x`]);
      // Node itself refuses some of these before there is a request.
      expect([400, 401]).toContain(status);
      expect(text).not.toContain(CANARY);
      expect(fixture.tenants.requests).toEqual([]);
    },
  );

  test('gets the public paths: the page, its redirect and the health checks', async () => {
    await using fixture = await startFixture();
    const url = await fixture.listen();
    const get = async (path: string, accept: string): Promise<readonly [number, string | null]> => {
      const response = await fetch(url + path, { headers: { accept }, redirect: 'manual' });
      await response.arrayBuffer();
      return [response.status, response.headers.get('www-authenticate')];
    };
    expect(await get('/graphql', 'text/html')).toEqual([200, null]);
    expect(await get('/health/live', '*/*')).toEqual([200, null]);
    expect(await get('/health/ready', '*/*')).toEqual([200, null]);
    expect(await get('/', 'text/html')).toEqual([302, null]);
    expect(fixture.tenants.requests).toEqual([]);
  });
});

describe('a bearer token', () => {
  const long = `${CANARY}-${'x'.repeat(10_000)}`;
  const odd = `${CANARY}+/~!#$%&'*^_\`|(){}[]<>@:;?=,"\\`;
  test.each<[string, string, string]>([
    ['unchanged', ANN, `Bearer ${ANN}`],
    ['with "bearer" in small letters', ANN, `bearer ${ANN}`],
    ['with "BEARER" in capitals', ANN, `BEARER ${ANN}`],
    ['with more blanks', ANN, `Bearer   ${ANN}  `],
    ['of 10 kB', long, `Bearer ${long}`],
    ['with every allowed character', odd, `Bearer ${odd}`],
  ])('is sent to ScaleOps: %s', async (_title, token, authorization) => {
    await using fixture = await startFixture({}, { tokens: { ...TOKENS, [token]: 'ann' } });
    const url = `${await fixture.listen()}/graphql`;
    const headers = { authorization, accept: GRAPHQL_TYPE, 'content-type': JSON_TYPE };
    const init = { method: 'POST', headers, body: JSON.stringify({ query: queryAbout(0) }) };
    for (const response of [
      await fetch(url, init),
      await fetch(`${url}?query=${encodeURIComponent(queryAbout(0))}`, { headers: { authorization } }),
    ]) {
      const text = await response.text();
      expect(response.status).toBe(200);
      expect(text).toContain(secretOf('ann'));
      expect(text + JSON.stringify([...response.headers])).not.toContain(CANARY);
      expect(response.headers.get('cache-control')).toMatch(/^private, /);
      expect(response.headers.get('vary')).toContain('authorization');
    }
    expect(fixture.tenants.requests.map((request) => request.token)).toEqual([token]);
  });

  test('that ScaleOps does not know is an error of its field alone', async () => {
    await using fixture = await startFixture();
    for (const accept of [GRAPHQL_TYPE, JSON_TYPE]) {
      const response = await fixture.send(`${CANARY}-of-nobody`, 0, { accept });
      expectRefused(response);
      expect(response.headers.get('www-authenticate')).toBeNull();
      expect(response.errors[0]).toMatchObject({ path: ['workloadCosts'], extensions: { retryable: false } });
    }
    expect(fixture.tenants.requests).toHaveLength(2);
  });

  test.each<[string, 401 | 403, string]>([
    ['revoked', 401, 'UNAUTHENTICATED'],
    ['no longer allowed', 403, 'UPSTREAM_FORBIDDEN'],
  ])('that is %s purges the cached reports of its principal, and no others', async (_title, status, code) => {
    await using fixture = await startFixture({ CACHE_STALE_IF_ERROR_SECONDS: '86400' });
    const { tenants, send } = fixture;
    for (const about of [1, 2]) for (const token of [ANN, BOB]) await send(token, about);
    tenants.revoke(ANN, status);
    fixture.clock.advance(1);
    expectReportOf('ann', await send(ANN, 1));
    expectRefused(await send(ANN, 3), code);
    expect(tenants.requests).toHaveLength(5);
    // Purged although it is fresh; not served in place of a failed call either.
    expectRefused(await send(ANN, 1), code);
    tenants.setDown(true);
    expectRefused(await send(ANN, 2), 'UPSTREAM_UNAVAILABLE');
    expect(tenants.requests).toHaveLength(7);
    for (const about of [1, 2]) expectReportOf('bob', await send(BOB, about));
    tenants.setDown(false);
    tenants.restore(ANN);
    fixture.clock.advance(1);
    expectReportOf('ann', await send(ANN, 1));
    expectReportOf('ann', await send(ANN, 1));
    expect(tenants.requests).toHaveLength(8);
  });
});

// Mutation that fails here: the principal left out of toCacheKey().
test('a token is never sent with the request of another caller', async () => {
  const names = ['ann', 'bob', 'cleo', 'dan', 'eve'];
  const tokens = Object.fromEntries(names.map((name) => [`${CANARY}-${name}`, name]));
  const gate = createGate();
  let isHeld = true;
  await using fixture = await startFixture(
    { SCALEOPS_MAX_IN_FLIGHT: '100' },
    { tokens, onRequest: () => (isHeld ? gate.pass() : undefined) },
  );
  // Each caller sends a shared request, and one of its own that identifies it upstream.
  const operation = (name: string): string => `{
    a: workloadCosts { rows { nodes { id: scaleOpsId } } }
    b: workloadCosts(filter: { namespaces: { names: ["${name}"] } }) { rows { nodes { id: scaleOpsId } } }
    c: aggregatedCosts { rows { nodes { id: scaleOpsId } } }
    d: workloadCosts(filter: {}) { rows { nodes { id: scaleOpsId } } }
  }`;
  const sendAll = (): Promise<GraphqlResponse>[] =>
    names.map((name) => fixture.send(`${CANARY}-${name}`, operation(name)));
  const rounds = [...sendAll(), ...sendAll().reverse(), ...sendAll()];
  await gate.arrivals(15);
  isHeld = false;
  gate.open();
  await Promise.all(rounds);
  for (const [index, response] of (await Promise.all(sendAll())).entries()) {
    expect(response.errors).toEqual([]);
    for (const other of names) expect(response.text.includes(secretOf(other))).toBe(other === names[index]);
  }
  for (const response of await Promise.all(rounds)) {
    expect(response.errors).toEqual([]);
    expect(names.filter((name) => response.text.includes(secretOf(name)))).toHaveLength(1);
  }
  expect(fixture.tenants.requests).toHaveLength(15);
  for (const { tenant, filter } of fixture.tenants.requests) {
    const [own] = (filter.namespaces as string[] | undefined) ?? [];
    if (own !== undefined) expect(own).toBe(tenant);
  }
  for (const name of names) expect(fixture.tenants.countOf(`${CANARY}-${name}`)).toBe(3);
});

// Mutations that fail here: isCurrent() left out of find(), or with the end of either period included; a caller that is
// not marked as one; expiresAt left out; asOf in place of askedAt in accept().
describe('a cached report of a token', () => {
  const LONG = { CACHE_TTL_SECONDS: '86400', CACHE_STALE_SECONDS: '86400', CACHE_STALE_IF_ERROR_SECONDS: '86400' };

  test('is served for a minute after ScaleOps last accepted the token, for any report', async () => {
    await using fixture = await startFixture(LONG);
    const { tenants, clock, send } = fixture;
    await send(ANN, 1);
    clock.advance(30_000);
    await send(ANN, 2);
    tenants.revoke(ANN);
    clock.advance(59_999);
    for (const about of [1, 2]) expectReportOf('ann', await send(ANN, about));
    expect(tenants.requests).toHaveLength(2);
    clock.advance(1);
    for (const about of [1, 2]) expectRefused(await send(ANN, about));
    expect(tenants.requests).toHaveLength(4);
  });

  test.each([
    [401, 'UNAUTHENTICATED'],
    [403, 'UPSTREAM_FORBIDDEN'],
  ] as const)('is purged after a %s in a background refresh', async (status, code) => {
    await using fixture = await startFixture({ ...LONG, CACHE_TTL_SECONDS: '1' });
    const { tenants, clock, send } = fixture;
    await send(ANN, 1);
    tenants.revoke(ANN, status);
    clock.advance(10_000);
    expectReportOf('ann', await send(ANN, 1));
    await until(() => clock.pending() === 0);
    expectRefused(await send(ANN, 1), code);
    expect(tenants.requests).toHaveLength(3);
  });

  test.each<[string, string, string, number]>([
    ['fresh', '86400', '0', 0],
    ['stale while a newer one is fetched', '1', '86400', 1],
    ['stale while ScaleOps fails', '1', '0', 1],
  ])('waits for ScaleOps after the re-check time, although it would be %s', async (_title, ttl, stale, refreshes) => {
    await using fixture = await startFixture({ ...LONG, CACHE_TTL_SECONDS: ttl, CACHE_STALE_SECONDS: stale });
    const { tenants, clock, send } = fixture;
    await send(ANN, 1);
    tenants.revoke(ANN);
    tenants.setDown(true);
    clock.advance(59_999);
    expectReportOf('ann', await send(ANN, 1));
    expectRefused(await send(ANN, 2), 'UPSTREAM_UNAVAILABLE');
    await until(() => clock.pending() === 0);
    expect(tenants.requests).toHaveLength(2 + refreshes);
    clock.advance(1);
    expectRefused(await send(ANN, 1), 'UPSTREAM_UNAVAILABLE');
    expect(tenants.requests).toHaveLength(3 + refreshes);
  });

  test.each(['1', '300'])('is served for CACHE_RECHECK_SECONDS=%s', async (seconds) => {
    await using fixture = await startFixture({ ...LONG, CACHE_RECHECK_SECONDS: seconds });
    const { tenants, clock, send } = fixture;
    await send(ANN, 1);
    clock.advance(1_000 * Number(seconds) - 1);
    expectReportOf('ann', await send(ANN, 1));
    expect(tenants.requests).toHaveLength(1);
    clock.advance(1);
    expectReportOf('ann', await send(ANN, 1));
    expect(tenants.requests).toHaveLength(2);
  });

  test('is served for a time that counts from the request to ScaleOps, not from its response', async () => {
    const gate = createGate();
    await using fixture = await startFixture({ ...LONG, SCALEOPS_TIMEOUT_MS: '60000' }, { onRequest: gate.pass });
    const { tenants, clock, send } = fixture;
    const pending = send(ANN, 1);
    await gate.arrivals(1);
    clock.advance(50_000);
    gate.open();
    expectReportOf('ann', await pending);
    tenants.revoke(ANN);
    clock.advance(10_000);
    expectRefused(await send(ANN, 1));
    expect(tenants.requests).toHaveLength(2);
  });

  test('is not served after the exp of the token, even while ScaleOps fails', async () => {
    const clock = createManualClock();
    const token = makeJwt({ sub: CANARY, exp: clock.now() / 1000 + 30 });
    await using fixture = await startFixture(LONG, { tokens: { [token]: 'ann' } }, clock);
    const { tenants, send } = fixture;
    await send(token, 1);
    clock.advance(29_999);
    expectReportOf('ann', await send(token, 1));
    clock.advance(1);
    tenants.setDown(true);
    expectRefused(await send(token, 1), 'UPSTREAM_UNAVAILABLE');
    tenants.setDown(false);
    expectRefused(await send(token, 1));
    expect(tenants.requests).toHaveLength(3);
  });

  test('is not reused when the exp of the token is over by the clock of the gateway alone', async () => {
    const clock = createManualClock();
    const token = makeJwt({ sub: CANARY, exp: clock.now() / 1000 - 1 });
    const slow = createManualClock(clock.now() - 60_000);
    await using fixture = await startFixture(LONG, { tokens: { [token]: 'ann' }, clock: slow }, clock);
    for (const about of [1, 1]) expectReportOf('ann', await fixture.send(token, about));
    expect(fixture.tenants.requests).toHaveLength(2);
  });

  // A browser serves its own copy without a request, so its copy has the same time limits.
  test.each<[string, number | undefined, number]>([
    ['CACHE_RECHECK_SECONDS', undefined, 60],
    ['its exp', 30, 30],
  ])('may be cached by the client no longer than %s', async (_title, expSeconds, maxAge) => {
    const clock = createManualClock();
    const token = expSeconds === undefined ? ANN : makeJwt({ sub: CANARY, exp: clock.now() / 1000 + expSeconds });
    await using fixture = await startFixture(LONG, { tokens: { [token]: 'ann' } }, clock);
    for (const ageSeconds of [0, 20]) {
      clock.advance(1_000 * ageSeconds);
      const { headers } = await fixture.send(token, 1);
      const [, seconds] = /^private, max-age=(\d+)$/.exec(headers.get('cache-control') ?? '') ?? [];
      expect(Number(seconds)).toBeLessThanOrEqual(maxAge);
      expect(Number(seconds)).toBeGreaterThan(ageSeconds);
    }
    expect(fixture.tenants.requests).toHaveLength(1);
  });
});
