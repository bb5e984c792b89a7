// The cache that replicas share, on a real Redis and mostly through two whole gateways: saved calls, isolation of
// principals, and the maximum delay in any state of Redis. Every test counts upstream calls.

import fc from 'fast-check';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';

import { encryptEntry, decryptEntry } from '../../src/cache/shared/encrypted-entry.js';
import type { Redis } from '../../src/cache/shared/redis.js';
import { SharedStore, toRedisKey } from '../../src/cache/shared/shared-store.js';
import type { Clock } from '../../src/clock.js';
import { decodeReport } from '../../src/report/parse/json-parser.js';
import { createReportParser } from '../../src/upstream/parse/report-parser.js';
import { createGate } from '../kit/time/gate.js';
import type { GraphqlResponse } from '../kit/gateway.js';
import { gunzipAll } from '../kit/formats/gzip.js';
import { principalOf } from '../kit/identity/principal.js';
import { isRedisSkipped, startRedis, type RedisOptions } from '../kit/processes/redis.js';
import {
  CONNECTED,
  createWatchedClock,
  POLL_MS,
  startReplica,
  startWatchedRedis,
  type Replica,
} from '../kit/processes/replicas.js';
import { startProxy } from '../kit/upstream/tcp-proxy.js';
import { requestRowName, makeJwt, secretOf, startTenants, type TenantsOptions } from '../kit/upstream/tenants.js';

const ANN = 'ann-token-that-must-not-leak';
const BOB = 'bob-token-that-must-not-leak';
const TOKENS = { [ANN]: 'tenant-ann', [BOB]: 'tenant-bob' };
const QUERY = `query ($filter: WorkloadCostsFilter) {
  workloadCosts(filter: $filter) { asOf isStale clusters rows { nodes { workloadName clusterName totalCost } } }
}`;
const LOST = 'the shared cache cannot be reached; going on without it';
const BYPASSED = 'the shared cache fails; it is bypassed for a while';
const WORKS_AGAIN = 'the shared cache works again';
/** The time that a load may spend on the shared cache, and on one command after the first. */
const RESPONSE_MS = 150;
const TURN_MS = 45;
const LOCK_TTL_MS = 30_000;
/** The longest wait for another replica. */
const MAX_WAIT_MS = 10_000;
/** How long a failed Redis is bypassed. */
const ALONE_MS = 5_000;

type Env = Readonly<Record<string, string>>;
type FixtureOptions = { readonly redis?: RedisOptions; readonly env?: Env } & Partial<TenantsOptions>;

/** A Redis, an upstream and a clock that all gateways share; closed at the end of the test, gateways first. */
async function startFixture({ redis: redisOptions, env = {}, ...rest }: FixtureOptions = {}) {
  const clock = createWatchedClock();
  const redis = await startWatchedRedis(redisOptions);
  const upstream = await startTenants({ tokens: TOKENS, clock, ...rest });
  const replicas: Replica[] = [];
  onTestFinished(async () => {
    redis.thaw();
    for (const replica of replicas) await replica[Symbol.asyncDispose]();
    await upstream[Symbol.asyncDispose]();
    await redis[Symbol.asyncDispose]();
  });
  /** One more gateway, whether or not it connects. */
  const open = (more: Env = {}, ownClock: Clock = clock): Replica => {
    const settings = { CACHE_REDIS_URL: redis.url, SCALEOPS_MAX_ATTEMPTS: '1', ...env, ...more };
    const replica = startReplica(upstream.url, settings, { clock: ownClock });
    replicas.push(replica);
    return replica;
  };
  return {
    clock,
    redis,
    watch: redis.watch,
    upstream,
    open,
    /** One more gateway, connected. */
    start: async (more?: Env, ownClock?: Clock): Promise<Replica> => {
      const replica = open(more, ownClock);
      await replica.logged(CONNECTED);
      return replica;
    },
    /** A gateway whose connection to Redis a test can cut. */
    startBehindProxy: async () => {
      const proxy = await startProxy(redis.port);
      onTestFinished(() => proxy[Symbol.asyncDispose]());
      const url = redis.url.replace(/:\d+$/, `:${proxy.port}`);
      return { proxy, url };
    },
  };
}

const filterOf = (namespace: string) => ({ filter: { namespaces: { names: [namespace] } } });

/** The response has this tenant's data for this request, without errors. */
function expectData(response: GraphqlResponse, tenant = 'tenant-ann', namespace?: string): void {
  const secret = secretOf(tenant);
  const requested = requestRowName('/getWorkloads', namespace === undefined ? {} : { namespaces: [namespace] });
  expect(response.errors).toEqual([]);
  const { clusters, rows } = response.data.workloadCosts;
  expect(clusters).toEqual([`${secret}-cluster`]);
  expect(rows.nodes).toMatchObject([{ workloadName: `${secret}-row` }, { workloadName: requested }]);
}

type Fixture = Awaited<ReturnType<typeof startFixture>>;

/** The sources of the last operation's reports. */
const cacheOf = ({ log }: Replica) => log.findLast(({ msg }) => msg === 'operation')?.cache;
const from = (what: string) => ({ hit: 0, stale: 0, shared: 0, collapsed: 0, miss: 0, [what]: 1 });
/** The log without operation lines. */
const logMessages = ({ log }: Replica) => log.filter(({ msg }) => msg !== 'operation').map(({ msg }) => msg);

/** Sends a request, and waits until its report is stored for the other replicas. */
async function fill({ watch }: Fixture, replica: Replica, token = ANN, variables?: unknown): Promise<GraphqlResponse> {
  const response = await replica.sendAs(token, QUERY, variables);
  await watch.settled();
  return response;
}

describe.skipIf(isRedisSkipped)('a report that another replica has cached', () => {
  test('is served without an upstream call, and with its age', async () => {
    const fixture = await startFixture();
    const [a, b] = [await fixture.start(), await fixture.start()];
    expectData(await fill(fixture, a));
    fixture.clock.advance(20_000);
    const response = await b.sendAs(ANN, QUERY);
    expectData(response);
    expect(response.data.workloadCosts).toMatchObject({ asOf: '2026-01-31T00:00:00.000Z', isStale: false });
    expect([response.headers.get('age'), response.headers.get('cache-control')]).toEqual(['20', 'private, max-age=60']);
    expect(cacheOf(b)).toEqual(from('shared'));
    await b.sendAs(ANN, QUERY);
    expect(cacheOf(b)).toEqual(from('hit'));
    expect(fixture.upstream.requests).toHaveLength(1);
  });

  test('is served stale while one replica refreshes it for all', async () => {
    const gate = createGate();
    const fixture = await startFixture({
      env: { CACHE_TTL_SECONDS: '10' },
      onRequest: () => (fixture.upstream.requests.length > 1 ? gate.pass() : undefined),
    });
    const { clock, upstream, watch } = fixture;
    const [a, b] = [await fixture.start(), await fixture.start()];
    await fill(fixture, a);
    clock.advance(20_000);
    for (const replica of [b, b, a]) {
      const response = await replica.sendAs(ANN, QUERY);
      expectData(response);
      expect(response.data.workloadCosts).toMatchObject({ asOf: '2026-01-31T00:00:00.000Z', isStale: true });
      expect(cacheOf(replica)).toEqual(from('stale'));
    }
    await gate.arrivals(1);
    // The other replica's refresh has reached the lock.
    await clock.timersSet(POLL_MS, 1);
    gate.open();
    await watch.settled();
    clock.advance(POLL_MS);
    await watch.event(/^set .*:lock:/, 3);
    await watch.settled();
    for (const replica of [a, b]) {
      const { data } = await replica.sendAs(ANN, QUERY);
      expect(data.workloadCosts).toMatchObject({ asOf: '2026-01-31T00:00:20.000Z', isStale: false });
    }
    expect(upstream.requests).toHaveLength(2);
  });

  test('survives a restart of all gateways', async () => {
    const fixture = await startFixture();
    const first = await fixture.start();
    await fill(fixture, first);
    await first.gateway.close();
    const second = await fixture.start();
    expectData(await second.sendAs(ANN, QUERY));
    expect(cacheOf(second)).toEqual(from('shared'));
    expect(fixture.upstream.requests).toHaveLength(1);
  });

  test('is not served to another principal, for another request or for another upstream', async () => {
    const fixture = await startFixture();
    await using elsewhere = await startTenants({ tokens: TOKENS });
    const [a, b] = [await fixture.start(), await fixture.start()];
    await fill(fixture, a);
    expectData(await fill(fixture, b, BOB), 'tenant-bob');
    expectData(await fill(fixture, b, ANN, filterOf('x')), 'tenant-ann', 'x');
    expect(fixture.upstream.requests.map(({ token }) => token)).toEqual([ANN, BOB, ANN]);
    const c = await fixture.start({ SCALEOPS_URL: elsewhere.url });
    expectData(await c.sendAs(ANN, QUERY));
    expect([fixture.upstream.requests.length, elsewhere.requests.length]).toEqual([3, 1]);
  });

  test('is neither read nor written with CACHE_TTL_SECONDS=0', async () => {
    const fixture = await startFixture();
    const [a, b] = [fixture.open({ CACHE_TTL_SECONDS: '0' }), fixture.open({ CACHE_TTL_SECONDS: '0' })];
    for (const replica of [a, b]) expectData(await fill(fixture, replica));
    expect(await fixture.redis.keys()).toEqual([]);
    expect(fixture.upstream.requests).toHaveLength(2);
  });
});

describe.skipIf(isRedisSkipped)('replicas that get the same request at the same time', () => {
  /** Two replicas: the first one fetches and is held at the gate, the second one waits for it. */
  async function startRace(env: Env = {}) {
    const gate = createGate();
    const fixture = await startFixture({ env, onRequest: gate.pass });
    const [a, b] = [await fixture.start(), await fixture.start()];
    const first = a.sendAs(ANN, QUERY);
    await gate.arrivals(1);
    const second = b.sendAs(ANN, QUERY);
    await fixture.clock.timersSet(POLL_MS, 1);
    return { ...fixture, gate, a, b, first, second };
  }

  test('make one upstream call', async () => {
    const { gate, watch, clock, upstream, first, second, a, b } = await startRace();
    gate.open();
    expectData(await first);
    await watch.settled();
    clock.advance(POLL_MS);
    expectData(await second);
    expect([cacheOf(a), cacheOf(b)]).toEqual([from('miss'), from('shared')]);
    expect(upstream.requests).toHaveLength(1);
  });

  test('let the second replica fetch when the first one fails', async () => {
    const { gate, watch, clock, upstream, first, second, b } = await startRace();
    upstream.failNext(1);
    gate.open();
    expect((await first).errors[0]?.extensions.code).toBe('UPSTREAM_UNAVAILABLE');
    await watch.settled();
    clock.advance(POLL_MS);
    expectData(await second);
    expect(cacheOf(b)).toEqual(from('miss'));
    expect(upstream.requests).toHaveLength(2);
  });

  test('wait for a live holder for at most 10 s, then fetch, and leave the lock to its holder', async () => {
    const { gate, watch, clock, upstream, redis, first, second } = await startRace();
    for (let waitedMs = POLL_MS; waitedMs < MAX_WAIT_MS; waitedMs += POLL_MS) {
      const [polls, renewals] = [clock.timers(POLL_MS), watch.count(/^set .*:lock:/)];
      clock.advance(POLL_MS);
      await Promise.all([clock.timersSet(POLL_MS, polls + 1), watch.event(/^set .*:lock:/, renewals + 1)]);
    }
    expect(upstream.requests).toHaveLength(1);
    clock.advance(POLL_MS);
    await gate.arrivals(2);
    const lock = (await redis.keys()).find((key) => key.includes(':lock:'))!;
    await redis.set(lock, 'another', 'PX', LOCK_TTL_MS);
    gate.open();
    expectData(await first);
    expectData(await second);
    await watch.event(/^set .*:report:/, 2);
    expect(await redis.get(lock)).toEqual(Buffer.from('another'));
    expect(upstream.requests).toHaveLength(2);
  });

  /** A replica, the key of the lock of an uncached report, and a gateway that requests the report. */
  async function startLocked(setLock: (redis: Fixture['redis'], lock: string) => Promise<unknown>) {
    const fixture = await startFixture();
    await fill(fixture, await fixture.start());
    const [report] = await fixture.redis.reports();
    await fixture.redis.command('DEL', report!);
    await setLock(fixture.redis, report!.replace(':report:', ':lock:'));
    const replica = await fixture.start();
    return { ...fixture, replica, response: replica.sendAs(ANN, QUERY) };
  }

  test('fetch as soon as the lock of a dead replica is gone', async () => {
    let name = '';
    const { clock, redis, upstream, replica, response } = await startLocked((connection, lock) => {
      name = lock;
      return connection.set(lock, 'holder 1', 'PX', LOCK_TTL_MS);
    });
    await clock.timersSet(POLL_MS, 1);
    // As Redis does at the end of the time to live.
    await redis.command('DEL', name);
    clock.advance(POLL_MS);
    expectData(await response);
    expect(cacheOf(replica)).toEqual(from('miss'));
    expect(upstream.requests).toHaveLength(2);
  });

  test('wait at most 150 ms for a lock that is not renewed', async () => {
    const { clock, watch, redis, upstream, replica, response } = await startLocked((redis, lock) =>
      redis.set(lock, 'holder 1', 'PX', LOCK_TTL_MS),
    );
    const startedAt = clock.now();
    for (let polls = 1; polls <= 2; polls += 1) {
      await clock.timersSet(POLL_MS, polls);
      clock.advance(POLL_MS);
    }
    expectData(await response);
    expect(clock.now() - startedAt).toBeLessThanOrEqual(RESPONSE_MS);
    expect(cacheOf(replica)).toEqual(from('miss'));
    // The report is stored anyway, and the lock stays with its holder.
    await watch.event(/^set .*:report:/, 2);
    const lock = (await redis.keys()).find((key) => key.includes(':lock:'))!;
    expect(await redis.get(lock)).toEqual(Buffer.from('holder 1'));
    expect(upstream.requests).toHaveLength(2);
  });

  test.each<[string, (redis: Fixture['redis'], lock: string) => Promise<unknown>]>([
    ['no time to live', (redis, lock) => redis.command('SET', lock, 'holder 1')],
    ['a longer time to live than a lock has', (redis, lock) => redis.set(lock, 'holder 1', 'PX', 60_000)],
    ['another type', (redis, lock) => redis.command('RPUSH', lock, 'holder 1')],
  ])('do not wait for a value with %s under the key of a lock', async (_name, setLock) => {
    const { clock, upstream, response } = await startLocked(setLock);
    expectData(await response);
    expect(clock.timers(POLL_MS)).toBe(0);
    expect(upstream.requests).toHaveLength(2);
  });

  // One deadline covers everything, including the wait for another replica, and leaves time for a call.
  test('do not wait for each other longer than SCALEOPS_TIMEOUT_MS', async () => {
    const { gate, clock, upstream, first, second } = await startRace({ SCALEOPS_TIMEOUT_MS: '1000' });
    clock.advance(999);
    await gate.arrivals(2);
    clock.advance(1);
    const responses = await Promise.all([first, second]);
    expect(responses.map(({ errors }) => errors[0]?.extensions.code)).toEqual(['UPSTREAM_TIMEOUT', 'UPSTREAM_TIMEOUT']);
    gate.open();
    expect(upstream.requests).toHaveLength(2);
  });

  // The reply was too late, but the lock was taken: the next caller must not wait for a fetch that never happens.
  test('release a lock when the reply comes too late', async () => {
    const fixture = await startFixture();
    const { clock, redis, watch, upstream } = fixture;
    const [a, b] = [await fixture.start(), await fixture.start()];
    await redis.command('CLIENT', 'PAUSE', 60_000, 'WRITE');
    const response = a.sendAs(ANN, QUERY);
    // One command to read, one for the lock.
    await Promise.all([clock.timersSet(RESPONSE_MS, 1), clock.timersSet(TURN_MS, 1)]);
    clock.advance(TURN_MS);
    expectData(await response);
    await redis.command('CLIENT', 'UNPAUSE');
    await watch.event(/^set .*:lock:/);
    await watch.settled();
    expect(watch.events.filter((event) => event.startsWith('expired'))).toEqual([]);
    expectData(await b.sendAs(ANN, QUERY));
    expect(clock.timers(POLL_MS)).toBe(0);
    expect(upstream.requests).toHaveLength(2);
  });

  test('release the lock when all clients disconnect', async () => {
    const gate = createGate();
    const fixture = await startFixture({ onRequest: gate.pass });
    const { watch, clock, upstream } = fixture;
    const [a, b] = [await fixture.start(), await fixture.start()];
    const controller = new AbortController();
    const headers = { authorization: `Bearer ${ANN}` };
    const left = [a, b].map((replica) =>
      replica.send(QUERY, {}, { headers, signal: controller.signal }).catch(() => undefined),
    );
    await Promise.all([gate.arrivals(1), clock.timersSet(POLL_MS, 1)]);
    controller.abort();
    await Promise.all(left);
    await watch.event(/^del .*:lock:/);
    // No client waits, so nothing else does.
    expect(clock.pending()).toBe(0);
    const response = b.sendAs(ANN, QUERY);
    await gate.arrivals(2);
    gate.open();
    expectData(await response);
    expect(upstream.requests).toHaveLength(2);
  });
});

describe.skipIf(isRedisSkipped)('a rejection of a principal', () => {
  // Mutation: invalidation-queue.ts, #run() without #retryLater().
  test('purges the shared cache as soon as Redis is back', async () => {
    const fixture = await startFixture();
    const { clock, upstream, watch } = fixture;
    const { proxy, url } = await fixture.startBehindProxy();
    const [a, b] = [await fixture.start({ CACHE_REDIS_URL: url }), await fixture.start()];
    await fill(fixture, a);
    await proxy.refuse();
    await a.logged(LOST);
    upstream.revoke(ANN, 403);
    clock.advance(6_000);
    const refused = await a.sendAs(ANN, QUERY, {}, { 'cache-control': 'no-cache' });
    expect(refused.errors[0]?.extensions.code).toBe('UPSTREAM_FORBIDDEN');
    await proxy.pass();
    await a.logged(CONNECTED, 2);
    clock.advance(250);
    await watch.event(/^del .*:generation:/);
    const response = await b.sendAs(ANN, QUERY);
    expect([response.data.workloadCosts, response.errors[0]?.extensions.code]).toEqual([null, 'UPSTREAM_FORBIDDEN']);
    expect(upstream.requests).toHaveLength(3);
  });

  test.each([
    [401, 'UNAUTHENTICATED'],
    [403, 'UPSTREAM_FORBIDDEN'],
  ] as const)(
    '(%i) at one replica makes the entries of that principal unusable for the other replicas',
    async (status, code) => {
      const fixture = await startFixture();
      const { clock, upstream, watch } = fixture;
      const [a, b, c] = [await fixture.start(), await fixture.start(), await fixture.start()];
      for (const token of [ANN, BOB]) await fill(fixture, a, token);
      await fill(fixture, a, ANN, filterOf('x'));
      upstream.revoke(ANN, status);
      clock.advance(6_000);
      const refused = await a.sendAs(ANN, QUERY, {}, { 'cache-control': 'no-cache' });
      expect(refused.errors[0]?.extensions.code).toBe(code);
      await watch.event(/^del .*:generation:/);
      for (const variables of [{}, filterOf('x')]) {
        const response = await b.sendAs(ANN, QUERY, variables);
        expect([response.data.workloadCosts ?? null, response.errors[0]?.extensions.code]).toEqual([null, code]);
        expect(response.text).not.toContain(secretOf('tenant-ann'));
      }
      expectData(await b.sendAs(BOB, QUERY), 'tenant-bob');
      expect(cacheOf(b)).toEqual(from('shared'));
      expect(upstream.requests).toHaveLength(6);
      // After the principal is accepted again, old entries stay invalid, and new ones are shared.
      await watch.event(/^del .*:generation:/, 3);
      upstream.restore(ANN);
      clock.advance(1);
      expectData(await fill(fixture, c));
      expect(cacheOf(c)).toEqual(from('miss'));
      expectData(await b.sendAs(ANN, QUERY));
      expect(cacheOf(b)).toEqual(from('shared'));
      expect(upstream.requests).toHaveLength(7);
    },
  );

  test('invalidates a report whose fetch is in flight', async () => {
    const gate = createGate();
    const held = (): boolean => fixture.upstream.requests.length === 1;
    const fixture = await startFixture({ onRequest: () => (held() ? gate.pass() : undefined) });
    const { clock, upstream, watch } = fixture;
    const [a, b, c] = [await fixture.start(), await fixture.start(), await fixture.start()];
    // Requested with a valid token; its response arrives after the rejection.
    const early = a.sendAs(ANN, QUERY);
    await gate.arrivals(1);
    clock.advance(1);
    upstream.revoke(ANN);
    expect((await b.sendAs(ANN, QUERY, filterOf('x'))).errors[0]?.extensions.code).toBe('UNAUTHENTICATED');
    await watch.event(/^del .*:generation:/);
    upstream.restore(ANN);
    gate.open();
    expectData(await early);
    await watch.settled();
    expectData(await c.sendAs(ANN, QUERY));
    expect(cacheOf(c)).toEqual(from('miss'));
    expect(upstream.requests).toHaveLength(3);
  });
});

describe.skipIf(isRedisSkipped)('Cache-Control: no-cache', () => {
  const NO_CACHE = { 'cache-control': 'no-cache' };

  // Mutation: report-cache.ts, isGood without `noCache`.
  test.each([
    [4_999, 2],
    [5_000, 3],
  ])('with a report that another replica fetched %i ms ago makes %i calls in all', async (ageMs, calls) => {
    const fixture = await startFixture();
    const { clock, upstream, watch } = fixture;
    const [a, b] = [await fixture.start(), await fixture.start()];
    await fill(fixture, a);
    clock.advance(10_000);
    expectData(await b.sendAs(ANN, QUERY, {}, NO_CACHE));
    await watch.settled();
    clock.advance(ageMs);
    expectData(await a.sendAs(ANN, QUERY, {}, NO_CACHE));
    expect(upstream.requests).toHaveLength(calls);
  });
});

describe.skipIf(isRedisSkipped)('replicas whose clocks differ', () => {
  /** Two replicas, the second with its clock ahead by so much. */
  async function startSkewed(aheadMs: number) {
    const fixture = await startFixture();
    const a = await fixture.start();
    const b = await fixture.start({}, { ...fixture.clock, now: () => fixture.clock.now() + aheadMs });
    return { ...fixture, a, b };
  }

  test.each([-5_000, -1, 1, 2_000, 5_000])('by %i ms share their reports', async (aheadMs) => {
    const { a, b, watch, upstream } = await startSkewed(aheadMs);
    expectData(await b.sendAs(ANN, QUERY));
    await watch.settled();
    for (let time = 0; time < 2; time += 1) {
      expectData(await a.sendAs(ANN, QUERY));
      await watch.settled();
    }
    expect(upstream.requests).toHaveLength(1);
  });

  test('by an hour do not prevent each other from caching', async () => {
    const { a, b, clock, watch, upstream } = await startSkewed(3_600_000);
    expectData(await b.sendAs(ANN, QUERY));
    await watch.settled();
    for (let time = 0; time < 3; time += 1) {
      const response = await a.sendAs(ANN, QUERY);
      expectData(response);
      expect(Date.parse(response.data.workloadCosts.asOf as string)).toBeLessThanOrEqual(clock.now());
      await watch.settled();
      clock.advance(1_000);
    }
    expect(upstream.requests).toHaveLength(2);
  });
});

describe.skipIf(isRedisSkipped)('an entry in Redis', () => {
  test.each<[string, Env, number]>([
    ['an hour past its freshness by default', {}, 3_660_000],
    [
      'as long as it may be served stale',
      { CACHE_TTL_SECONDS: '10', CACHE_STALE_SECONDS: '50', CACHE_STALE_IF_ERROR_SECONDS: '20' },
      60_000,
    ],
    [
      'as long as it is fresh, when it is not served stale',
      { CACHE_TTL_SECONDS: '10', CACHE_STALE_SECONDS: '0', CACHE_STALE_IF_ERROR_SECONDS: '0' },
      10_000,
    ],
  ])('is retained for %s', async (_name, env, keptMs) => {
    const fixture = await startFixture({ env });
    await fill(fixture, await fixture.start());
    const [report] = await fixture.redis.reports();
    const ttlMs = (await fixture.redis.command('PTTL', report!)) as number;
    expect(ttlMs).toBeLessThanOrEqual(keptMs);
    expect(ttlMs).toBeGreaterThan(keptMs - 5_000);
    expect(fixture.upstream.requests).toHaveLength(1);
  });

  test('is retained longer when its window is long past', async () => {
    const fixture = await startFixture();
    // The window of all reports of this upstream.
    fixture.clock.advance(8 * 86_400_000);
    const between = '{ from: "2026-01-24T00:00:00Z", to: "2026-01-31T00:00:00Z" }';
    const gateway = await fixture.start();
    await gateway.sendAs(ANN, `{ aggregatedCosts(filter: { timeRange: { between: ${between} } }) { asOf } }`);
    await fixture.watch.settled();
    const [report] = await fixture.redis.reports();
    const keptMs = 90_000_000;
    expect(await fixture.redis.command('PTTL', report!)).toBeGreaterThan(keptMs - 5_000);
    expect(await fixture.redis.command('PTTL', report!)).toBeLessThanOrEqual(keptMs);
    expect(fixture.upstream.requests).toHaveLength(1);
  });

  test('expires with its token', async () => {
    const jwt = makeJwt({ exp: Date.UTC(2026, 0, 31) / 1000 + 30, sub: 'ann' });
    const fixture = await startFixture({ tokens: { [jwt]: 'tenant-ann' } });
    const { redis, clock, upstream } = fixture;
    const [a, b, c] = [await fixture.start(), await fixture.start(), await fixture.start()];
    clock.advance(10_000);
    await fill(fixture, a, jwt);
    const [report] = await redis.reports();
    const ttlMs = (await redis.command('PTTL', report!)) as number;
    expect(ttlMs).toBeLessThanOrEqual(20_000);
    expect(ttlMs).toBeGreaterThan(15_000);
    clock.advance(19_999);
    expectData(await b.sendAs(jwt, QUERY));
    expect(cacheOf(b)).toEqual(from('shared'));
    clock.advance(1);
    // By its own clock, Redis still has it.
    for (const replica of [a, b, c]) {
      const response = await replica.sendAs(jwt, QUERY);
      expect(response.errors[0]?.extensions.code).toBe('UNAUTHENTICATED');
      expect(response.text).not.toContain('secret');
    }
    expect(upstream.requests).toHaveLength(4);
  });

  test('has a time to live, and all keys of a principal are in one slot of a cluster', async () => {
    const gate = createGate();
    const fixture = await startFixture({
      onRequest: () => (fixture.upstream.requests.length === 4 ? gate.pass() : undefined),
    });
    const { redis, upstream, watch } = fixture;
    const a = await fixture.start();
    for (const token of [ANN, BOB]) await fill(fixture, a, token);
    upstream.revoke(BOB);
    await a.sendAs(BOB, QUERY, filterOf('x'));
    await watch.event(/^del .*:generation:/);
    await watch.settled();
    const locked = a.sendAs(ANN, QUERY, filterOf('x'));
    await gate.arrivals(1);
    const keys = await redis.keys();
    const slots = keys.map((key) =>
      /^scaleops-cost-gateway:(\{[\w-]{43}\}):(report|generation|lock):[\w-]*$/.exec(key)!,
    );
    expect(slots.map(([, , kind]) => kind).sort()).toEqual(['generation', 'lock', 'report', 'report']);
    for (const token of [ANN, BOB]) {
      const { id } = principalOf(token);
      // Bob's entries are unusable: they have no generation any more.
      expect(slots.filter(([, slot]) => slot === `{${id}}`)).toHaveLength(token === ANN ? 3 : 1);
    }
    for (const key of keys) {
      const ttlMs = (await redis.command('PTTL', key)) as number;
      expect(ttlMs, key).toBeGreaterThan(0);
      expect(ttlMs, key).toBeLessThanOrEqual(key.includes(':lock:') ? LOCK_TTL_MS : 90_000_000);
    }
    gate.open();
    await locked;
    expect(upstream.requests).toHaveLength(4);
  });

  test('contains no token, password, name or cost, plain or compressed', async () => {
    const fixture = await startFixture({ redis: { password: 'redis-canary' } });
    const { redis, upstream, watch } = fixture;
    const a = await fixture.start();
    for (const token of [ANN, BOB]) for (const each of ['x', 'y']) await fill(fixture, a, token, filterOf(each));
    upstream.revoke(BOB);
    await a.sendAs(BOB, QUERY);
    await watch.event(/^del .*:generation:/);
    expect(await redis.reports()).toHaveLength(4);
    const everything = await redis.everything();
    const canaries = [ANN, BOB, 'redis-canary', 'secret', 'tenant', '-cluster"', 'aggregatedWorkloads', '1000.25'];
    for (const text of [everything, ...gunzipAll(everything)]) {
      for (const canary of canaries) {
        for (const form of [canary, toBase64(canary)]) expect(text.includes(form), form).toBe(false);
      }
    }
    expect(upstream.requests).toHaveLength(5);
  });
});

const toBase64 = (text: string): string => Buffer.from(text).toString('base64').replace(/=+$/, '').slice(0, -1);

describe.skipIf(isRedisSkipped)('an invalid entry', () => {
  /** Reads `key` and perhaps `others`, and replaces the value. */
  type Spoil = (fixture: Fixture, key: string, others: readonly string[]) => Promise<unknown>;
  const change =
    (to: (entry: Buffer) => Buffer | string): Spoil =>
    async ({ redis }, key) =>
      redis.set(key, to((await redis.get(key))!), 'PX', 60_000);
  const flip = (entry: Buffer, at: number): Buffer => {
    const flipped = Buffer.from(entry);
    flipped[at < 0 ? entry.length + at : at]! ^= 1;
    return flipped;
  };
  const rename = (from: string, to: string): Spoil =>
    change((entry) => Buffer.from(entry.toString('latin1').replace(from, to), 'latin1'));
  const copy =
    (which: (own: string, other: string) => boolean): Spoil =>
    async ({ redis }, key, others) => {
      const source = others.find((other) => which(slotOf(key), slotOf(other)))!;
      await redis.command('COPY', source, key, 'REPLACE');
    };
  const slotOf = (key: string): string => /\{.*\}/.exec(key)![0];

  test.each<[string, Spoil]>([
    ['of another principal', copy((own, other) => own !== other)],
    ['of another request of the same principal', copy((own, other) => own === other)],
    [
      'of an older generation',
      ({ redis }, key) => redis.set(key.replace(/:report:.*/, ':generation:'), 'new', 'PX', 60_000),
    ],
    ['of another version', rename('SCG2', 'SCG3')],
    ['in another format', change(() => '{"aggregatedWorkloads":[]}')],
    ['of random bytes', change((entry) => Buffer.alloc(entry.length, 7))],
    ['empty', change(() => '')],
    ['of four bytes', change(() => 'SCG2')],
    [
      'with a header length beyond the entry',
      change((entry) => Buffer.concat([entry.subarray(0, 4), Buffer.alloc(4, 255), entry.subarray(8)])),
    ],
    ['with a header that is no JSON', rename('{"key"', '["key"')],
    ['with another time', rename('"receivedAt":1769817600000', '"receivedAt":1769817600001')],
    ['truncated to half', change((entry) => entry.subarray(0, entry.length / 2))],
    ['without its last byte', change((entry) => entry.subarray(0, -1))],
    ['with one additional byte', change((entry) => Buffer.concat([entry, Buffer.from([0])]))],
    ['with a bit of its text flipped', change((entry) => flip(entry, -1))],
    ['twice', change((entry) => Buffer.concat([entry, entry]))],
    [
      'a list',
      async ({ redis }, key) => {
        await redis.command('DEL', key);
        await redis.command('RPUSH', key, 'one', 'two');
      },
    ],
    ['without a generation', ({ redis }, key) => redis.command('DEL', key.replace(/:report:.*/, ':generation:'))],
    [
      'in a principal whose generation is a list',
      async ({ redis }, key) => {
        const generation = key.replace(/:report:.*/, ':generation:');
        await redis.command('DEL', generation);
        await redis.command('RPUSH', generation, 'one');
        await redis.set(key, 'rubbish', 'PX', 60_000);
      },
    ],
  ])('(%s) is ignored and replaced', async (_name, corrupt) => {
    const fixture = await startFixture();
    const { redis, watch, upstream } = fixture;
    const [a, b, c] = [await fixture.start(), await fixture.start(), await fixture.start()];
    await fill(fixture, a);
    const [key] = await redis.reports();
    await fill(fixture, a, ANN, filterOf('x'));
    await fill(fixture, a, BOB);
    await corrupt(
      fixture,
      key!,
      (await redis.reports()).filter((other) => other !== key),
    );
    expectData(await b.sendAs(ANN, QUERY));
    expect(cacheOf(b)).toEqual(from('miss'));
    await watch.settled();
    expectData(await c.sendAs(ANN, QUERY));
    expect(upstream.requests).toHaveLength(4);
    for (const replica of [a, b, c]) expect(logMessages(replica)).toEqual([CONNECTED]);
  });

  // Any value in the place of a lock, with or without an expiry.
  test.each<[string, (redis: Fixture['redis'], lock: string) => Promise<unknown>]>([
    ['a list', (redis, lock) => redis.command('RPUSH', lock, 'rubbish')],
    ['a text that never ends', (redis, lock) => redis.set(lock, 'rubbish')],
    ['a text that ends in an hour', (redis, lock) => redis.set(lock, 'rubbish', 'PX', 3_600_000)],
  ])('(%s) under the key of a lock delays no request', async (_name, corrupt) => {
    const fixture = await startFixture();
    const { redis, clock, upstream } = fixture;
    await fill(fixture, await fixture.start());
    const [key] = await redis.reports();
    await redis.command('DEL', key!);
    await corrupt(redis, key!.replace(':report:', ':lock:'));
    const b = await fixture.start();
    expectData(await b.sendAs(ANN, QUERY));
    expect(clock.timers(POLL_MS)).toBe(0);
    expect(upstream.requests).toHaveLength(2);
  });
});

/** Below the gateway: an entry sealed here, read by the code of the shared cache. */
describe('an encrypted entry', () => {
  const ann = principalOf(ANN);
  const body = Buffer.from(
    JSON.stringify({ aggregatedWorkloads: [{ id: 'one', totalCost: 1 }], clusters: ['secret'] }),
  );
  const header = { key: 'key', principalId: ann.id, generation: 'first', requestedAt: 1, receivedAt: 2 };
  const parser = createReportParser({ keepsBodies: true });
  afterAll(() => parser.close());
  const limits = {
    freshness: {
      ttlMs: 1000,
      settlingTtlMs: 1000,
      settledTtlMs: 1000,
      settledAfterMs: 0,
      staleMs: 0,
      staleIfErrorMs: 0,
    },
    maxBytes: 2_097_152,
    parser,
    clock: createWatchedClock(),
  };
  /** The result of a lookup when `entry` is stored under the key of `principal`. */
  const look = async (entry: Buffer, principal = ann, key = 'key', generation: string | null = 'first') => {
    const read = (): Promise<(Buffer | null)[]> =>
      Promise.resolve([entry, generation === null ? null : Buffer.from(generation)]);
    const run = <T>(command: (redis: Redis) => Promise<T>) => command({ read } as never);
    const store = new SharedStore({ guarded: { run, isHealthy: () => true }, ...limits });
    return (await store.read({ key, principal, request: { report: 'workloads' } }, {}))?.reports[0];
  };

  test('is found when it is large enough for the parser thread', async () => {
    const rows = Array.from({ length: 6_000 }, (_, row) => ({ id: `${row}`.padStart(180, 'x'), namespace: 'secret' }));
    const long = Buffer.from(JSON.stringify({ aggregatedWorkloads: rows, clusters: ['secret'] }));
    expect(long.length).toBeGreaterThan(1_048_576);
    const entry = await encryptEntry(header, long, ann);
    expect(await look(entry)).toMatchObject({ receivedAt: 2, report: { clusters: ['secret'], rowCount: 6_000 } });
  });

  test('is found by its principal, under its key', async () => {
    const entry = await encryptEntry(header, body, ann);
    expect(await look(entry)).toMatchObject({ requestedAt: 1, receivedAt: 2, report: { clusters: ['secret'] } });
    expect(entry.includes('secret')).toBe(false);
    const again = await encryptEntry({ ...header, generation: 'g' }, body, ann);
    expect(await look(again, ann, 'key', 'g')).toMatchObject({ receivedAt: 2 });
  });

  test('is not found by another principal, under another key, or in another generation', async () => {
    const bob = principalOf(BOB);
    const entry = await encryptEntry(header, body, ann);
    expect(await look(entry, bob)).toBeUndefined();
    expect(await look(entry, ann, 'other')).toBeUndefined();
    expect(await look(entry, ann, 'key', 'other')).toBeUndefined();
    expect(await look(entry, ann, 'key', null)).toBeUndefined();
    // An attacker with access to Redis can write any header, but not seal it without the key.
    for (const sealer of [ann, bob]) {
      const forged = await encryptEntry({ ...header, principalId: bob.id }, body, sealer);
      expect(await look(forged, ann)).toBeUndefined();
      expect((await look(forged, bob)) !== undefined).toBe(sealer === bob);
    }
    const forAnn = await encryptEntry(header, body, bob);
    expect(await look(forAnn)).toBeUndefined();
    expect(await decryptEntry(forAnn, ann, 1_000_000)).toBeUndefined();
  });

  test('is ignored with any bit flipped, any byte missing or any byte added', async () => {
    const entry = await encryptEntry(header, body, ann);
    const at = fc.nat(entry.length - 1);
    const corrupted = fc.oneof(
      fc.tuple(at, fc.nat(7)).map(([index, bit]) => {
        const copy = Buffer.from(entry);
        copy[index]! ^= 1 << bit;
        return copy;
      }),
      at.map((end) => entry.subarray(0, end)),
      at.map((index) => Buffer.concat([entry.subarray(0, index), entry.subarray(index + 1)])),
      fc
        .tuple(at, fc.uint8Array({ minLength: 1 }))
        .map(([index, more]) => Buffer.concat([entry.subarray(0, index), more, entry.subarray(index)])),
      fc.uint8Array({ maxLength: 2_000 }).map((bytes) => Buffer.concat([entry.subarray(0, 8), bytes])),
      fc.uint8Array({ maxLength: 2_000 }).map((bytes) => Buffer.from(bytes)),
    );
    await fc.assert(
      fc.asyncProperty(corrupted, async (bytes) => {
        fc.pre(!bytes.equals(entry));
        expect(await look(bytes)).toBeUndefined();
      }),
      { numRuns: 1_000 },
    );
    for (let index = 0; index < entry.length; index += 1) {
      const copy = Buffer.from(entry);
      copy[index]! ^= 255;
      expect(await look(copy), `byte ${index}`).toBeUndefined();
    }
  });

  test('is not decompressed beyond the maximum size of a response', async () => {
    const bomb = await encryptEntry(header, Buffer.alloc(64 * 1_048_576, ' '), ann);
    expect(bomb.length).toBeLessThan(400_000);
    expect(await decryptEntry(bomb, ann, 1_048_576)).toBeUndefined();
    expect(await look(bomb)).toBeUndefined();
    const largestAllowed = await encryptEntry(header, Buffer.alloc(1_048_576, ' '), ann);
    const blocks = await decryptEntry(largestAllowed, ann, 1_048_576);
    expect(Buffer.concat(blocks ?? [])).toHaveLength(1_048_576);
  });

  test.each([
    '',
    'null',
    '1',
    '"text"',
    '[]',
    '{}',
    '{"error":"x"}',
    '{"aggregatedWorkloads":[1]}',
    '{"aggregatedWorkloads":',
    '<html>',
  ])('is ignored when its body is %j', async (text) => {
    expect(() => decodeReport(JSON.parse(text)) as unknown).toThrow();
    expect(await look(await encryptEntry(header, Buffer.from(text), ann))).toBeUndefined();
  });

  test.each<[string, object]>([
    ['a key that is no text', { key: 1 }],
    ['no principal', { principalId: undefined }],
    ['no generation', { generation: undefined }],
    ['no time', { receivedAt: undefined }],
    ['a time that is no number', { requestedAt: '1' }],
    ['an invalid time', { requestedAt: Infinity }],
  ])('is ignored with %s in its header', async (_name, change) => {
    expect(await look(await encryptEntry({ ...header, ...change }, body, ann))).toBeUndefined();
  });

  test('has a key without the token', () => {
    for (const kind of ['report', 'generation', 'lock'] as const) {
      expect(toRedisKey(ann.id, kind, 'key')).toMatch(/^scaleops-cost-gateway:\{[\w-]{43}\}:/);
    }
  });
});

describe.skipIf(isRedisSkipped)('a Redis that', () => {
  test('is down at the start delays no request, and is used once it is up', async () => {
    const fixture = await startFixture();
    const { proxy, url } = await fixture.startBehindProxy();
    await proxy.refuse();
    const a = fixture.open({ CACHE_REDIS_URL: url });
    await a.logged(LOST);
    expectData(await a.sendAs(ANN, QUERY));
    expect(fixture.clock.timers(RESPONSE_MS)).toBe(0);
    await proxy.pass();
    await a.logged(CONNECTED);
    await fill(fixture, a, BOB);
    const b = await fixture.start();
    expectData(await b.sendAs(BOB, QUERY), 'tenant-bob');
    expectData(await b.sendAs(ANN, QUERY));
    expect(logMessages(a)).toEqual([LOST, CONNECTED]);
    expect(fixture.upstream.requests.map(({ token }) => token)).toEqual([ANN, BOB, ANN]);
  });

  test('is down for a while is used again, and gets no commands of that time', async () => {
    const fixture = await startFixture();
    const { redis, upstream } = fixture;
    const { proxy, url } = await fixture.startBehindProxy();
    const [a, b] = [await fixture.start({ CACHE_REDIS_URL: url }), await fixture.start()];
    await fill(fixture, b);
    await proxy.refuse();
    await a.logged(LOST);
    const names = Array.from({ length: 20 }, (_, index) => `n${index}`);
    const responses = await Promise.all(names.map((name) => a.sendAs(ANN, QUERY, filterOf(name))));
    responses.forEach((response, index) => {
      expectData(response, 'tenant-ann', names[index]);
    });
    // A rejection that cannot reach the other replicas.
    upstream.revoke(BOB);
    await a.sendAs(BOB, QUERY);
    const monitor = await redis.monitor();
    await proxy.pass();
    await a.logged(CONNECTED, 2);
    expectData(await a.sendAs(ANN, QUERY));
    await monitor.stop();
    expect(monitor.commands.filter((command) => /^"(?:mget|set|eval)"/i.test(command))).toHaveLength(1);
    expect(await redis.reports()).toHaveLength(1);
    expect(logMessages(a)).toEqual([CONNECTED, LOST, CONNECTED]);
    expect(upstream.requests).toHaveLength(22);
  });

  test('crashes while one replica fetches and another waits causes no error', async () => {
    const gate = createGate();
    const fixture = await startFixture({ onRequest: gate.pass });
    const { clock, redis, upstream } = fixture;
    const [a, b] = [await fixture.start(), await fixture.start()];
    const first = a.sendAs(ANN, QUERY);
    await gate.arrivals(1);
    const second = b.sendAs(ANN, QUERY);
    await clock.timersSet(POLL_MS, 1);
    await redis.stop();
    await Promise.all([a, b].map((replica) => replica.logged(LOST)));
    clock.advance(POLL_MS);
    await gate.arrivals(2);
    gate.open();
    expectData(await first);
    expectData(await second);
    await redis.start();
    await Promise.all([a, b].map((replica) => replica.logged(CONNECTED, 2)));
    expectData(await a.sendAs(ANN, QUERY, filterOf('x')), 'tenant-ann', 'x');
    expect(cacheOf(a)).toEqual(from('miss'));
    expect(upstream.requests).toHaveLength(3);
  });

  test('stops replying costs 150 ms once, is bypassed for five seconds, and is used again', async () => {
    const fixture = await startFixture();
    const { clock, redis, upstream, watch } = fixture;
    const [a, b] = [await fixture.start(), await fixture.start()];
    for (const each of ['x', 'y', 'z']) await fill(fixture, a, ANN, filterOf(each));
    redis.freeze();
    const slow = b.sendAs(ANN, QUERY, filterOf('x'));
    await clock.timersSet(RESPONSE_MS, clock.timers(RESPONSE_MS) + 1);
    clock.advance(RESPONSE_MS - 1);
    expect(upstream.requests).toHaveLength(3);
    clock.advance(1);
    expectData(await slow, 'tenant-ann', 'x');
    expect(upstream.requests).toHaveLength(4);
    // From now on nothing waits for a reply or a lock.
    const waits = clock.timers(RESPONSE_MS) + clock.timers(POLL_MS);
    clock.advance(ALONE_MS - 1);
    const began = clock.timers(RESPONSE_MS);
    expectData(await b.sendAs(ANN, QUERY, filterOf('y')), 'tenant-ann', 'y');
    expect(upstream.requests).toHaveLength(5);
    expect(waits).toBeGreaterThan(0);
    expect(began).toBe(waits);
    redis.thaw();
    clock.advance(1);
    expectData(await b.sendAs(ANN, QUERY, filterOf('z')), 'tenant-ann', 'z');
    expect(cacheOf(b)).toEqual(from('shared'));
    await watch.settled();
    expect(logMessages(b)).toEqual([CONNECTED, BYPASSED, WORKS_AGAIN]);
    expect(upstream.requests).toHaveLength(5);
  });

  test('replies slowly is used, and a late reply is never matched to another command', async () => {
    const fixture = await startFixture();
    const { clock, redis, upstream } = fixture;
    const [a, b] = [await fixture.start(), await fixture.start()];
    for (const each of ['x', 'y', 'z']) await fill(fixture, a, ANN, filterOf(each));
    redis.freeze();
    const inTime = b.sendAs(ANN, QUERY, filterOf('x'));
    await clock.timersSet(RESPONSE_MS, clock.timers(RESPONSE_MS) + 1);
    clock.advance(RESPONSE_MS - 1);
    redis.thaw();
    expectData(await inTime, 'tenant-ann', 'x');
    expect(upstream.requests).toHaveLength(3);
    redis.freeze();
    const tooLate = b.sendAs(ANN, QUERY, filterOf('y'));
    await clock.timersSet(RESPONSE_MS, clock.timers(RESPONSE_MS) + 1);
    clock.advance(RESPONSE_MS);
    expectData(await tooLate, 'tenant-ann', 'y');
    redis.thaw();
    clock.advance(ALONE_MS);
    expectData(await b.sendAs(ANN, QUERY, filterOf('z')), 'tenant-ann', 'z');
    expect(upstream.requests).toHaveLength(4);
  });

  test('drops connections, even in the middle of a reply, delays no request and confuses no replies', async () => {
    // Fresh for long: the clock moves on, so that Redis is used again after each failure.
    const fixture = await startFixture({ env: { CACHE_TTL_SECONDS: '3600', CACHE_RECHECK_SECONDS: '3600' } });
    const { upstream } = fixture;
    const { proxy, url } = await fixture.startBehindProxy();
    const cuts = [0, 1, 10, 100, 500];
    const [a, b] = [await fixture.start(), await fixture.start({ CACHE_REDIS_URL: url })];
    for (const each of cuts) await fill(fixture, a, ANN, filterOf(`n${each}`));
    for (const [index, bytes] of cuts.entries()) {
      await b.logged(CONNECTED, index + 1);
      fixture.clock.advance(60_000);
      await proxy.cutAfterBytes(bytes);
      expectData(await b.sendAs(ANN, QUERY, filterOf(`n${bytes}`)), 'tenant-ann', `n${bytes}`);
      expect(cacheOf(b)).toEqual(from('miss'));
      await b.logged(LOST, index + 1);
      await proxy.pass();
    }
    await b.logged(CONNECTED, cuts.length + 1);
    expect(fixture.clock.pending()).toBe(0);
    expect(upstream.requests).toHaveLength(2 * cuts.length);
  });

  const FULL = ['CONFIG', 'SET', 'maxmemory', 1] as const;
  const ROOMY = ['CONFIG', 'SET', 'maxmemory', 0] as const;
  const REPLICA = ['REPLICAOF', '127.0.0.1', 1] as const;
  const MASTER = ['REPLICAOF', 'NO', 'ONE'] as const;
  test.each([
    ['is full', FULL, ROOMY],
    ['is read-only', REPLICA, MASTER],
  ] as const)('%s serves its entries, delays no request, and is used again', async (_name, corrupt, repair) => {
    const fixture = await startFixture({ redis: { args: ['--maxmemory-policy', 'noeviction'] } });
    const { clock, redis, upstream } = fixture;
    const [a, b] = [await fixture.start(), await fixture.start()];
    await fill(fixture, a);
    await redis.command(...corrupt);
    expectData(await b.sendAs(ANN, QUERY));
    expect(upstream.requests).toHaveLength(1);
    for (const each of ['x', 'y']) expectData(await b.sendAs(ANN, QUERY, filterOf(each)), 'tenant-ann', each);
    expect(cacheOf(b)).toEqual(from('miss'));
    expect(upstream.requests).toHaveLength(3);
    expect(clock.timers(POLL_MS)).toBe(0);
    expect(logMessages(b)).toEqual([CONNECTED, BYPASSED]);
    await redis.command(...repair);
    clock.advance(ALONE_MS);
    await fill(fixture, b, ANN, filterOf('z'));
    expectData(await a.sendAs(ANN, QUERY, filterOf('z')), 'tenant-ann', 'z');
    expect(upstream.requests).toHaveLength(4);
  });

  // One line at the start and one at the end, because a Redis may be full for a day.
  test('stays full is reported once', async () => {
    const fixture = await startFixture({ redis: { args: ['--maxmemory-policy', 'noeviction'] } });
    const a = await fixture.start();
    await fixture.redis.command(...FULL);
    for (let round = 0; round < 20; round += 1) {
      expectData(await a.sendAs(ANN, QUERY, filterOf(`n${round}`)), 'tenant-ann', `n${round}`);
      fixture.clock.advance(ALONE_MS);
    }
    expect(fixture.upstream.requests).toHaveLength(20);
    expect(logMessages(a).length).toBeLessThanOrEqual(4);
  });

  test.each([
    ['rejects the password', 'wrong-redis-canary'],
    ['requires a password', undefined],
  ])('%s delays no request, and no line of the log contains a password', async (_name, given) => {
    const fixture = await startFixture({ redis: { password: 'right-redis-canary' } });
    const url = `redis://${given === undefined ? '' : `user:${given}@`}127.0.0.1:${fixture.redis.port}`;
    const a = fixture.open({ CACHE_REDIS_URL: url });
    await a.logged(LOST);
    expectData(await a.sendAs(ANN, QUERY));
    const b = await fixture.start();
    expectData(await b.sendAs(ANN, QUERY));
    for (const { log } of [a, b]) {
      const text = JSON.stringify(log);
      for (const canary of ['redis-canary', 'user', '127.0.0.1', `${fixture.redis.port}`])
        expect(text).not.toContain(canary);
    }
    expect(logMessages(a)).toEqual([LOST]);
    expect(fixture.upstream.requests).toHaveLength(2);
  });
});

// On the machine's clock: a wait for Redis that does not end is a test that does not end.
describe.skipIf(isRedisSkipped)('close()', () => {
  test.each<
    [
      string,
      (fixture: {
        proxy: Awaited<ReturnType<typeof startProxy>>;
        redis: Awaited<ReturnType<typeof startRedis>>;
      }) => unknown,
    ]
  >([
    ['that works', () => undefined],
    ['that has ended', ({ proxy }) => proxy.refuse()],
    [
      'that is frozen',
      ({ redis }) => {
        redis.freeze();
      },
    ],
    ['that hangs', ({ proxy }) => proxy.hang()],
    ['that drops connections', ({ proxy }) => proxy.cutAfterBytes(0)],
    ['that is full', ({ redis }) => redis.command('CONFIG', 'SET', 'maxmemory', 1)],
  ])('ends with a Redis %s, and does not reconnect', async (_name, corrupt) => {
    await using redis = await startRedis();
    await using proxy = await startProxy(redis.port);
    const gate = createGate();
    await using upstream = await startTenants({ tokens: TOKENS, onRequest: gate.pass });
    const replica = startReplica(upstream.url, { CACHE_REDIS_URL: `redis://127.0.0.1:${proxy.port}` });
    await replica.logged(CONNECTED);
    // With a report on its way to Redis, and a rejection.
    upstream.revoke(BOB);
    const responses = [ANN, BOB].map((token) => replica.sendAs(token, QUERY));
    await gate.arrivals(2);
    await corrupt({ proxy, redis });
    gate.open();
    await Promise.all(responses);
    await replica.gateway.close();
    redis.thaw();
    const accepted = proxy.accepted();
    await proxy.pass();
    // Enough time for a client that has not given up.
    for (let turn = 0; turn < 20; turn += 1) await redis.command('PING');
    expect([proxy.accepted() - accepted, proxy.open()]).toEqual([0, 0]);
    expect(upstream.requests).toHaveLength(2);
  });

  test.each([
    ['a wrong password', 'redis://:canary@', '', 'WRONGPASS'],
    ['no password', 'redis://', '', 'NOAUTH'],
    ['an unknown database', 'redis://:password@', '/99', 'ERR'],
  ])(
    'is refused for %s, and the log gives the reason without the text of Redis',
    async (_what, start, path, reason) => {
      await using redis = await startRedis({ password: 'password' });
      const url = `${start}127.0.0.1:${redis.port}${path}`;
      await using replica = startReplica('http://127.0.0.1:1', { CACHE_REDIS_URL: url });
      await replica.logged(LOST);
      expect(replica.log[0]).toEqual({ level: 40, time: expect.any(Number) as number, reason, msg: LOST });
    },
  );

  test('that refuses writes is logged with the kind of its error', async () => {
    await using redis = await startRedis();
    await using upstream = await startTenants({ tokens: TOKENS });
    await using replica = startReplica(upstream.url, { CACHE_REDIS_URL: redis.url });
    await replica.logged(CONNECTED);
    await redis.command('REPLICAOF', '127.0.0.1', 1);
    await replica.sendAs(ANN, QUERY);
    await replica.logged('the shared cache fails; it is bypassed for a while');
    const failed = replica.log.find(({ msg }) => msg === 'the shared cache fails; it is bypassed for a while');
    expect(failed).toMatchObject({ reason: 'READONLY' });
  });

  // A process with an open connection does not end.
  test('leaves no connection behind when one is being established', async () => {
    await using redis = await startRedis();
    await using proxy = await startProxy(redis.port);
    await using upstream = await startTenants({ tokens: TOKENS });
    const replica = startReplica(upstream.url, { CACHE_REDIS_URL: `redis://127.0.0.1:${proxy.port}` });
    await replica.gateway.close();
    for (let turn = 0; turn < 20; turn += 1) await redis.command('PING');
    expect(proxy.open()).toBe(0);
    expect(upstream.requests).toEqual([]);
  });

  test('ends with a Redis that was never reachable', async () => {
    await using redis = await startRedis();
    await using proxy = await startProxy(redis.port);
    await proxy.refuse();
    await using upstream = await startTenants({ tokens: TOKENS });
    const replica = startReplica(upstream.url, { CACHE_REDIS_URL: `redis://127.0.0.1:${proxy.port}` });
    await replica.logged(LOST);
    expectData(await replica.sendAs(ANN, QUERY));
    await replica.gateway.close();
    expect(upstream.requests).toHaveLength(1);
  });
});
