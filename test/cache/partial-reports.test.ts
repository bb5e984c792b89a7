// How long a partial report is served, and that it never replaces a complete one that is still useful: in one gateway,
// and in replicas that share a Redis. Every test counts the calls to ScaleOps.

import { describe, expect, onTestFinished, test } from 'vitest';

import * as faults from '../kit/upstream/fault-server.js';
import { startFaultServer, type Fault } from '../kit/upstream/fault-server.js';
import { NO_CACHE, START_MS } from '../kit/aging.js';
import { startGateway } from '../kit/gateway.js';
import { createIdleClock } from '../kit/time/idle-clock.js';
import { isRedisSkipped } from '../kit/processes/redis.js';
import { CONNECTED, createWatchedClock, startReplica, startWatchedRedis } from '../kit/processes/replicas.js';

const PATHS = ['/detailedCostReport/getWorkloads', '/detailedCostReport/getAggregatedWorkloads'];
const DAY_MS = 86_400_000;
const SETTINGS = {
  SCALEOPS_MAX_ATTEMPTS: '1',
  SCALEOPS_BREAKER_FAILURES: '1000',
  CACHE_TTL_SECONDS: '60',
  CACHE_STALE_SECONDS: '0',
  CACHE_STALE_IF_ERROR_SECONDS: '3600',
};
const row = (clusterName: string, totalCost: number) => ({
  ...{ id: clusterName, clusterName, namespace: 'n', workloadType: 'Job', workloadName: 'w', totalCost },
});
const WHOLE = { aggregatedWorkloads: [row('c1', 10), row('c2', 20)] };
const PARTIAL = { aggregatedWorkloads: [row('c1', 11)], failedClusters: ['c2'] };
const QUERY = '{ workloadCosts(filter: { last: "7d" }) { totals { totalCost } isStale warnings { code } } }';
const shownOf = (totalCost: number, isStale: boolean, isPartial: boolean) => [totalCost, isStale, isPartial];
const [WHOLE_FRESH, WHOLE_STALE] = [shownOf(30, false, false), shownOf(30, true, false)];
const PARTIAL_FRESH = shownOf(11, false, true);

type Ask = (query: string, variables?: unknown, init?: RequestInit) => Promise<{ data: any; errors: readonly any[] }>;

/** The total, whether it is stale, and whether a part is missing; or the code of the error. */
async function show(send: Ask, init?: RequestInit): Promise<unknown> {
  const { data, errors } = await send(QUERY, undefined, init);
  if (data.workloadCosts === null) return errors[0].extensions.code;
  const { totals, isStale, warnings } = data.workloadCosts;
  const isPartial = (warnings as { code: string }[]).some(({ code }) => code === 'PARTIAL_ANSWER');
  return [totals.totalCost, isStale, isPartial];
}

async function startUpstream() {
  const upstream = await startFaultServer();
  const serve = (what: object | 'nothing'): void => {
    const fault: Fault = what === 'nothing' ? faults.status(503) : faults.closeDelimited(JSON.stringify(what));
    for (const path of PATHS) upstream.respond(path, fault);
  };
  return { upstream, serve };
}

async function startFixture() {
  const { upstream, serve } = await startUpstream();
  const clock = createIdleClock(START_MS);
  const gateway = startGateway(upstream.url, SETTINGS, clock);
  onTestFinished(async () => {
    await gateway[Symbol.asyncDispose]();
    await upstream[Symbol.asyncDispose]();
  });
  return { ...gateway, upstream, clock, serve };
}

describe('a partial report', () => {
  test('is served for CACHE_TTL_SECONDS, and not later when ScaleOps fails', async () => {
    const { send, clock, serve, upstream } = await startFixture();
    serve(PARTIAL);
    expect(await show(send)).toEqual(PARTIAL_FRESH);
    serve('nothing');
    clock.advance(59_999);
    expect(await show(send)).toEqual(PARTIAL_FRESH);
    expect(upstream.requests).toHaveLength(1);
    clock.advance(1);
    expect(await show(send)).toBe('UPSTREAM_UNAVAILABLE');
    expect(upstream.requests).toHaveLength(2);
  });

  test('about a past period is fresh for CACHE_TTL_SECONDS only, unlike a complete one', async () => {
    const { send, clock, serve, upstream } = await startFixture();
    const window = { startTime: START_MS - 40 * DAY_MS, endTime: START_MS - 30 * DAY_MS };
    const [from, to] = Object.values(window).map((time) => new Date(time).toISOString());
    const query = `{ aggregatedCosts(filter: { timeRange: { between: { from: "${from}", to: "${to}" } } }) { asOf } }`;
    for (const [report, calls] of [
      [{ ...PARTIAL, window }, 2],
      [{ ...WHOLE, window }, 1],
    ] as const) {
      serve(report);
      const before = upstream.requests.length;
      await send(query, undefined, NO_CACHE);
      clock.advance(60_000);
      await send(query);
      expect(upstream.requests.length - before).toBe(calls);
      clock.advance(60_000);
    }
  });

  test('does not evict an earlier complete report, which is served when ScaleOps fails', async () => {
    const { send, clock, serve, upstream } = await startFixture();
    serve(WHOLE);
    expect(await show(send)).toEqual(WHOLE_FRESH);
    clock.advance(60_000);
    for (let time = 0; time < 2; time += 1) {
      serve(PARTIAL);
      expect(await show(send)).toEqual(PARTIAL_FRESH);
      serve('nothing');
      // The same while it is fresh: `no-cache` makes a call.
      clock.advance(30_000);
      expect(await show(send, NO_CACHE)).toEqual(WHOLE_STALE);
      clock.advance(30_000);
      expect(await show(send)).toEqual(WHOLE_STALE);
    }
    clock.advance(3_660_000 - 180_000 - 1);
    expect(await show(send)).toEqual(WHOLE_STALE);
    clock.advance(1);
    expect(await show(send)).toBe('UPSTREAM_UNAVAILABLE');
    expect(upstream.requests).toHaveLength(9);
  });

  test('is replaced by the next complete report', async () => {
    const { send, clock, serve } = await startFixture();
    serve(WHOLE);
    await show(send);
    clock.advance(60_000);
    serve(PARTIAL);
    await show(send);
    clock.advance(60_000);
    serve({ aggregatedWorkloads: [row('c1', 12)] });
    expect(await show(send)).toEqual(shownOf(12, false, false));
    serve('nothing');
    clock.advance(60_000);
    expect(await show(send)).toEqual(shownOf(12, true, false));
  });

  test('without rows and with a detailed error is an error, and replaces no report', async () => {
    const { send, clock, serve } = await startFixture();
    serve(WHOLE);
    await show(send);
    clock.advance(60_000);
    serve({ aggregatedWorkloads: [], errors: [{ message: 'deadline exceeded', skipped: 0 }] });
    expect(await show(send)).toEqual(WHOLE_STALE);
    clock.advance(3_600_000);
    expect(await show(send)).toBe('UPSTREAM_ERROR');
  });

  test('does not serve a request for one of its clusters', async () => {
    const { send, serve, upstream } = await startFixture();
    serve(PARTIAL);
    await show(send);
    serve({ aggregatedWorkloads: [row('c2', 20)] });
    const { data } = await send(
      '{ kubernetesCluster(name: "c2") { costs(filter: { last: "7d" }) { totals { totalCost } } } }',
    );
    expect(data.kubernetesCluster.costs).toEqual({ totals: { totalCost: 20 } });
    expect(upstream.requests).toHaveLength(2);
  });
});

describe.skipIf(isRedisSkipped)('a partial report in Redis', () => {
  test('is shared while it is fresh, and does not replace the complete report, which is served when ScaleOps fails', async () => {
    const { upstream, serve } = await startUpstream();
    const clock = createWatchedClock();
    const redis = await startWatchedRedis();
    const replicas = [0, 1, 2].map(() =>
      startReplica(upstream.url, { ...SETTINGS, CACHE_REDIS_URL: redis.url, CACHE_RECHECK_SECONDS: '3600' }, { clock }),
    );
    onTestFinished(async () => {
      for (const replica of replicas) await replica[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
      await redis[Symbol.asyncDispose]();
    });
    for (const replica of replicas) await replica.logged(CONNECTED);
    const [a, b, c] = replicas.map<Ask>((replica) => (query) => replica.sendAs('token', query)) as [Ask, Ask, Ask];

    serve(WHOLE);
    expect(await show(a)).toEqual(WHOLE_FRESH);
    await redis.watch.settled();
    clock.advance(60_000);
    serve(PARTIAL);
    expect(await show(a)).toEqual(PARTIAL_FRESH);
    await redis.watch.settled();
    expect(await show(b)).toEqual(PARTIAL_FRESH);
    expect(upstream.requests).toHaveLength(2);

    serve('nothing');
    clock.advance(60_000);
    for (const send of [a, b, c]) expect(await show(send)).toEqual(WHOLE_STALE);
    expect(upstream.requests).toHaveLength(5);
  });
});
