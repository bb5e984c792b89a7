// `Cache-Control: no-cache` on a request: reports are fetched again, each at most every five seconds. Also the counts
// of the log line by the source of each report.

import { describe, expect, test } from 'vitest';

import { AGGREGATED, at, NO_CACHE, shown, startAging, WORKLOADS } from '../kit/aging.js';

const OLD = { asOf: at(0), isStale: false };
const STALE = { asOf: at(0), isStale: true };
const BOTH = `{ workloadCosts { asOf isStale } ${AGGREGATED.slice(1)}`;

describe('no-cache', () => {
  test.each([
    'no-cache',
    'No-Cache',
    'NO-CACHE',
    'no-cache, max-age=0',
    'max-age=0,no-cache',
    ' no-transform ,\tno-cache ,x-unknown="a, b"',
  ])('fetches a fresh report again, and returns it: %j', async (directives) => {
    await using stack = await startAging();
    await stack.send(WORKLOADS);
    stack.clock.advance(10_000);
    const response = await stack.send(WORKLOADS, {}, { headers: { 'cache-control': directives } });
    expect(shown(response)).toEqual({ asOf: at(10_000), isStale: false });
    expect(response.headers.get('cache-control')).toBe('private, max-age=60');
    expect([stack.received.length, stack.lastCounts()]).toEqual([2, { miss: 1 }]);
    // It is then cached for everyone.
    expect(shown(await stack.send(WORKLOADS))).toEqual({ asOf: at(10_000), isStale: false });
    expect(stack.received).toHaveLength(2);
  });

  test.each([
    '',
    'no-store',
    'max-age=0',
    'no-cached',
    'x-no-cache',
    'no-cache-x',
    'only-if-cached',
    ',,',
    '"no-cache"',
  ])('has no effect as %j', async (directives) => {
    await using stack = await startAging();
    await stack.send(WORKLOADS);
    stack.clock.advance(10_000);
    expect(shown(await stack.send(WORKLOADS, {}, { headers: { 'cache-control': directives } }))).toEqual(OLD);
    expect([stack.received.length, stack.lastCounts()]).toEqual([1, { hit: 1 }]);
  });

  test('fetches an uncached report like any other request', async () => {
    await using stack = await startAging();
    expect(shown(await stack.send(WORKLOADS, {}, NO_CACHE))).toEqual(OLD);
    expect([stack.received.length, stack.lastCounts()]).toEqual([1, { miss: 1 }]);
  });

  test('fetches at most once in 5 s, for any number of requests', async () => {
    await using stack = await startAging();
    await stack.send(WORKLOADS);
    const sendMany = () => Promise.all(Array.from({ length: 25 }, () => stack.send(WORKLOADS, {}, NO_CACHE)));
    stack.clock.advance(4_999);
    expect((await sendMany()).map(shown)).toEqual(Array(25).fill(OLD));
    expect([stack.received.length, stack.lastCounts()]).toEqual([1, { hit: 1 }]);
    for (let round = 1; round <= 3; round += 1) {
      stack.clock.advance(round === 1 ? 1 : 5_000);
      await sendMany();
      await sendMany();
      expect(stack.received).toHaveLength(1 + round);
      stack.clock.advance(4_999);
      const now = stack.clock.now();
      expect(new Set((await sendMany()).map(({ data }) => Date.parse(data.workloadCosts.asOf as string)))).toEqual(
        new Set([now - 4_999]),
      );
      expect(stack.received).toHaveLength(1 + round);
      stack.clock.advance(-4_999);
    }
  });

  test('limits fetches to one in 5 s for each report separately', async () => {
    await using stack = await startAging();
    await stack.send(WORKLOADS);
    stack.clock.advance(3_000);
    await stack.send(AGGREGATED);
    stack.clock.advance(2_000);
    const { data } = await stack.send(BOTH, {}, NO_CACHE);
    expect([data.workloadCosts.asOf, data.aggregatedCosts.asOf]).toEqual([at(5_000), at(3_000)]);
    expect([stack.received.length, stack.lastCounts()]).toEqual([3, { hit: 1, miss: 1 }]);
  });

  test('fetches all reports of an operation again', async () => {
    await using stack = await startAging();
    await stack.send(BOTH);
    stack.clock.advance(5_000);
    const { data } = await stack.send(BOTH, {}, NO_CACHE);
    expect([data.workloadCosts.asOf, data.aggregatedCosts.asOf]).toEqual([at(5_000), at(5_000)]);
    expect([stack.received.length, stack.lastCounts()]).toEqual([4, { miss: 2 }]);
  });

  // A request for an uncached report proves that the earlier ones have joined when its call arrives.
  test('joins the fetch of another no-cache request; other requests get the cached report at once', async () => {
    await using stack = await startAging();
    await stack.send(WORKLOADS);
    stack.clock.advance(10_000);
    const gate = stack.hold();
    const first = stack.send(WORKLOADS, {}, NO_CACHE);
    await gate.arrivals(1);
    const others = Array.from({ length: 20 }, () => stack.send(BOTH, {}, NO_CACHE));
    expect(shown(await stack.send(WORKLOADS))).toEqual(OLD);
    await gate.arrivals(2);
    gate.open();
    const responses = await Promise.all([first, ...others]);
    expect(responses.map(({ data }) => data.workloadCosts.asOf as string)).toEqual(Array(21).fill(at(10_000)));
    expect([stack.received.length, stack.lastCounts()]).toEqual([3, { collapsed: 2 }]);
  });

  test('joins the refresh of a stale report', async () => {
    await using stack = await startAging();
    await stack.send(WORKLOADS);
    stack.clock.advance(60_000);
    const gate = stack.hold();
    expect(shown(await stack.send(WORKLOADS))).toEqual(STALE);
    await gate.arrivals(1);
    const joined = stack.send(BOTH, {}, NO_CACHE);
    await gate.arrivals(2);
    gate.open();
    expect(shown(await joined)).toEqual({ asOf: at(60_000), isStale: false });
    expect([stack.received.length, stack.lastCounts()]).toEqual([3, { collapsed: 1, miss: 1 }]);
  });

  test('waits for the new report, even when the cached one could be served as stale', async () => {
    await using stack = await startAging();
    await stack.send(WORKLOADS);
    stack.clock.advance(60_000);
    expect(shown(await stack.send(WORKLOADS, {}, NO_CACHE))).toEqual({ asOf: at(60_000), isStale: false });
    expect([stack.received.length, stack.lastCounts()]).toEqual([2, { miss: 1 }]);
  });

  test('serves the cached report as stale while ScaleOps fails, and does not call again within 5 s', async () => {
    await using stack = await startAging();
    await stack.send(WORKLOADS);
    stack.clock.advance(10_000);
    stack.setDown(true);
    const response = await stack.send(WORKLOADS, {}, NO_CACHE);
    expect(shown(response)).toEqual(STALE);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(JSON.parse(response.text).extensions.freshness).toEqual({
      asOf: at(0),
      isStale: true,
    });
    expect([stack.received.length, stack.lastCounts()]).toEqual([2, { stale: 1 }]);
    stack.clock.advance(4_999);
    expect((await stack.send(WORKLOADS, {}, NO_CACHE)).errors).toEqual([]);
    expect(stack.received).toHaveLength(2);
    stack.clock.advance(1);
    expect(shown(await stack.send(WORKLOADS, {}, NO_CACHE))).toEqual(STALE);
    expect(stack.received).toHaveLength(3);
    // Other requests still see it as fresh.
    expect(shown(await stack.send(WORKLOADS))).toEqual(OLD);
    expect(stack.received).toHaveLength(3);
  });

  test('does not cancel the refresh for others when the client disconnects', async () => {
    await using stack = await startAging();
    await stack.send(WORKLOADS);
    stack.clock.advance(10_000);
    const gate = stack.hold();
    const controller = new AbortController();
    const left = stack.send(WORKLOADS, {}, { ...NO_CACHE, signal: controller.signal }).catch(() => 'left');
    await gate.arrivals(1);
    const stays = stack.send(BOTH, {}, NO_CACHE);
    await gate.arrivals(2);
    controller.abort();
    gate.open();
    expect(shown(await stays)).toEqual({ asOf: at(10_000), isStale: false });
    await left;
    expect(stack.received).toHaveLength(3);
  });
});

describe('the log line of an operation', () => {
  test('counts every report once, by its source', async () => {
    await using stack = await startAging();
    await stack.send(BOTH);
    expect(stack.lastCounts()).toEqual({ miss: 2 });
    stack.clock.advance(30_000);
    await stack.send(AGGREGATED, {}, NO_CACHE);
    expect(stack.lastCounts()).toEqual({ miss: 1 });
    stack.clock.advance(30_000);
    await stack.send(BOTH);
    expect(stack.lastCounts()).toEqual({ hit: 1, stale: 1 });
    await stack.clock.idle();
    await stack.send(BOTH);
    expect(stack.lastCounts()).toEqual({ hit: 2 });
    expect(stack.received).toHaveLength(4);
  });

  test('counts a request that waits for the call of another as collapsed, and an error as nothing', async () => {
    await using stack = await startAging();
    const gate = stack.hold();
    const first = stack.send(WORKLOADS);
    await gate.arrivals(1);
    const second = stack.send(BOTH);
    await gate.arrivals(2);
    gate.open();
    await Promise.all([first, second]);
    const counts = stack.log.filter(({ msg }) => msg === 'operation').map(({ cache }) => cache);
    const none = { hit: 0, stale: 0, shared: 0, collapsed: 0, miss: 0 };
    expect(counts).toHaveLength(2);
    expect(counts).toContainEqual({ ...none, miss: 1 });
    expect(counts).toContainEqual({ ...none, miss: 1, collapsed: 1 });
    expect(stack.received).toHaveLength(2);
    stack.setDown(true);
    stack.clock.advance(10_000_000);
    await stack.send(BOTH);
    expect(stack.lastCounts()).toEqual({});
    expect(stack.received).toHaveLength(4);
  });

  test('has the duration of an awaited upstream call, and not of a background call', async () => {
    await using stack = await startAging();
    const lastUpstreamMs = () => stack.log.findLast(({ msg }) => msg === 'operation')?.upstreamMs;
    const gate = stack.hold();
    const first = stack.send(WORKLOADS);
    await gate.arrivals(1);
    stack.clock.advance(1_234);
    gate.open();
    await first;
    expect(lastUpstreamMs()).toBe(1_234);
    await stack.send(WORKLOADS);
    expect(lastUpstreamMs()).toBe(0);
    stack.clock.advance(60_000);
    await stack.send(WORKLOADS);
    expect(lastUpstreamMs()).toBe(0);
    await stack.clock.idle();
    expect(stack.received).toHaveLength(2);
  });
});
