// Isolation of principals under concurrency: twenty principals send requests to two gateways on one Redis, in an order that
// only a seed decides, while tokens are revoked and restored, clients disconnect, clocks jump, reports are evicted, and entries
// in Redis are deleted and exchanged.
//
// Mutations that make the first test fail:
// - src/cache/report-cache.ts, toCacheKey(): the principal's id taken out of the key;
// - src/cache/report-cache.ts: fetches.join(toRequestKey(asking.request), …), flights keyed without the principal;
// - src/loaders/context.ts: the DataLoader made once, and shared by all requests;
// - src/loaders/context.ts, loadReport(): the first token is used for all;
// - src/cache/shared/shared-store.ts, look(): the header's key and principal not compared, and src/upstream/principal.ts: one
//   sealing key for all;
// - src/cache/shared/shared-store.ts, look(): the header's key not compared: another request of the same principal (with most seeds; test/cache/shared-cache.test.ts always finds it).
// Mutations that make the others fail:
// - src/cache/memory/token-validity.ts, isCurrent(): always true;
// - src/cache/memory/report-store.ts, find(): not asking acceptance.isCurrent;
// - src/cache/report-cache.ts: no purge after a refusal.

import { describe, expect, onTestFinished, test } from 'vitest';

import type { Clock } from '../../src/clock.js';
import { createManualClock } from '../kit/time/clock.js';
import type { GraphqlResponse } from '../kit/gateway.js';
import { gunzipAll } from '../kit/formats/gzip.js';
import { isRedisSkipped } from '../kit/processes/redis.js';
import {
  CONNECTED,
  createWatchedClock,
  keepPolling,
  waitUntilIdle,
  startReplica,
  startWatchedRedis,
  type Replica,
  type WatchedRedis,
} from '../kit/processes/replicas.js';
import { requestRowName, secretOf, startTenants, type Tenants } from '../kit/upstream/tenants.js';

const RECHECK_MS = 60_000;
const PRINCIPALS = Array.from({ length: 20 }, (_, index) => {
  const name = String(index + 1).padStart(2, '0');
  return { token: `token-${name}-of-its-owner`, tenant: `tenant-${name}` };
});
const TOKENS = Object.fromEntries(PRINCIPALS.map(({ token, tenant }) => [token, tenant]));

/** The operation, with the name of the row that identifies its request, by alias. */
interface Query {
  readonly query: string;
  readonly requested: Readonly<Record<string, string>>;
}

const ROWS =
  '{ asOf isStale clusters rows { nodes { id clusterName namespace workloadName totalCost labels { value } } } }';
const requested = (filter: Readonly<Record<string, unknown>>): string => requestRowName('/getWorkloads', filter);
const QUERIES: readonly Query[] = [
  { query: `{ a: workloadCosts ${ROWS} }`, requested: { a: requested({}) } },
  { query: `{ a: workloadCosts(filter: { last: "2d" }) ${ROWS} }`, requested: { a: requested({ range: '2d' }) } },
  { query: `{ a: aggregatedCosts ${ROWS} }`, requested: { a: requestRowName('/getAggregatedWorkloads', {}) } },
  {
    query: `{ a: workloadCosts ${ROWS} b: workloadCosts(filter: { last: "2d" }) ${ROWS} c: workloadCosts(filter: {}) ${ROWS} }`,
    requested: { a: requested({}), b: requested({ range: '2d' }), c: requested({}) },
  },
  {
    query: `{ a: workloadCosts(filter: { namespaces: { names: ["x"] } }) ${ROWS} b: workloadCosts(filter: { namespaces: { names: ["y"] } }) ${ROWS} }`,
    requested: { a: requested({ namespaces: ['x'] }), b: requested({ namespaces: ['y'] }) },
  },
];

/** A seeded random number generator (mulberry32). */
function createRandom(seed: number) {
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    below: (limit: number): number => Math.floor(next() * limit),
    chance: (of: number): boolean => next() < of,
    pick: <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)]!,
  };
}
type Random = ReturnType<typeof createRandom>;

interface JumpingClock extends Clock {
  jump(ms: number): void;
  /** Moves the clock to later than any time it has shown. */
  jumpPast(ms: number): void;
}

/** A generous limit for Redis, because a busy machine must not look like a slow Redis. */
const RESPONSE_MS = 150;
const TURN_MS = 45;
const PATIENT_MS = 10_000;

/** The machine's clock with an offset that the test sets; timers are not affected. */
function createJumpingClock(): JumpingClock {
  const startMs = Date.UTC(2026, 0, 31) - performance.now();
  let offsetMs = 0;
  let maxOffsetMs = 0;
  return {
    now: () => Math.floor(startMs + performance.now() + offsetMs),
    after(delayMs, task) {
      const timer = setTimeout(task, delayMs === RESPONSE_MS || delayMs === TURN_MS ? PATIENT_MS : delayMs);
      return () => {
        clearTimeout(timer);
      };
    },
    jump(ms) {
      offsetMs += ms;
      maxOffsetMs = Math.max(maxOffsetMs, offsetMs);
    },
    jumpPast(ms) {
      offsetMs = maxOffsetMs + ms;
    },
  };
}

interface Step {
  readonly replica: number;
  readonly principal: number;
  readonly query: Query;
  readonly isNoCache: boolean;
  /** The turn of the event loop in which the client disconnects. */
  readonly abortsAfter: number | undefined;
  readonly before: ((fixture: Fixture) => unknown) | undefined;
}

interface Fixture {
  readonly clock: JumpingClock;
  readonly redis: WatchedRedis;
  readonly upstream: Tenants;
  readonly replicas: readonly Replica[];
}

const slotOf = (key = ''): string | undefined => /\{.*\}/.exec(key)?.[0];

async function copy(redis: WatchedRedis, from: string | undefined, to: string | undefined): Promise<void> {
  if (from !== undefined && to !== undefined && from !== to) await redis.command('COPY', from, to, 'REPLACE');
}

/** Other events, by probability. */
function planEvent(random: Random): Step['before'] {
  const { token } = random.pick(PRINCIPALS);
  const [one, other] = [random.below(1_000), random.below(1_000)];
  const status = random.pick([401, 403] as const);
  const ms = random.pick([-600_000, -61_000, -30_000, -1_000, 1_000, 20_000, 61_000, 400_000]);
  return random.pick<Step['before']>([
    ({ upstream }) => {
      upstream.revoke(token, status);
    },
    ({ upstream }) => {
      for (const each of PRINCIPALS) upstream.restore(each.token);
    },
    ({ clock }) => {
      clock.jump(ms);
    },
    ({ upstream }) => {
      upstream.failNext(3);
    },
    // A report, a lock, a generation.
    async ({ redis }) => {
      const keys = await redis.keys();
      await redis.command('DEL', keys[one % Math.max(keys.length, 1)] ?? '');
    },
    // One entry under the key of another: of another principal, or of another request of the same one.
    async ({ redis }) => {
      const keys = await redis.reports();
      await copy(redis, keys[one % Math.max(keys.length, 1)], keys[other % Math.max(keys.length, 1)]);
    },
    async ({ redis }) => {
      const keys = await redis.reports();
      const key = keys[one % Math.max(keys.length, 1)];
      const own = keys.filter((each) => slotOf(each) === slotOf(key));
      await copy(redis, own[other % Math.max(own.length, 1)], key);
    },
  ]);
}

function plan(random: Random, count: number): Step[] {
  return Array.from({ length: count }, () => ({
    replica: random.below(2),
    // Some principals send more requests, so that they share calls and entries.
    principal: random.chance(0.5) ? random.below(4) : random.below(PRINCIPALS.length),
    query: random.pick(QUERIES),
    isNoCache: random.chance(0.1),
    abortsAfter: random.chance(0.1) ? random.below(30) : undefined,
    before: random.chance(0.1) ? planEvent(random) : undefined,
  }));
}

/** A clock jump looks like elapsed time to a call and to a queued request. */
const CLOCK_ERRORS = ['UPSTREAM_TIMEOUT', 'OVERLOADED'];
const ALLOWED_ERRORS = ['UNAUTHENTICATED', 'UPSTREAM_FORBIDDEN', 'UPSTREAM_UNAVAILABLE', ...CLOCK_ERRORS];

/** The differences between a response and the data of its principal; empty when it is correct. */
function findFaults({ tenant }: { readonly tenant: string }, query: Query, response: GraphqlResponse): string[] {
  const output = response.text + JSON.stringify([...response.headers]);
  const otherTenants = PRINCIPALS.filter((other) => other.tenant !== tenant);
  const faults = otherTenants
    .filter((other) => output.includes(other.tenant))
    .map((other) => `data of ${other.tenant}`);
  faults.push(...PRINCIPALS.filter(({ token }) => output.includes(token)).map(({ token }) => `the token ${token}`));
  for (const { extensions } of response.errors) {
    if (!ALLOWED_ERRORS.includes(extensions.code)) faults.push(`error ${extensions.code}`);
  }
  for (const [alias, name] of Object.entries(query.requested)) {
    const report = response.data?.[alias] as { rows: { nodes: { workloadName: string }[] } } | null | undefined;
    const isError = response.errors.some(({ path }) => path?.[0] === alias);
    // A null in a required field would remove its siblings; these fields are nullable.
    if (report == null) {
      if (!isError) faults.push(`${alias} is null without an error`);
      continue;
    }
    const names = report.rows.nodes.map((row) => row.workloadName);
    if (names.join() !== [`${secretOf(tenant)}-row`, name].join()) faults.push(`${alias} is ${names.join()}`);
  }
  return faults;
}

describe.skipIf(isRedisSkipped)('two gateways on one Redis', () => {
  const STEPS = 1_000;
  const AT_ONCE = 50;

  test('serve each of 20 principals its own data in 1,000 requests with aborts, rejections, evictions and clock jumps', async () => {
    // Always the same seed in CI, so that a failure has a cause; ISOLATION_SEED sets another one.
    const seed = Number(process.env.ISOLATION_SEED ?? 1);
    const random = createRandom(seed);
    const clock = createJumpingClock();
    const redis = await startWatchedRedis();
    const upstream = await startTenants({ tokens: TOKENS });
    const env = {
      CACHE_REDIS_URL: redis.url,
      CACHE_TTL_SECONDS: '10',
      CACHE_MAX_MB: '1',
      SCALEOPS_MAX_ATTEMPTS: '1',
      SCALEOPS_MAX_IN_FLIGHT: '16',
      SCALEOPS_MAX_QUEUED: '10000',
      // Failures are intended here: they must not open the circuit for the rest.
      SCALEOPS_BREAKER_FAILURES: '1000',
      SCALEOPS_BREAKER_MIN_CALLS: '10000',
    };
    const replicas = [0, 1].map(() => startReplica(upstream.url, env, { clock }));
    onTestFinished(async () => {
      for (const replica of replicas) await replica[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
      await redis[Symbol.asyncDispose]();
    });
    for (const replica of replicas) await replica.logged(CONNECTED);
    const fixture: Fixture = { clock, redis, replicas, upstream };

    const faults: string[] = [];
    const counts = { data: 0, refused: 0, failed: 0, left: 0 };
    const take = async (step: Step): Promise<void> => {
      await step.before?.(fixture);
      const { token, tenant } = PRINCIPALS[step.principal]!;
      const controller = new AbortController();
      const answering = replicas[step.replica]!.send(
        step.query.query,
        {},
        {
          signal: controller.signal,
          headers: { authorization: `Bearer ${token}`, ...(step.isNoCache && { 'cache-control': 'no-cache' }) },
        },
      ).catch(() => undefined);
      for (let turn = 0; turn < (step.abortsAfter ?? 0); turn += 1)
        await new Promise((resolve) => setImmediate(resolve));
      if (step.abortsAfter !== undefined) controller.abort();
      const response = await answering;
      if (response === undefined || controller.signal.aborted) {
        counts.left += 1;
        if (response === undefined && !controller.signal.aborted) faults.push('no response');
        if (response === undefined) return;
      }
      faults.push(...(controller.signal.aborted ? [] : findFaults(PRINCIPALS[step.principal]!, step.query, response)));
      if (PRINCIPALS.some((other) => other.tenant !== tenant && response.text.includes(other.tenant)))
        faults.push('data of another principal in the response to an aborted request');
      const codes = response.errors.map(({ extensions }) => extensions.code);
      if (codes.some((code) => code !== 'UPSTREAM_UNAVAILABLE')) counts.refused += 1;
      if (codes.includes('UPSTREAM_UNAVAILABLE')) counts.failed += 1;
      if (response.text.includes(secretOf(tenant))) counts.data += 1;
    };

    const steps = plan(random, STEPS);
    const work = async (): Promise<void> => {
      for (let step = steps.pop(); step !== undefined; step = steps.pop()) await take(step);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));

    // A revoked token gets nothing after the re-check time, whether the upstream rejects it or is down.
    for (const { token } of PRINCIPALS) upstream.revoke(token);
    clock.jumpPast(RECHECK_MS);
    for (const isDown of [true, false]) {
      upstream.setDown(isDown);
      for (const { token, tenant } of PRINCIPALS) {
        const responses = replicas.flatMap((replica) => QUERIES.map(({ query }) => replica.sendAs(token, query)));
        const isShown = (await Promise.all(responses)).some(({ text }) => text.includes(secretOf(tenant)));
        if (isShown) faults.push(`data of ${tenant} later than the re-check time`);
      }
    }

    // The log is at level trace, and Redis has the last entries.
    const log = replicas.map((replica) => JSON.stringify(replica.log)).join('');
    const kept = [await redis.everything()].flatMap((bytes) => [bytes, ...gunzipAll(bytes)]);
    for (const { token, tenant } of PRINCIPALS) {
      for (const canary of [token, tenant]) {
        if (log.includes(canary)) faults.push(`${canary} in the log`);
        if (kept.some((text) => text.includes(canary))) faults.push(`${canary} in Redis`);
      }
    }
    if (/"level":(?:50|60)/.test(log)) faults.push('an error in the log');
    expect({ seed, count: faults.length, faults: faults.slice(0, 10) }).toEqual({ seed, count: 0, faults: [] });
    // Every kind of event must have happened, otherwise the test proves nothing.
    const results = replicas.flatMap(({ log: lines }) => lines.flatMap(({ cache }) => cache ?? []));
    const sum = (...names: string[]): number =>
      results.reduce<number>(
        (total, each) => names.reduce((part, name) => part + ((each as Record<string, number>)[name] ?? 0), total),
        0,
      );
    const happened = {
      ...counts,
      kept: sum('hit', 'stale', 'shared'),
      collapsed: sum('collapsed'),
      requested: sum('miss'),
    };
    expect(
      Object.entries(happened).filter(([, count]) => count === 0),
      `seed ${seed}`,
    ).toEqual([]);
    expect(upstream.requests.length).toBeLessThan(2_000);
    // Ten times the usual duration.
  }, 120_000);
});

describe.skipIf(isRedisSkipped)('a revoked token', () => {
  const QUERY = QUERIES[0]!.query;
  const { token, tenant } = PRINCIPALS[0]!;
  /** Cached for a long time, so that only the re-check ends it. */
  const env = {
    CACHE_TTL_SECONDS: '10',
    CACHE_STALE_SECONDS: '86400',
    CACHE_STALE_IF_ERROR_SECONDS: '604800',
    SCALEOPS_MAX_ATTEMPTS: '1',
  };

  async function startPair(more: Readonly<Record<string, string>> = {}) {
    const clock = createWatchedClock();
    const redis = await startWatchedRedis();
    const upstream = await startTenants({ tokens: TOKENS });
    const start = async (): Promise<Replica> => {
      const replica = startReplica(upstream.url, { ...env, CACHE_REDIS_URL: redis.url, ...more }, { clock });
      onTestFinished(() => replica[Symbol.asyncDispose]());
      await replica.logged(CONNECTED);
      return replica;
    };
    onTestFinished(async () => {
      await upstream[Symbol.asyncDispose]();
      await redis[Symbol.asyncDispose]();
    });
    const replicas = [await start(), await start()];
    keepPolling(clock, redis.watch);
    return { clock, redis, upstream, replicas, start };
  }

  const isShown = ({ text }: GraphqlResponse): boolean => text.includes(secretOf(tenant));

  /** Queries both replicas each second; returns when data was last shown, in seconds since the start. */
  async function watchFor(seconds: number, { clock, redis, replicas }: Awaited<ReturnType<typeof startPair>>) {
    const startMs = clock.now();
    let lastShownMs = 0;
    while (clock.now() - startMs < seconds * 1_000) {
      for (const replica of replicas) {
        const response = await replica.sendAs(token, QUERY);
        if (isShown(response)) lastShownMs = clock.now() - startMs;
        await waitUntilIdle(clock, redis.watch);
      }
      clock.advance(1_000);
    }
    return Math.floor(lastShownMs / 1_000);
  }

  test.each([401, 403] as const)('(%i) gets nothing once a refresh has been refused', async (status) => {
    const pair = await startPair();
    await pair.replicas[0]!.sendAs(token, QUERY);
    await pair.redis.watch.settled();
    pair.upstream.revoke(token, status);
    // Fresh for ten seconds; when stale, each replica may send one more response.
    expect(await watchFor(90, pair)).toBeLessThanOrEqual(11);
    const late = await pair.start();
    expect(isShown(await late.sendAs(token, QUERY))).toBe(false);
    expect(pair.upstream.countOf(token)).toBeGreaterThan(60);
  });

  test('gets nothing after the re-check time, whatever the stale settings are and whatever is down', async () => {
    const pair = await startPair();
    await pair.replicas[0]!.sendAs(token, QUERY);
    await pair.redis.watch.settled();
    pair.upstream.revoke(token);
    pair.upstream.setDown(true);
    expect(await watchFor(90, pair)).toBe(59);
    const late = await pair.start();
    expect(isShown(await late.sendAs(token, QUERY))).toBe(false);
    expect(pair.upstream.countOf(token)).toBeGreaterThan(1);
  });

  test.each([
    ['7', 7],
    ['120', 120],
  ])('gets nothing after CACHE_RECHECK_SECONDS=%s', async (seconds, expected) => {
    const pair = await startPair({ CACHE_RECHECK_SECONDS: seconds });
    await pair.replicas[0]!.sendAs(token, QUERY);
    await pair.redis.watch.settled();
    pair.upstream.revoke(token);
    pair.upstream.setDown(true);
    expect(await watchFor(expected + 20, pair)).toBe(expected - 1);
    expect(pair.upstream.countOf(token)).toBeGreaterThan(1);
  });

  test('gets nothing that another replica with a longer re-check time has cached', async () => {
    const pair = await startPair({ CACHE_RECHECK_SECONDS: '3600' });
    await pair.replicas[0]!.sendAs(token, QUERY);
    await pair.redis.watch.settled();
    pair.upstream.revoke(token);
    pair.upstream.setDown(true);
    pair.clock.advance(59_999);
    const strict = startReplica(pair.upstream.url, { ...env, CACHE_REDIS_URL: pair.redis.url }, { clock: pair.clock });
    onTestFinished(() => strict[Symbol.asyncDispose]());
    await strict.logged(CONNECTED);
    expect(isShown(await strict.sendAs(token, QUERY))).toBe(true);
    pair.clock.advance(1);
    expect(isShown(await strict.sendAs(token, QUERY))).toBe(false);
    expect(isShown(await pair.replicas[0]!.sendAs(token, QUERY))).toBe(true);
    expect(pair.upstream.countOf(token)).toBeGreaterThan(1);
  });
});

describe('a clock that was set back', () => {
  const QUERY = QUERIES[0]!.query;
  const { token, tenant } = PRINCIPALS[0]!;

  async function startOne() {
    const clock = createManualClock();
    const upstream = await startTenants({ tokens: TOKENS });
    const replica = startReplica(upstream.url, {}, { clock });
    onTestFinished(async () => {
      await replica[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    });
    return { clock, upstream, replica };
  }

  test('does not prevent serving and caching reports', async () => {
    const { clock, upstream, replica } = await startOne();
    await replica.sendAs(token, QUERY);
    clock.advance(-3_600_000);
    for (let time = 0; time < 3; time += 1) {
      const response = await replica.sendAs(token, QUERY);
      expect(response.data.a.clusters).toEqual([`${secretOf(tenant)}-cluster`]);
      clock.advance(1_000);
    }
    expect(upstream.requests).toHaveLength(2);
  });

  test('does not prolong a rejection: reports are cached again once ScaleOps accepts the principal', async () => {
    const { clock, upstream, replica } = await startOne();
    upstream.revoke(token);
    expect((await replica.sendAs(token, QUERY)).errors[0]?.extensions.code).toBe('UNAUTHENTICATED');
    upstream.restore(token);
    clock.advance(-3_600_000);
    for (let time = 0; time < 3; time += 1) {
      expect((await replica.sendAs(token, QUERY)).errors).toEqual([]);
      clock.advance(1_000);
    }
    expect(upstream.requests).toHaveLength(2);
  });

  // The machine woke up, or its clock was corrected: no time has passed for the request.
  test.skipIf(isRedisSkipped)('or set forward does not shorten the deadline of a request', async () => {
    await using redis = await startWatchedRedis();
    const clock = createManualClock();
    // Timers that are due fire before the response.
    const onRequest = (): void => {
      clock.advance(0);
    };
    await using upstream = await startTenants({ tokens: TOKENS, onRequest });
    let offsetMs = 0;
    const jumping: Clock = {
      now: () => clock.now() + offsetMs,
      after(delayMs, task) {
        // During the wait for the lock.
        if (delayMs === TURN_MS) offsetMs += 61_000;
        return clock.after(delayMs, task);
      },
    };
    await using replica = startReplica(upstream.url, { CACHE_REDIS_URL: redis.url }, { clock: jumping });
    await replica.logged(CONNECTED);
    expect((await replica.sendAs(token, QUERY)).errors).toEqual([]);
    expect(upstream.requests).toHaveLength(1);
  });

  test('does not prolong the time for which a token counts as valid', async () => {
    const { clock, upstream, replica } = await startOne();
    await replica.sendAs(token, QUERY);
    upstream.revoke(token);
    clock.advance(-3_600_000);
    expect((await replica.sendAs(token, QUERY)).errors[0]?.extensions.code).toBe('UNAUTHENTICATED');
    clock.advance(3_600_000);
    expect((await replica.sendAs(token, QUERY)).errors[0]?.extensions.code).toBe('UNAUTHENTICATED');
    expect(upstream.requests).toHaveLength(3);
  });
});
