// The age of a response over a real socket: `extensions.freshness`, `Cache-Control`, `Age` and `Vary`. Every test
// counts the requests to ScaleOps.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  AGGREGATED,
  aggregatedUntil,
  at,
  DAY_MS,
  startAging,
  START_MS,
  WORKLOADS,
  type AgingStack,
} from '../kit/aging.js';
import { sendQuery, startGateway } from '../kit/gateway.js';
import { createIdleClock } from '../kit/time/idle-clock.js';
import { makeJwt, startTenants } from '../kit/upstream/tenants.js';

const JSON_TYPE = 'application/json';
const RESPONSE_TYPE = 'application/graphql-response+json';

interface SeenResponse {
  readonly status: number;
  readonly cacheControl: string | null;
  readonly age: string | null;
  readonly vary: string | null;
  /** `extensions.freshness`. */
  readonly freshness: unknown;
}

interface Sending {
  readonly method?: 'GET' | 'POST';
  readonly accept?: string;
  readonly headers?: Record<string, string>;
}

/** Sends an operation over a socket. */
async function send(
  gateway: { listen(): Promise<string> } | string,
  query: string,
  how: Sending = {},
): Promise<SeenResponse> {
  const { method = 'POST', accept = RESPONSE_TYPE, headers = {} } = how;
  const url = `${typeof gateway === 'string' ? gateway : await gateway.listen()}/graphql`;
  const isGet = method === 'GET';
  const sent = isGet
    ? fetch(`${url}?${new URLSearchParams({ query }).toString()}`, {
        headers: { accept, 'apollo-require-preflight': 'true', ...headers },
      })
    : undefined;
  const response =
    sent === undefined
      ? await sendQuery(fetch, query, undefined, { headers: { accept, ...headers } }, url)
      : await sent;
  const text = 'data' in response ? response.text : await response.text();
  const { extensions } = JSON.parse(text) as { extensions?: { freshness?: unknown } };
  const header = (name: string): string | null => response.headers.get(name);
  return {
    status: response.status,
    cacheControl: header('cache-control'),
    age: header('age'),
    vary: header('vary'),
    freshness: extensions?.freshness,
  };
}

const fresh = (asOfMs: number): object => ({ asOf: at(asOfMs), isStale: false });
const stale = (asOfMs: number): object => ({ asOf: at(asOfMs), isStale: true });
const NOT_CACHED = { status: 200, cacheControl: 'no-store', age: null, vary: null };

describe('a response', () => {
  test.each([
    ['POST', JSON_TYPE],
    ['POST', RESPONSE_TYPE],
    ['GET', JSON_TYPE],
    ['GET', RESPONSE_TYPE],
  ] as const)('has its age, its lifetime and its freshness (%s, %s)', async (method, accept) => {
    await using stack = await startAging();
    const url = await stack.gateway.listen();
    const see = () => send(url, WORKLOADS, { method, accept });
    const kept = { status: 200, vary: 'accept, accept-encoding' };
    expect(await see()).toEqual({ ...kept, cacheControl: 'private, max-age=60', age: '0', freshness: fresh(0) });
    stack.clock.advance(17_900);
    // Both are rounded down: together a second less than the whole.
    expect(await see()).toEqual({
      ...kept,
      cacheControl: 'private, max-age=59',
      age: '17',
      freshness: fresh(0),
    });
    stack.clock.advance(41_100);
    expect(await see()).toEqual({
      ...kept,
      cacheControl: 'private, max-age=60',
      age: '59',
      freshness: fresh(0),
    });
    stack.clock.advance(1);
    // Fresh for less than a second, which `max-age` cannot express.
    expect(await see()).toEqual({ ...NOT_CACHED, freshness: fresh(0) });
    expect(stack.received).toHaveLength(1);
    stack.clock.advance(999);
    expect(await see()).toEqual({ ...NOT_CACHED, freshness: stale(0) });
    await stack.clock.idle();
    expect(await see()).toMatchObject({
      cacheControl: 'private, max-age=60',
      age: '0',
      freshness: fresh(60_000),
    });
    expect(stack.received).toHaveLength(2);
  });

  test('is marked as stale while ScaleOps fails', async () => {
    await using stack = await startAging();
    const url = await stack.gateway.listen();
    await send(url, WORKLOADS);
    stack.setDown(true);
    stack.clock.advance(1_000_500);
    expect(await send(url, WORKLOADS)).toEqual({ ...NOT_CACHED, freshness: stale(0) });
    expect(stack.received).toHaveLength(2);
  });

  test('has the long lifetime of a report about a past period', async () => {
    await using stack = await startAging();
    const url = await stack.gateway.listen();
    const query = aggregatedUntil(30 * DAY_MS);
    await send(url, query);
    stack.clock.advance(100_000);
    expect(await send(url, query)).toMatchObject({
      cacheControl: 'private, max-age=86400',
      age: '100',
      freshness: fresh(0),
    });
    expect(stack.received).toHaveLength(1);
  });

  test('is public with CACHE_CONTROL=public', async () => {
    await using stack = await startAging({ CACHE_CONTROL: 'public' });
    const url = await stack.gateway.listen();
    expect(await send(url, WORKLOADS)).toMatchObject({
      cacheControl: 'public, max-age=60',
      age: '0',
      vary: 'accept, accept-encoding',
    });
    stack.clock.advance(60_000);
    expect(await send(url, WORKLOADS)).toMatchObject(NOT_CACHED);
    await stack.clock.idle();
    expect(stack.received).toHaveLength(2);
  });
});

describe('a response with two reports', () => {
  const BOTH = `{ workloadCosts { asOf isStale } ${AGGREGATED.slice(1)}`;

  test('has the age of the older one, and the lifetime of the one that expires first', async () => {
    await using stack = await startAging();
    const url = await stack.gateway.listen();
    await send(url, WORKLOADS);
    stack.clock.advance(20_000);
    expect(await send(url, BOTH)).toMatchObject({
      cacheControl: 'private, max-age=60',
      age: '20',
      freshness: fresh(0),
    });
    expect(stack.received).toHaveLength(2);
  });

  test('can have the age of one report and the expiry of the other', async () => {
    await using stack = await startAging();
    const url = await stack.gateway.listen();
    const past = aggregatedUntil(30 * DAY_MS);
    await send(url, past);
    stack.clock.advance(1_000_000);
    expect(await send(url, `{ workloadCosts { asOf } ${past.slice(1)}`)).toMatchObject({
      cacheControl: 'private, max-age=1060',
      age: '1000',
      freshness: fresh(0),
    });
    expect(stack.received).toHaveLength(2);
  });

  test('is stale when either of them is', async () => {
    await using stack = await startAging();
    const url = await stack.gateway.listen();
    await send(url, WORKLOADS);
    stack.clock.advance(60_000);
    expect(await send(url, BOTH)).toEqual({ ...NOT_CACHED, freshness: stale(0) });
    await stack.clock.idle();
    expect(stack.received).toHaveLength(3);
    const past = aggregatedUntil(30 * DAY_MS);
    await send(url, past);
    stack.clock.advance(60_000);
    await send(url, AGGREGATED);
    await stack.clock.idle();
    stack.clock.advance(60_000);
    const both = `{ ${AGGREGATED.slice(1, -1)} past: ${past.slice(1)}`;
    expect(await send(url, both)).toEqual({ ...NOT_CACHED, freshness: stale(60_000) });
    await stack.clock.idle();
    expect(stack.received).toHaveLength(6);
  });

  test('is not cacheable when one of them is an error, and has the age of the other', async () => {
    await using stack = await startAging();
    const url = await stack.gateway.listen();
    await send(url, WORKLOADS);
    stack.setDown(true);
    stack.clock.advance(5_000);
    for (const how of [{ accept: JSON_TYPE }, { accept: RESPONSE_TYPE }, { method: 'GET' }] as const) {
      expect(await send(url, BOTH, how)).toEqual({ ...NOT_CACHED, freshness: fresh(0) });
    }
    expect(await send(url, AGGREGATED)).toEqual({ ...NOT_CACHED, freshness: undefined });
    expect(stack.received).toHaveLength(5);
  });
});

describe('a response without a report', () => {
  test.each<[string, string, number]>([
    ['introspection', '{ __typename __schema { queryType { name } } }', 200],
    ['a syntax error', '{', 400],
    ['an unknown field', '{ nothing }', 400],
    ['a missing variable', 'query ($last: CostDuration!) { workloadCosts(filter: { last: $last }) { asOf } }', 400],
    ['an argument out of its range', '{ workloadCosts { asOf rows(first: -1) { totalCount } } }', 200],
  ])('is not cacheable: %s', async (_name, query, status) => {
    await using stack = await startAging();
    const url = await stack.gateway.listen();
    for (const method of ['GET', 'POST'] as const) {
      const { freshness, ...rest } = await send(url, query, { method });
      expect(rest).toEqual({ ...NOT_CACHED, status });
      if (status === 400) expect(freshness).toBeUndefined();
    }
    expect(stack.received.length).toBeLessThanOrEqual(1);
  });

  test.each(['HEAD', 'OPTIONS', 'PUT', 'DELETE'])('is not cacheable: %s, which is not supported', async (method) => {
    await using stack = await startAging();
    const url = await stack.gateway.listen();
    const response = await fetch(`${url}/graphql?${new URLSearchParams({ query: WORKLOADS }).toString()}`, { method });
    await response.text();
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, POST']);
    expect(['cache-control', 'age'].map((name) => response.headers.get(name))).toEqual(['no-store', null]);
    expect(stack.received).toEqual([]);
  });

  test.each(['/health', '/health/', '/graphqlx'])(
    'is a plain 404, without an error of the gateway: %s',
    async (path) => {
      await using stack = await startAging();
      const response = await fetch((await stack.gateway.listen()) + path);
      expect(await response.text()).not.toMatch(/Error|\n\s+at /);
      expect([response.status, response.headers.has('x-request-id')]).toEqual([404, true]);
      expect(stack.received).toEqual([]);
    },
  );

  test.each(['GET', 'POST'] as const)('is not cacheable: an unsupported media type (%s)', async (method) => {
    await using stack = await startAging();
    const url = await stack.gateway.listen();
    await send(url, WORKLOADS);
    const seen = await send(url, WORKLOADS, { method, accept: 'image/png' });
    expect([seen.status, seen.cacheControl, seen.age]).toEqual([406, 'no-store', null]);
    expect(stack.received).toHaveLength(1);
  });
});

describe('with SCALEOPS_AUTH=forward', () => {
  test('a response is private, and each token gets its own', async () => {
    const clock = createIdleClock(START_MS);
    const [ann, bob] = ['ann', 'bob'].map((sub) => makeJwt({ sub, exp: START_MS / 1000 + 1_000 })) as [string, string];
    await using tenants = await startTenants({ tokens: { [ann]: 'ann', [bob]: 'bob' }, clock });
    const env = { SCALEOPS_AUTH: 'forward', SCALEOPS_TOKEN: '', CACHE_RECHECK_SECONDS: '3600' };
    await using gateway = startGateway(tenants.url, env, clock);
    const url = await gateway.gateway.listen();
    const see = (token: string) => send(url, WORKLOADS, { headers: { authorization: `Bearer ${token}` } });
    const kept = { status: 200, vary: 'accept, accept-encoding, authorization' };
    expect(await see(ann)).toEqual({
      ...kept,
      cacheControl: 'private, max-age=60',
      age: '0',
      freshness: fresh(0),
    });
    clock.advance(20_000);
    expect(await see(bob)).toMatchObject({ ...kept, age: '0', freshness: fresh(20_000) });
    expect(await see(ann)).toMatchObject({ ...kept, age: '20', freshness: fresh(0) });
    expect([tenants.countOf(ann), tenants.countOf(bob)]).toEqual([1, 1]);
    const refused = await send(url, WORKLOADS);
    expect([refused.status, refused.cacheControl, refused.freshness]).toEqual([401, 'no-store', undefined]);
  });
});

/**
 * The freshness that a cache computes from a response: RFC 9111, sections 4.2.1 and 4.2.3, on a clock of whole seconds.
 */
function readCacheable({
  cacheControl,
  age,
}: SeenResponse): { readonly maxAge: number; readonly age: number } | undefined {
  const maxAge = /(?:^|, )max-age=(\d+)$/.exec(cacheControl ?? '')?.[1];
  return maxAge === undefined ? undefined : { maxAge: Number(maxAge), age: Number(age) };
}

test('a response is never fresh in a cache for longer than in the gateway, and at most a second shorter', async () => {
  await using stack = await startAging({ CACHE_STALE_SECONDS: '0', CACHE_SETTLED_TTL_SECONDS: '3600' });
  const url = await stack.gateway.listen();
  const anyMs = fc.oneof(fc.integer({ min: 0, max: 70_000 }), fc.integer({ min: 0, max: 4_000_000 }));
  const past = aggregatedUntil(400 * DAY_MS);
  const both = `{ workloadCosts { asOf } ${past.slice(1)}`;
  await fc.assert(
    fc.asyncProperty(anyMs, anyMs, fc.integer({ min: 0, max: 5_000_000 }), async (betweenMs, afterMs, storedMs) => {
      const { clock } = stack;
      await dropAll(stack);
      const pastEndsAt = clock.now() + 3_600_000;
      await send(url, past);
      clock.advance(betweenMs);
      const endsAt = clock.now() + 60_000;
      await send(url, WORKLOADS);
      clock.advance(afterMs);
      // A report that has expired meanwhile is fetched again.
      const renewed = (end: number, ttlMs: number): number => (clock.now() < end ? end : clock.now() + ttlMs);
      const freshUntil = Math.min(renewed(pastEndsAt, 3_600_000), renewed(endsAt, 60_000));
      const remainingMs = freshUntil - clock.now();
      const kept = readCacheable(await send(url, both));
      if (kept === undefined) {
        expect(remainingMs).toBeLessThan(1_000);
        return;
      }
      expect((kept.maxAge - kept.age) * 1000).toBeLessThanOrEqual(remainingMs);
      expect((kept.maxAge - kept.age) * 1000).toBeGreaterThan(remainingMs - 1_000);
      const isFreshInCache = kept.maxAge > kept.age + storedMs / 1000;
      if (isFreshInCache) expect(clock.now() + storedMs).toBeLessThan(freshUntil);
    }),
    { numRuns: 60 },
  );
});

/** Moves the clock until no cached report may be served. */
async function dropAll({ clock }: AgingStack): Promise<void> {
  await clock.idle();
  clock.advance(10 * 3_600_000);
}
