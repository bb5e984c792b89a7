// Many concurrent clients: they make one upstream call per principal and report, clients that disconnect do not affect
// others, and memory stays within its bound. Two gateways share one Redis, like replicas. test/cache/cache.test.ts
// tests one gateway with one principal. Each test names mutations that make it fail.

import { describe, expect, onTestFinished, test } from 'vitest';

import { decodeReport } from '../../src/report/parse/json-parser.js';
import type { AggregatedCostsRequest, ReportRequest } from '../../src/report/request.js';
import { respond, startFaultServer } from '../kit/upstream/fault-server.js';
import { createGate } from '../kit/time/gate.js';
import { startStack, type GraphqlResponse } from '../kit/gateway.js';
import { findUrl, LISTENING } from '../kit/processes/gateway-process.js';
import { principalOf } from '../kit/identity/principal.js';
import { createTestCache } from '../kit/report-cache.js';
import { MAIN, startProcess } from '../kit/processes/process.js';
import { isRedisSkipped } from '../kit/processes/redis.js';
import {
  CONNECTED,
  createWatchedClock,
  keepPolling,
  POLL_MS,
  startReplica,
  startWatchedRedis,
} from '../kit/processes/replicas.js';
import { secretOf, startTenants, type TenantsOptions } from '../kit/upstream/tenants.js';

const QUERY = '{ workloadCosts { isStale clusters } }';
const PRINCIPALS = Array.from({ length: 50 }, (_, index) => {
  const name = String(index + 1).padStart(2, '0');
  return { token: `token-${name}-of-its-owner`, tenant: `tenant-${name}` };
});
const TOKENS = Object.fromEntries(PRINCIPALS.map(({ token, tenant }) => [token, tenant]));
/** A thousand requests: each principal twenty times, in turn, so that equal requests are far apart. */
const CROWD = Array.from({ length: 20 }, () => PRINCIPALS).flat();

/** Two gateways on one Redis, without a limit on their wait for each other. */
async function startPair(url: string, env: Readonly<Record<string, string>> = {}) {
  const clock = createWatchedClock();
  const redis = await startWatchedRedis();
  const settings = { CACHE_REDIS_URL: redis.url, SCALEOPS_MAX_IN_FLIGHT: '64', SCALEOPS_MAX_ATTEMPTS: '1', ...env };
  const replicas = [0, 1].map(() => startReplica(url, settings, { clock }));
  onTestFinished(async () => {
    for (const replica of replicas) await replica[Symbol.asyncDispose]();
    await redis[Symbol.asyncDispose]();
  });
  for (const replica of replicas) await replica.logged(CONNECTED);
  keepPolling(clock, redis.watch);
  /** How many loads of all operations had this outcome. */
  const countOf = (what: string): number =>
    replicas
      .flatMap(({ log }) => log.map(({ cache }) => cache as Record<string, number> | undefined))
      .reduce((sum, cache) => sum + (cache?.[what] ?? 0), 0);
  return { clock, redis, replicas, countOf };
}

async function startClients(options: Partial<TenantsOptions> = {}, env: Readonly<Record<string, string>> = {}) {
  const upstream = await startTenants({ tokens: TOKENS, ...options });
  onTestFinished(() => upstream[Symbol.asyncDispose]());
  const pair = await startPair(upstream.url, env);
  const sendAll = (crowd = CROWD): Promise<GraphqlResponse>[] =>
    crowd.map(({ token }, index) => pair.replicas[Math.floor(index / 50) % 2]!.sendAs(token, QUERY));
  return { ...pair, upstream, sendAll: sendAll };
}

function expectOwnData(responses: readonly GraphqlResponse[], isStale = false): void {
  const wanted = responses.map((_, index) => ({
    workloadCosts: { isStale, clusters: [`${secretOf(CROWD[index]!.tenant)}-cluster`] },
  }));
  expect(responses.map(({ data }) => data as unknown)).toEqual(wanted);
}

describe.skipIf(isRedisSkipped)('1,000 concurrent requests of 50 principals to two replicas', () => {
  // Mutations: the principal not in the key (1 call), single-flight.ts without its map (each load takes the lock),
  // shared-cache.ts without the lock (100 calls).
  test('make 50 upstream calls without a cached report', async () => {
    const gate = createGate();
    const { sendAll: sendAll, upstream, clock, countOf } = await startClients({ onRequest: gate.pass });
    const responses = sendAll();
    await Promise.all([gate.arrivals(50), clock.timersSet(POLL_MS, 50)]);
    gate.open();
    expectOwnData(await Promise.all(responses));
    expect(upstream.requests).toHaveLength(50);
    expect(new Set(upstream.requests.map(({ token }) => token)).size).toBe(50);
    expect(countOf('miss')).toBe(50);
    // One waiter per lock, not per request.
    expect(clock.timers(POLL_MS)).toBe(50);
  });

  // Mutations: report-cache.ts, #serve() waits for the refresh; the refresh does not join a flight; shared-cache.ts without the lock.
  test('are all served from stale reports, and make 50 refreshes', async () => {
    const gate = createGate();
    const {
      sendAll: sendAll,
      upstream,
      clock,
      redis,
      countOf,
    } = await startClients(
      { onRequest: () => (upstream.requests.length > 50 ? gate.pass() : undefined) },
      { CACHE_TTL_SECONDS: '10' },
    );
    await Promise.all(sendAll(PRINCIPALS));
    await redis.watch.settled();
    await Promise.all(sendAll(CROWD.slice(0, 100)));
    clock.advance(20_000);
    // All refreshes are still pending.
    expectOwnData(await Promise.all(sendAll()), true);
    expect(countOf('stale')).toBe(1_000);
    await gate.arrivals(50);
    gate.open();
    // The first 50, the refreshes, and lookups that found these complete.
    await redis.watch.event(/^del .*:lock:/, 150);
    expectOwnData(await Promise.all(sendAll()));
    expect(upstream.requests).toHaveLength(100);
  });

  // Mutation: report-cache.ts, mayRefresh always true.
  test('do not repeat a failed refresh, however many get the stale report', async () => {
    const { replicas, upstream, clock, redis, countOf } = await startClients({}, { CACHE_TTL_SECONDS: '10' });
    const { token } = PRINCIPALS[0]!;
    await replicas[0]!.sendAs(token, QUERY);
    await redis.watch.settled();
    upstream.setDown(true);
    clock.advance(20_000);
    for (let round = 0; round < 20; round += 1) {
      await Promise.all(Array.from({ length: 50 }, () => replicas[0]!.sendAs(token, QUERY)));
      // The first refresh has failed by then, and there was time for another one.
      await replicas[0]!.logged('background refresh failed; serving the stale report');
      await redis.watch.settled();
    }
    expect(countOf('stale')).toBe(1_000);
    expect(upstream.requests).toHaveLength(2);
  });
});

describe.skipIf(isRedisSkipped)('many clients that wait for each of two replicas', () => {
  const { token, tenant } = PRINCIPALS[0]!;
  const headers = { authorization: `Bearer ${token}` };

  // Mutations: single-flight.ts, removeWaiter() aborts for the first client that leaves; start() gets the signal of the first client.
  test('do not depend on each other: the last one gets its data after 99 have disconnected', async () => {
    const gate = createGate();
    const { replicas, upstream, clock } = await startClients({ onRequest: gate.pass });
    const controller = new AbortController();
    const send = (replica: (typeof replicas)[number], signal: AbortSignal) =>
      replica.send(QUERY, {}, { headers, signal });
    // The last client also needs a second report. Both loads of an operation start together: once the second one has
    // started, the first has joined the loads of the other clients.
    const both =
      '{ workloadCosts { clusters } other: workloadCosts(filter: { namespaces: { names: ["other"] } }) { asOf } }';
    const crowds = replicas.map((replica) => ({
      left: Array.from({ length: 99 }, () => send(replica, controller.signal).catch(() => undefined)),
      staying: replica.send(both, {}, { headers }),
    }));
    await Promise.all([gate.arrivals(2), clock.timersSet(POLL_MS, 2)]);
    controller.abort();
    await Promise.all(crowds.flatMap(({ left }) => left));
    gate.open();
    for (const { data } of await Promise.all(crowds.map(({ staying }) => staying))) {
      expect(data.workloadCosts.clusters).toEqual([`${secretOf(tenant)}-cluster`]);
    }
    expect(upstream.requests).toHaveLength(2);
  });

  // Mutation: single-flight.ts, removeWaiter() without controller.abort().
  test('close the upstream connection, and end the wait for the other replica, when all have disconnected', async () => {
    await using upstream = await startFaultServer();
    upstream.respond('', () => undefined);
    const { replicas, clock, redis } = await startPair(upstream.url);
    const controller = new AbortController();
    const left = replicas.flatMap((replica) =>
      Array.from({ length: 100 }, () =>
        replica.send(QUERY, {}, { headers, signal: controller.signal }).catch(() => undefined),
      ),
    );
    await Promise.all([upstream.arrivals(1), clock.timersSet(POLL_MS, 1)]);
    controller.abort();
    await upstream.requests[0]!.closed;
    await Promise.all(left);
    await redis.watch.event(/^del .*:lock:/);
    expect(clock.pending()).toBe(0);
    expect((await redis.keys()).filter((key) => !key.includes(':generation:'))).toEqual([]);
    expect(upstream.requests).toHaveLength(1);
  });

  // Mutation: report-cache.ts, fetches.join() with a separate key for each.
  test('all get the error when the upstream refuses one call', async () => {
    await using upstream = await startFaultServer();
    const gate = createGate();
    upstream.respond(
      '',
      (socket) =>
        void gate.pass().then(() => {
          respond(403, '{}')(socket);
        }),
    );
    const { replicas } = await startPair(upstream.url);
    // Each also needs its own report, whose request shows that the client waits for both.
    const responses = Array.from({ length: 20 }, (_, index) =>
      replicas[0]!.sendAs(
        token,
        `{ workloadCosts { asOf } own: workloadCosts(filter: { namespaces: { names: ["${index}"] } }) { asOf } }`,
      ),
    );
    await gate.arrivals(21);
    gate.open();
    for (const { errors } of await Promise.all(responses)) {
      expect(errors.map(({ path, extensions }) => [path, extensions.code])).toEqual([
        [['workloadCosts'], 'UPSTREAM_FORBIDDEN'],
        [['own'], 'UPSTREAM_FORBIDDEN'],
      ]);
    }
    expect(upstream.requests).toHaveLength(21);
  });
});

describe('10,000 distinct reports', () => {
  const MAX_BYTES = 1_048_576;

  // Mutations: report-store.ts without maxSize (max instead), or each counted as one byte.
  test('stay within the bound in bytes, and the newest are kept', async () => {
    const requested: number[] = [];
    const reportOf = (index: number) =>
      decodeReport({
        clusters: ['production'],
        aggregatedWorkloads: Array.from({ length: (index % 7) * 5 }, (_, row) => ({
          id: `${index}-${row}`,
          totalCost: row,
        })),
      }).report;
    const fetchReport = (request: ReportRequest) => {
      const index = Number((request as AggregatedCostsRequest).tags![0]);
      requested.push(index);
      return Promise.resolve({ report: reportOf(index), body: Buffer.alloc(0) });
    };
    const cache = createTestCache(fetchReport, { maxBytes: MAX_BYTES });
    const principals = PRINCIPALS.map(({ token }) => principalOf(token, { isCaller: true }));
    const load = async (index: number) =>
      cache.load({ report: 'aggregated', tags: [String(index)] }, principals[index % principals.length]!);
    for (let index = 0; index < 10_000; index += 1) await load(index);
    expect(requested).toHaveLength(10_000);
    // From the newest, until the first evicted one.
    let bytes = 0;
    let index = 9_999;
    for (; (await load(index)).cacheStatus === 'hit'; index -= 1) bytes += reportOf(index).byteSize;
    expect(bytes).toBeLessThanOrEqual(MAX_BYTES);
    expect(bytes).toBeGreaterThan(0.85 * MAX_BYTES);
    for (const old of [0, 1, 5_000, index - 1]) expect((await load(old)).cacheStatus).toBe('miss');
    expect(requested).toHaveLength(10_005);
  });
});

describe.skipIf(isRedisSkipped)('SIGTERM to a process with 50 pending requests', () => {
  const isUnready = (url: string): Promise<boolean> =>
    fetch(`${url}/health/ready`).then(
      ({ status }) => status === 503,
      () => true,
    );

  // Mutations: gateway.ts, close() ends the client before the server, or leaves the Redis open (it does not end).
  test.each([
    ['', false],
    [', with a Redis that hangs meanwhile', true],
  ])('loses no request, makes the process unready first, and ends it%s', async (_name, isFrozen) => {
    const gate = createGate();
    await using redis = await startWatchedRedis();
    await using upstream = await startTenants({ tokens: TOKENS, onRequest: gate.pass });
    await using gateway = startProcess([process.execPath, MAIN], {
      env: {
        SCALEOPS_URL: upstream.url,
        SCALEOPS_AUTH: 'forward',
        SCALEOPS_MAX_IN_FLIGHT: '64',
        CACHE_REDIS_URL: redis.url,
        PORT: '0',
      },
    });
    const url = findUrl(await gateway.line(LISTENING));
    await gateway.line(new RegExp(CONNECTED));
    const responses = PRINCIPALS.map(({ token }) =>
      fetch(`${url}/graphql`, {
        method: 'POST',
        body: JSON.stringify({ query: QUERY }),
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      }),
    );
    await gate.arrivals(50);
    expect(await isUnready(url)).toBe(false);
    if (isFrozen) redis.freeze();
    gateway.kill('SIGTERM');
    await gateway.line(/stopping/);
    expect(await isUnready(url)).toBe(true);
    gate.open();
    for (const [index, response] of (await Promise.all(responses)).entries()) {
      expect(response.status).toBe(200);
      const { data } = (await response.json()) as { data: { workloadCosts: { clusters: string[] } } };
      expect(data.workloadCosts.clusters).toEqual([`${secretOf(PRINCIPALS[index]!.tenant)}-cluster`]);
    }
    expect(await gateway.ended).toMatchObject({ code: 0, stderr: '' });
    expect(upstream.requests).toHaveLength(50);
  });
});

describe('one operation with more reports than the upstream slots allow', () => {
  // Mutation: createLimiter without its bound: the operation fills the queue, and the other one is refused.
  test('loads them all, in turn, and leaves slots to other operations', async () => {
    const gate = createGate();
    await using stack = await startStack({
      env: { SCALEOPS_MAX_IN_FLIGHT: '2', SCALEOPS_MAX_QUEUED: '2' },
      simulator: { latency: gate.pass },
    });
    const aliases = Array.from(
      { length: 12 },
      (_, days) => `d${days}: workloadCosts(filter: { last: "${days + 1}d" }) { asOf }`,
    );
    const greedy = stack.send(`{ ${aliases.join(' ')} }`);
    // Half of the slots.
    await gate.arrivals(1);
    const other = stack.send('{ aggregatedCosts { asOf } }');
    gate.open();
    expect((await other).errors).toEqual([]);
    expect((await greedy).errors).toEqual([]);
    expect(stack.received).toHaveLength(13);
  });
});
