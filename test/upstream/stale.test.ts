// The same faults with a stale cached report: whether it is served, whether all cached reports of the principal are purged,
// and that neither changes the number of calls.

import { describe, expect, test } from 'vitest';

import { FAULT_AT, pauseOf, ROW_GROUPS, type Row } from '../kit/upstream/fault-rows.js';
import * as faults from '../kit/upstream/fault-server.js';
import {
  AGGREGATED,
  askThroughFault,
  CLUSTER_QUERY,
  DOWN,
  expectCalmLog,
  expectFault,
  expectNothingLeaks,
  expectStale,
  expectWaits,
  GOOD,
  goodAggregated,
  goodWorkloads,
  QUERY,
  startStand,
  WORKLOADS,
  type Stand,
} from '../kit/upstream/fault-stand.js';

/** Past the times in which it is fresh, or served during a refresh: 60 s and 300 s. */
const AGE_MS = 361_000;
const KEPT_AT = FAULT_AT - AGE_MS;
/** Both reports are cached and stale, and another one is cached and fresh. */
async function startAged(env: Record<string, string> = {}): Promise<Stand> {
  const stand = await startStand({ startMs: KEPT_AT, env });
  await stand.gateway.ask(QUERY);
  stand.clock.advance(AGE_MS);
  await stand.gateway.ask(CLUSTER_QUERY);
  return stand;
}

/** Whether ScaleOps was called for the fresh report. */
async function isOtherForgotten({ gateway, clock, arrivedAt }: Stand): Promise<boolean> {
  const before = arrivedAt(AGGREGATED);
  // A report requested in the same millisecond as a rejection is served but not cached.
  clock.advance(1);
  expect((await gateway.ask(CLUSTER_QUERY)).errors).toEqual([]);
  return arrivedAt(AGGREGATED) > before;
}

// Fails when a code is added to or removed from STALE_IF_ERROR or REFUSALS of src/errors.ts, when a redirect elsewhere
// allows a stale report, and when a rejection purges too little, or another fault purges anything.
describe.each(ROW_GROUPS)('with a stale report, %s', (_group, rows) => {
  const titled = rows.map((row) => ({ ...row, outcome: row.stale ? 'shows that one' : row.code }));
  test.each(titled)('$title: $outcome', async ({ fault, hangs = false, waits, immediate, ...row }: Row) => {
    const { stale, purges, code, hint } = row;
    await using stand = await startAged();
    const { upstream, gateway, clock, arrivedAt } = stand;
    upstream.answer(WORKLOADS, fault);
    const { answer, waits: waited } = await askThroughFault(stand, { hangs });
    if (stale) expectStale(answer, KEPT_AT);
    else expectFault(answer, { code, ...(hint !== undefined && { hint }) });
    expect(answer.data).toMatchObject({ aggregatedCosts: goodAggregated(FAULT_AT) });
    expectWaits(waited, waits);
    const attempts = waits.length + 1 + (immediate ? 1 : 0);
    expect(arrivedAt(WORKLOADS)).toBe(1 + attempts);
    expect(await isOtherForgotten(stand)).toBe(purges);
    clock.advance(pauseOf(row));

    // The cached report is there for the next fault that allows it, unless a rejection came between.
    upstream.answer(WORKLOADS, DOWN);
    const down = await gateway.ask(QUERY);
    if (purges) expectFault(down, { code: 'UPSTREAM_UNAVAILABLE', retryAfterMs: 60_000 });
    else expectStale(down, KEPT_AT);

    upstream.answer(WORKLOADS, GOOD);
    const good = await gateway.ask(QUERY);
    expect(good.errors).toEqual([]);
    expect(good.data).toMatchObject({ workloadCosts: goodWorkloads(clock.now()) });
    expect(arrivedAt(WORKLOADS)).toBe(1 + attempts + 2);
    expectCalmLog(gateway, ...(stale ? [] : [code]), ...(purges ? (['UPSTREAM_UNAVAILABLE'] as const) : []));
    expectNothingLeaks(stand, answer, down, good);
  });
});

// Fails when the times of `stageOf` are ignored, when a stale report is marked as fresh, or when a rejected refresh does
// not purge.
describe('a stale report', () => {
  test('is not served when it is too old: the response is an error', async () => {
    await using stand = await startStand({ startMs: FAULT_AT });
    const { upstream, gateway, clock } = stand;
    await gateway.ask(QUERY);
    upstream.answer(WORKLOADS, DOWN);
    clock.advance(3_660_000 - 1);
    expectStale(await gateway.ask(QUERY), FAULT_AT);
    clock.advance(1);
    expectFault(await gateway.ask(QUERY), { code: 'UPSTREAM_UNAVAILABLE', retryAfterMs: 60_000 });
  });

  test('is served, marked as stale, although it is fresh, when no-cache asked for a newer one', async () => {
    await using stand = await startStand({ startMs: FAULT_AT });
    const { upstream, gateway, clock, arrivedAt } = stand;
    await gateway.ask(QUERY);
    clock.advance(10_000);
    upstream.answer(WORKLOADS, DOWN);
    const answer = await gateway.ask(QUERY, undefined, { headers: { 'cache-control': 'no-cache' } });
    expectStale(answer, FAULT_AT);
    expect(answer.data).toMatchObject({ aggregatedCosts: goodAggregated(clock.now()) });
    expect(arrivedAt(WORKLOADS)).toBe(2);
  });

  test.each([401, 403])('is purged when a background refresh gets a %i', async (status) => {
    await using stand = await startStand({ startMs: FAULT_AT });
    const { upstream, gateway, clock } = stand;
    await gateway.ask(QUERY);
    clock.advance(60_000);
    upstream.answer(WORKLOADS, faults.status(status));
    // Both reports are refreshed; each has its deadline, and the first two are over.
    expectStale(await gateway.ask(QUERY), FAULT_AT);
    await clock.calledOff(4);
    upstream.answer(WORKLOADS, DOWN);
    const answer = await gateway.ask(QUERY);
    expectFault(answer, { code: 'UPSTREAM_UNAVAILABLE', retryAfterMs: 60_000 });
    expectNothingLeaks(stand, answer);
  });
});
