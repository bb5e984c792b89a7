// How long a report is served: while it is fresh, then during one refresh, then while ScaleOps fails. Tests use whole
// gateways on the simulator and count the requests to ScaleOps.

import { describe, expect, test } from 'vitest';

import { AGGREGATED, aggregatedUntil, at, DAY_MS, shown, startAging, WORKLOADS } from '../kit/aging.js';

const FRESH = { asOf: at(0), isStale: false };
const STALE = { asOf: at(0), isStale: true };

describe('an aged report', () => {
  test.each([1, 60, 86_400])('is fresh for exactly CACHE_TTL_SECONDS=%d', async (seconds) => {
    await using stack = await startAging({ CACHE_TTL_SECONDS: String(seconds), CACHE_STALE_SECONDS: '0' });
    await stack.send(WORKLOADS);
    stack.clock.advance(seconds * 1000 - 1);
    expect(shown(await stack.send(WORKLOADS))).toEqual(FRESH);
    expect([stack.received.length, stack.lastCounts()]).toEqual([1, { hit: 1 }]);
    stack.clock.advance(1);
    expect(shown(await stack.send(WORKLOADS))).toEqual({ asOf: at(seconds * 1000), isStale: false });
    expect([stack.received.length, stack.lastCounts()]).toEqual([2, { miss: 1 }]);
  });

  test.each([60_000, 60_001, 359_999])(
    'is served immediately at %d ms while one refresh runs; then the new one is served',
    async (ms) => {
      await using stack = await startAging();
      await stack.send(WORKLOADS);
      stack.clock.advance(ms);
      const gate = stack.hold();
      const responses = await Promise.all(Array.from({ length: 50 }, () => stack.send(WORKLOADS)));
      expect(responses.map(shown)).toEqual(Array(50).fill(STALE));
      expect(stack.lastCounts()).toEqual({ stale: 1 });
      await gate.arrivals(1);
      expect(shown(await stack.send(WORKLOADS))).toEqual(STALE);
      expect(stack.received).toHaveLength(2);
      gate.open();
      await stack.clock.idle();
      expect(shown(await stack.send(WORKLOADS))).toEqual({ asOf: at(ms), isStale: false });
      expect([stack.received.length, stack.lastCounts()]).toEqual([2, { hit: 1 }]);
    },
  );

  test('is refreshed once, even if the refresh takes longer than the minimum interval between refreshes', async () => {
    await using stack = await startAging();
    await stack.send(WORKLOADS);
    stack.clock.advance(60_000);
    const gate = stack.hold();
    for (let second = 0; second < 12; second += 1) {
      expect(shown(await stack.send(WORKLOADS))).toEqual(STALE);
      stack.clock.advance(1_000);
    }
    gate.open();
    await stack.clock.idle();
    expect(shown(await stack.send(WORKLOADS))).toEqual({ asOf: at(72_000), isStale: false });
    expect(stack.received).toHaveLength(2);
  });

  test('is fetched again before the response after CACHE_STALE_SECONDS', async () => {
    await using stack = await startAging();
    await stack.send(WORKLOADS);
    stack.clock.advance(360_000);
    const gate = stack.hold();
    const responses = Array.from({ length: 20 }, () => stack.send(WORKLOADS));
    await gate.arrivals(1);
    gate.open();
    expect((await Promise.all(responses)).map(shown)).toEqual(Array(20).fill({ asOf: at(360_000), isStale: false }));
    expect(stack.received).toHaveLength(2);
  });

  test('is refreshed without the other reports, which are fresh', async () => {
    await using stack = await startAging();
    await stack.send(WORKLOADS);
    stack.clock.advance(30_000);
    await stack.send(AGGREGATED);
    stack.clock.advance(30_000);
    expect(shown(await stack.send(AGGREGATED))).toEqual({ asOf: at(30_000), isStale: false });
    expect(shown(await stack.send(WORKLOADS))).toEqual(STALE);
    await stack.clock.idle();
    expect(stack.received.map(({ path }) => path.split('/').at(-1))).toEqual([
      'getWorkloads',
      'getAggregatedWorkloads',
      'getWorkloads',
    ]);
  });

  test('is fetched again after the clock is set back by an hour', async () => {
    await using stack = await startAging();
    await stack.send(WORKLOADS);
    stack.clock.advance(-3_600_000);
    expect(shown(await stack.send(WORKLOADS))).toEqual({ asOf: at(-3_600_000), isStale: false });
    stack.clock.advance(59_999);
    expect(shown(await stack.send(WORKLOADS))).toEqual({ asOf: at(-3_600_000), isStale: false });
    expect(stack.received).toHaveLength(2);
  });
});

describe('a refresh that fails', () => {
  test('is not repeated within 5 s, and keeps the cached report', async () => {
    await using stack = await startAging();
    await stack.send(WORKLOADS);
    stack.clock.advance(60_000);
    stack.setDown(true);
    const sendMany = async (): Promise<void> => {
      for (let count = 0; count < 5; count += 1) {
        expect(shown(await stack.send(WORKLOADS))).toEqual(STALE);
        await stack.clock.idle();
      }
    };
    await sendMany();
    expect(stack.received).toHaveLength(2);
    stack.clock.advance(4_999);
    await sendMany();
    expect(stack.received).toHaveLength(2);
    stack.clock.advance(1);
    await sendMany();
    expect(stack.received).toHaveLength(3);
    stack.setDown(false);
    stack.clock.advance(5_000);
    expect(shown(await stack.send(WORKLOADS))).toEqual(STALE);
    await stack.clock.idle();
    expect(shown(await stack.send(WORKLOADS))).toEqual({ asOf: at(70_000), isStale: false });
    expect(stack.received).toHaveLength(4);
  });

  test('is repeated after the clock was set back a little', async () => {
    await using stack = await startAging();
    await stack.send(WORKLOADS);
    stack.clock.advance(360_000 - 1);
    stack.setDown(true);
    await stack.send(WORKLOADS);
    await stack.clock.idle();
    stack.clock.advance(-200_000);
    await stack.send(WORKLOADS);
    await stack.clock.idle();
    expect(stack.received).toHaveLength(3);
  });

  test('is logged and appears in no response', async () => {
    await using stack = await startAging();
    await stack.send(WORKLOADS);
    stack.clock.advance(60_000);
    stack.setDown(true);
    const { errors } = await stack.send(WORKLOADS);
    await stack.clock.idle();
    await stack.send(WORKLOADS);
    expect(errors).toEqual([]);
    expect(stack.log.filter((line) => line.errorCodes !== undefined || line.staleErrorCodes !== undefined)).toEqual([]);
    expect(stack.log.filter((line) => (line.level as number) > 30)).toEqual([
      expect.objectContaining({ level: 40, report: 'workloads', code: 'UPSTREAM_ERROR', reason: 'HTTP 500' }),
    ]);
    expect(stack.received).toHaveLength(2);
  });
});

describe('while ScaleOps fails', () => {
  test.each([
    ['3600 by default', {}, 3_660_000],
    ['shorter than the time while it is refreshed', { CACHE_STALE_IF_ERROR_SECONDS: '100' }, 360_000],
    ['as long as a week', { CACHE_STALE_IF_ERROR_SECONDS: '604800' }, 604_860_000],
  ])('a report is served for exactly CACHE_STALE_IF_ERROR_SECONDS: %s', async (_name, env, endMs) => {
    await using stack = await startAging(env);
    await stack.send(WORKLOADS);
    stack.setDown(true);
    stack.clock.advance(endMs - 1);
    expect(shown(await stack.send(WORKLOADS))).toEqual(STALE);
    await stack.clock.idle();
    expect([stack.received.length, stack.lastCounts()]).toEqual([2, { stale: 1 }]);
    stack.clock.advance(1);
    expect(shown(await stack.send(WORKLOADS))).toBe('UPSTREAM_ERROR');
    expect([stack.received.length, stack.lastCounts()]).toEqual([3, {}]);
  });

  test('a report that expires before the call fails is not served', async () => {
    await using stack = await startAging();
    await stack.send(WORKLOADS);
    stack.setDown(true);
    stack.clock.advance(3_659_999);
    const gate = stack.hold();
    const pending = stack.send(WORKLOADS);
    await gate.arrivals(1);
    stack.clock.advance(1);
    gate.open();
    expect(shown(await pending)).toBe('UPSTREAM_ERROR');
    expect(stack.received).toHaveLength(2);
  });

  test('every request waits for ScaleOps, and gets the new report as soon as ScaleOps recovers', async () => {
    await using stack = await startAging();
    await stack.send(WORKLOADS);
    stack.clock.advance(360_000);
    stack.setDown(true);
    for (let count = 0; count < 3; count += 1) expect(shown(await stack.send(WORKLOADS))).toEqual(STALE);
    expect(stack.received).toHaveLength(4);
    // The log has the reason.
    expect(stack.log.at(-1)).toMatchObject({ staleErrorCodes: ['UPSTREAM_ERROR'], staleErrorReasons: ['HTTP 500'] });
    expect(stack.log.at(-1)).not.toHaveProperty('errorCodes');
    stack.setDown(false);
    expect(shown(await stack.send(WORKLOADS))).toEqual({ asOf: at(360_000), isStale: false });
    expect(stack.received).toHaveLength(5);
  });

  test('a request for a report that is not cached fails for every caller', async () => {
    await using stack = await startAging();
    stack.setDown(true);
    expect(shown(await stack.send(WORKLOADS))).toBe('UPSTREAM_ERROR');
    expect(shown(await stack.send(WORKLOADS))).toBe('UPSTREAM_ERROR');
    expect(stack.received).toHaveLength(2);
  });
});

describe('a disabled stale window', () => {
  test('CACHE_STALE_SECONDS=0 waits for each refresh, and serves the old report only while ScaleOps fails', async () => {
    await using stack = await startAging({ CACHE_STALE_SECONDS: '0' });
    await stack.send(WORKLOADS);
    stack.clock.advance(60_000);
    stack.setDown(true);
    expect(shown(await stack.send(WORKLOADS))).toEqual(STALE);
    expect(stack.received).toHaveLength(2);
    stack.setDown(false);
    expect(shown(await stack.send(WORKLOADS))).toEqual({ asOf: at(60_000), isStale: false });
    expect(stack.received).toHaveLength(3);
  });

  test('CACHE_STALE_IF_ERROR_SECONDS=0 serves the old report only while a refresh runs', async () => {
    await using stack = await startAging({ CACHE_STALE_IF_ERROR_SECONDS: '0' });
    await stack.send(WORKLOADS);
    stack.setDown(true);
    stack.clock.advance(359_999);
    expect(shown(await stack.send(WORKLOADS))).toEqual(STALE);
    await stack.clock.idle();
    stack.clock.advance(1);
    expect(shown(await stack.send(WORKLOADS))).toBe('UPSTREAM_ERROR');
    expect(stack.received).toHaveLength(3);
  });

  test('both settings at 0 serve only fresh reports', async () => {
    await using stack = await startAging({ CACHE_STALE_SECONDS: '0', CACHE_STALE_IF_ERROR_SECONDS: '0' });
    await stack.send(WORKLOADS);
    stack.setDown(true);
    stack.clock.advance(59_999);
    expect(shown(await stack.send(WORKLOADS))).toEqual(FRESH);
    stack.clock.advance(1);
    expect(shown(await stack.send(WORKLOADS))).toBe('UPSTREAM_ERROR');
    expect(stack.received).toHaveLength(2);
  });

  test.each([
    ['a recent window', WORKLOADS],
    ['a window of long ago', aggregatedUntil(30 * DAY_MS)],
  ])(
    'CACHE_TTL_SECONDS=0 caches nothing, serves no stale report, and marks nothing as fresh (%s)',
    async (_name, query) => {
      await using stack = await startAging({ CACHE_TTL_SECONDS: '0' });
      const first = await stack.send(query);
      expect(shown(first)).toEqual(FRESH);
      expect(first.headers.get('cache-control')).toBe('no-store');
      await stack.send(query);
      expect([stack.received.length, stack.lastCounts()]).toEqual([2, { miss: 1 }]);
      stack.setDown(true);
      expect(shown(await stack.send(query))).toBe('UPSTREAM_ERROR');
      expect(stack.received).toHaveLength(3);
    },
  );
});

describe('a report about a window', () => {
  const HOUR_MS = 3_600_000;
  test.each([
    ['ended less than an hour ago', HOUR_MS - 1000, 60_000],
    ['ended an hour ago', HOUR_MS, 900_000],
    ['ended almost 7 days ago', 7 * DAY_MS - 1000, 900_000],
    ['ended 7 days ago', 7 * DAY_MS, 86_400_000],
    ['ended a year ago', 365 * DAY_MS, 86_400_000],
  ])('that %s has the lifetime of its state at the time of the fetch', async (_title, beforeMs, freshMs) => {
    await using stack = await startAging({ CACHE_STALE_SECONDS: '0' });
    const query = aggregatedUntil(beforeMs);
    await stack.send(query);
    stack.clock.advance(freshMs - 1);
    expect(shown(await stack.send(query))).toEqual(FRESH);
    expect(stack.received).toHaveLength(1);
    stack.clock.advance(1);
    stack.setDown(true);
    expect(shown(await stack.send(query))).toEqual(STALE);
    expect(stack.received).toHaveLength(2);
  });

  test.each([
    ['CACHE_TTL_SECONDS when that is longer', { CACHE_SETTLED_TTL_SECONDS: '30' }, 60_000],
    ['CACHE_TTL_SECONDS when CACHE_SETTLED_TTL_SECONDS is 0', { CACHE_SETTLED_TTL_SECONDS: '0' }, 60_000],
    ['CACHE_SETTLED_TTL_SECONDS', { CACHE_SETTLED_TTL_SECONDS: '172800' }, 172_800_000],
    [
      'CACHE_SETTLING_TTL_SECONDS until CACHE_SETTLED_AFTER_SECONDS have passed',
      { CACHE_SETTLING_TTL_SECONDS: '100', CACHE_SETTLED_AFTER_SECONDS: '2678400' },
      100_000,
    ],
  ])('that ended long ago is fresh for %s', async (_name, env, endMs) => {
    await using stack = await startAging({ ...env, CACHE_STALE_SECONDS: '0' });
    const query = aggregatedUntil(30 * DAY_MS);
    await stack.send(query);
    stack.clock.advance(endMs - 1);
    expect(shown(await stack.send(query))).toEqual(FRESH);
    stack.clock.advance(1);
    expect(shown(await stack.send(query))).toEqual({ asOf: at(endMs), isStale: false });
    expect(stack.received).toHaveLength(2);
  });
});
