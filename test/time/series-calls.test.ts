// The calls that time series make: cold, warm and after a refresh; their concurrency, their deadline, and responses in
// the cache at the end of an hour or day. Each test counts or holds the calls to an independent upstream.

import { describe, expect, test } from 'vitest';

import type { Clock } from '../../src/clock.js';
import { createManualClock } from '../kit/time/clock.js';
import { settle } from '../kit/time/deferred.js';
import { createGate } from '../kit/time/gate.js';
import type { GraphqlResponse } from '../kit/gateway.js';
import {
  DAY_MS,
  START_MS,
  startCompany,
  startCompanyGateway,
  type CompanyGateway,
} from '../kit/upstream/hourly-company.js';
import { HOUR_MS, type HourlyRequest } from '../kit/upstream/hourly-upstream.js';
import { createIdleClock } from '../kit/time/idle-clock.js';
import { isRedisSkipped, startRedis } from '../kit/processes/redis.js';
import { CONNECTED, startReplica } from '../kit/processes/replicas.js';

const MINUTE_MS = 60_000;
/** 30 days and today. */
const MONTH =
  '{ costTimeSeries { isComplete intervals { window { startTime endTime } report { asOf isStale } } series { series { values } } } }';
const SINGLE = '{ aggregatedCosts(filter: { timeRange: { last: "90m" } }) { totals { totalCost } } }';
/** Days of April 2026. */
const days = (first: number, last: number): string => `{ costTimeSeries(filter: { timeRange: { between: {
  from: "${new Date(Date.UTC(2026, 3, first)).toISOString()}", to: "${new Date(Date.UTC(2026, 3, last + 1)).toISOString()}" } } }) {
  isComplete totals { totalCost } intervals { report { isStale totals { totalCost } } } series { series { values totals { totalCost } } } } }`;
const isOfDay = ({ window }: HourlyRequest, day: number): boolean => window.from === Date.UTC(2026, 3, day);
/** One upstream slot for series. */
const ONE_PLACE = { SCALEOPS_MAX_IN_FLIGHT: '2' };

interface Series {
  readonly isComplete: boolean;
  readonly intervals: readonly {
    readonly window: { readonly endTime: string };
    readonly report: { readonly isStale: boolean } | null;
  }[];
  readonly series: { readonly series: readonly { readonly values: readonly (number | null)[] }[] };
}
function seriesOf({ data, errors }: GraphqlResponse): Series {
  expect(errors).toEqual([]);
  return (data as { costTimeSeries: Series }).costTimeSeries;
}
const valuesOf = (response: GraphqlResponse) => seriesOf(response).series.series[0]!.values;

async function startAt(clock: Clock, env?: Record<string, string>): Promise<CompanyGateway> {
  return startCompanyGateway(clock, env);
}

describe('the calls of a time series', () => {
  test('are one per interval, none while reports are fresh, and later only for reports that are not fresh', async () => {
    const clock = createManualClock(START_MS);
    await using gateway = await startAt(clock, { CACHE_STALE_SECONDS: '0' });
    const countAfter = async (ms: number): Promise<number> => {
      clock.advance(ms);
      const { response, received } = await gateway.count(MONTH);
      expect(seriesOf(response).intervals).toHaveLength(31);
      return received.length;
    };
    expect(await countAfter(0)).toBe(31);
    expect(await countAfter(0)).toBe(0);
    expect(await countAfter(MINUTE_MS - 1)).toBe(0);
    // Today; then also the days that ended less than a week ago; then all days.
    expect(await countAfter(1)).toBe(1);
    expect(await countAfter(14 * MINUTE_MS)).toBe(8);
    expect(await countAfter(DAY_MS)).toBe(31);
  });

  test('are at most two a minute for a chart of 30 days that is watched for an hour', async () => {
    const clock = createIdleClock(START_MS);
    await using gateway = await startAt(clock);
    await gateway.send(MONTH);
    const before = gateway.upstream.received.length;
    for (let minute = 0; minute < 60; minute += 1) {
      clock.advance(MINUTE_MS);
      const { intervals } = seriesOf(await gateway.send(MONTH));
      // Refreshes in the background are over before the clock moves on.
      await clock.idle();
      expect(intervals.at(-1)!.window.endTime).toBe(
        new Date(Math.floor(clock.now() / HOUR_MS) * HOUR_MS).toISOString(),
      );
    }
    const calls = gateway.upstream.received.length - before;
    expect(calls).toBeGreaterThan(60);
    expect(calls).toBeLessThanOrEqual(120);
  });

  test('share their reports with single reports of the same window', async () => {
    await using gateway = await startAt(createManualClock(START_MS));
    await gateway.send('{ aggregatedCosts(filter: { timeRange: { calendar: { unit: DAY } } }) { asOf } }');
    expect((await gateway.count(MONTH)).received).toHaveLength(30);
  });

  test('are made once for two aliases of one query', async () => {
    await using gateway = await startAt(createManualClock(START_MS));
    const { response, received } = await gateway.count(
      '{ a: costTimeSeries { id } b: costTimeSeries { id isComplete } }',
    );
    expect(received).toHaveLength(31);
    expect(response.data).toMatchObject({ a: { id: (response.data as { b: { id: string } }).b.id } });
  });

  test('count against GATEWAY_MAX_UPSTREAM_CALLS', async () => {
    await using gateway = await startAt(createManualClock(START_MS), { GATEWAY_MAX_UPSTREAM_CALLS: '30' });
    const { response, received } = await gateway.count(MONTH);
    expect(response.errors).toMatchObject([{ extensions: { code: 'QUERY_TOO_COMPLEX' } }]);
    expect(received).toHaveLength(0);
  });
});

describe.skipIf(isRedisSkipped)('replicas with a shared cache', () => {
  test('fetch the reports of a time series once', async () => {
    const clock = createManualClock(START_MS);
    await using upstream = await startCompany(clock);
    await using redis = await startRedis();
    const env = { CACHE_REDIS_URL: redis.url };
    await using first = startReplica(upstream.url, env, { clock });
    await using second = startReplica(upstream.url, env, { clock });
    await Promise.all([first.logged(CONNECTED), second.logged(CONNECTED)]);
    const one = await first.sendAs('token', MONTH);
    expect(upstream.received).toHaveLength(31);
    // Entries are written after the response.
    while ((await redis.keys()).filter((key) => key.includes(':report:')).length < 31) await settle();
    const other = await second.sendAs('token', MONTH);
    expect(other.data).toEqual(one.data);
    // A caller that is unknown to this replica is checked with one call.
    expect(upstream.received.length).toBeLessThanOrEqual(32);
  });
});

describe('the limit of concurrent calls for series', () => {
  test('leaves half of the upstream slots to other reports, which do not wait for a series', async () => {
    await using gateway = await startAt(createManualClock(START_MS));
    const { upstream } = gateway;
    const gate = createGate();
    upstream.onRequest = ({ window }) => (window.to % DAY_MS === 0 ? gate.pass().then(() => undefined) : undefined);
    const month = gateway.send(MONTH);
    const weeks = gateway.send('{ costTimeSeries(granularity: WEEKLY) { isComplete } }');
    await gate.arrivals(4);
    expect(upstream.inFlight).toBe(4);
    // Neither a separate report waits for a series, nor a report that the series is waiting to request.
    expect((await gateway.send(SINGLE)).errors).toEqual([]);
    const yesterday = gateway.send('{ aggregatedCosts(filter: { timeRange: { calendar: { unit: DAY } } }) { asOf } }');
    await gate.arrivals(5);
    gate.open();
    expect(seriesOf(await month).intervals).toHaveLength(31);
    expect(seriesOf(await weeks)).toEqual({ isComplete: false });
    expect((await yesterday).errors).toEqual([]);
    expect(upstream.maxInFlight).toBe(5);
  });

  test('also limits background refreshes, while old reports are served', async () => {
    const clock = createIdleClock(START_MS);
    await using gateway = await startAt(clock, { CACHE_SETTLED_TTL_SECONDS: '60', CACHE_SETTLING_TTL_SECONDS: '60' });
    const { upstream } = gateway;
    await gateway.send(MONTH);
    clock.advance(MINUTE_MS);
    const gate = createGate();
    upstream.onRequest = ({ window }) => (window.to % DAY_MS === 0 ? gate.pass().then(() => undefined) : undefined);
    const { intervals } = seriesOf(await gateway.send(MONTH));
    expect(intervals.every(({ report }) => report!.isStale)).toBe(true);
    await gate.arrivals(4);
    // Any further call would arrive before this one is over.
    expect((await gateway.send(SINGLE)).errors).toEqual([]);
    expect(seriesOf(await gateway.send(MONTH)).intervals).toHaveLength(31);
    expect(upstream.inFlight).toBe(4);
    gate.open();
    await clock.idle();
    expect(upstream.maxInFlight).toBe(5);
    const fresh = seriesOf(await gateway.send(MONTH)).intervals;
    expect(fresh.filter(({ report }) => report!.isStale)).toEqual([]);
    expect(upstream.received).toHaveLength(63);
  });
});

describe('a time series at its deadline', () => {
  test('has the loaded values, and an error for the missing report', async () => {
    const clock = createManualClock(START_MS);
    await using gateway = await startAt(clock, { GATEWAY_TIMEOUT_MS: '10000' });
    const { upstream } = gateway;
    const gate = createGate();
    upstream.onRequest = (request) => (isOfDay(request, 12) ? gate.pass().then(() => undefined) : undefined);
    // The other days are cached.
    await gateway.send(days(10, 11));
    await gateway.send(days(13, 14));
    const pending = gateway.send(days(10, 14));
    await gate.arrivals(1);
    // A tenth of the time remains for the response.
    clock.advance(9_000);
    const { data, errors, headers } = await pending;
    expect(errors).toMatchObject([
      { path: ['costTimeSeries', 'intervals', 2, 'report'], extensions: { code: 'UPSTREAM_TIMEOUT' } },
    ]);
    const costOf = (day: number) =>
      upstream.sum({ from: Date.UTC(2026, 3, day), to: Date.UTC(2026, 3, day + 1) }).totalCost;
    const costs = [10, 11, 12, 13, 14].map(costOf);
    expect(data).toMatchObject({
      costTimeSeries: {
        isComplete: false,
        totals: null,
        series: { series: [{ values: costs.with(2, null as never), totals: null }] },
      },
    });
    expect(headers.get('cache-control')).toBe('no-store');
    // The call continues, so the next query succeeds.
    gate.open();
    expect(valuesOf(await gateway.send(days(10, 14)))).toEqual(costs);
    expect(upstream.received).toHaveLength(5);
  });

  test('has the loaded reports, even when they share a batch with a missing one', async () => {
    const clock = createManualClock(START_MS);
    await using gateway = await startAt(clock, { GATEWAY_TIMEOUT_MS: '10000' });
    const { upstream } = gateway;
    const gate = createGate();
    upstream.onRequest = (request) => (isOfDay(request, 12) ? gate.pass().then(() => undefined) : undefined);
    const pending = gateway.send(days(10, 14));
    await gate.arrivals(1);
    // These are the same calls, which are complete then.
    for (const day of [10, 11, 13, 14]) await gateway.send(days(day, day));
    clock.advance(9_000);
    const { data, errors } = await pending;
    expect(errors).toHaveLength(1);
    const { intervals } = (data as { costTimeSeries: Series }).costTimeSeries;
    expect(intervals.map(({ report }) => report !== null)).toEqual([true, true, false, true, true]);
    expect(upstream.received).toHaveLength(5);
    gate.open();
  });

  test('has old reports in place of missing ones', async () => {
    const clock = createManualClock(START_MS);
    await using gateway = await startAt(clock, { CACHE_STALE_SECONDS: '0', GATEWAY_TIMEOUT_MS: '10000' });
    const { upstream } = gateway;
    const fresh = await gateway.send(days(12, 14));
    clock.advance(16 * MINUTE_MS);
    // The other days are fetched again.
    for (const day of [12, 14]) await gateway.send(days(day, day));
    const gate = createGate();
    upstream.onRequest = (request) => (isOfDay(request, 13) ? gate.pass().then(() => undefined) : undefined);
    const pending = gateway.send(days(12, 14));
    await gate.arrivals(1);
    clock.advance(9_000);
    const late = await pending;
    const { intervals } = seriesOf(late);
    expect(intervals.map(({ report }) => report!.isStale)).toEqual([false, true, false]);
    expect(valuesOf(late)).toEqual(valuesOf(fresh));
    expect(late.headers.get('cache-control')).toBe('no-store');
    gate.open();
    // The call continued, and its report is cached.
    const next = seriesOf(await gateway.send(days(12, 14)));
    expect(next.intervals.map(({ report }) => report!.isStale)).toEqual([false, false, false]);
    expect(upstream.received).toHaveLength(6);
  });

  test('makes no calls for reports that were still queued at the response', async () => {
    const clock = createManualClock(START_MS);
    await using gateway = await startAt(clock, { ...ONE_PLACE, GATEWAY_TIMEOUT_MS: '10000' });
    const { upstream } = gateway;
    const gate = createGate();
    upstream.onRequest = (request) => (isOfDay(request, 10) ? gate.pass().then(() => undefined) : undefined);
    const pending = gateway.send(days(10, 14));
    await gate.arrivals(1);
    clock.advance(9_000);
    expect((await pending).errors).toMatchObject([
      { path: ['costTimeSeries'], extensions: { code: 'UPSTREAM_TIMEOUT' } },
    ]);
    clock.advance(1_000);
    gate.open();
    // It is queued behind them.
    expect((await gateway.send(days(15, 15))).errors).toEqual([]);
    expect(upstream.received.map(({ window }) => new Date(window.from).getUTCDate())).toEqual([10, 15]);
  });

  test('is an error, and not a chart without costs, when all of its reports are missing', async () => {
    await using gateway = await startAt(createManualClock(START_MS), { SCALEOPS_MAX_ATTEMPTS: '1' });
    gateway.upstream.onRequest = () => ({ status: 503 });
    const { data, errors } = await gateway.send('{ costTimeSeries { series { series { values } } } }');
    expect(data).toEqual({ costTimeSeries: null });
    expect(errors).toMatchObject([{ path: ['costTimeSeries'], extensions: { code: 'UPSTREAM_UNAVAILABLE' } }]);
  });

  test('has old reports when ScaleOps fails', async () => {
    const clock = createManualClock(START_MS);
    await using gateway = await startAt(clock, { CACHE_STALE_SECONDS: '0' });
    const { upstream } = gateway;
    const fresh = await gateway.send(days(12, 16));
    clock.advance(16 * MINUTE_MS);
    upstream.onRequest = (request) => (isOfDay(request, 13) ? { status: 503 } : undefined);
    const stale = await gateway.send(days(12, 16));
    expect(stale.errors).toEqual([]);
    const { intervals, isComplete } = seriesOf(stale);
    expect(intervals.map(({ report }) => report!.isStale)).toEqual([false, true, false, false, false]);
    expect([isComplete, valuesOf(stale)]).toEqual([seriesOf(fresh).isComplete, valuesOf(fresh)]);
  });
});

describe('a cached response', () => {
  const SERIES = '{ costTimeSeries { intervals { window { endTime } } } }';
  const CALENDAR = `{ aggregatedCosts(filter: { timeRange: { calendar: { unit: DAY } } }) { window { endTime } } }`;
  const SO_FAR = CALENDAR.replace('DAY', 'MONTH, includeCurrent: true');
  const endOf = ({ data, errors }: GraphqlResponse): string => {
    expect(errors).toEqual([]);
    const { costTimeSeries, aggregatedCosts } = data as Partial<Record<string, Series & Series['intervals'][0]>>;
    return (aggregatedCosts ?? costTimeSeries!.intervals.at(-1)!).window.endTime;
  };

  test.each<[title: string, query: string, minutes: number, before: string, after: string]>([
    ['a series', SERIES, 39, '2026-04-16T10:00:00.000Z', '2026-04-16T11:00:00.000Z'],
    ['this month so far', SO_FAR, 39, '2026-04-16T10:00:00.000Z', '2026-04-16T11:00:00.000Z'],
    ['a series', SERIES, 39 + 14 * 60, '2026-04-17T00:00:00.000Z', '2026-04-17T01:00:00.000Z'],
    ['yesterday', CALENDAR, 39 + 13 * 60, '2026-04-16T00:00:00.000Z', '2026-04-17T00:00:00.000Z'],
  ])('of %s is not served in the next hour or day', async (_title, query, minutes, before, after) => {
    const clock = createManualClock(START_MS);
    await using gateway = await startAt(clock, { CACHE_TTL_SECONDS: '3600', CACHE_SETTLING_TTL_SECONDS: '3600' });
    // Thirty seconds before the boundary.
    clock.advance(minutes * MINUTE_MS + 30_000);
    const responses = [await gateway.send(query), await gateway.send(query), await gateway.send(query)];
    expect(responses.map(endOf)).toEqual([before, before, before]);
    expect(gateway.log.some(({ responseCacheHit }) => responseCacheHit === true)).toBe(true);
    expect(responses.map(({ headers }) => headers.get('cache-control'))).toEqual(Array(3).fill('private, max-age=30'));
    clock.advance(29_999);
    expect(endOf(await gateway.send(query))).toBe(before);
    clock.advance(1);
    expect(endOf(await gateway.send(query))).toBe(after);
  });
});
