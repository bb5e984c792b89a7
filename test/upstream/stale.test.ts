// The same faults with a stale cached report: whether it is served, whether all cached reports of the principal are purged,
// and that neither changes the number of calls.

import { describe, expect, test } from 'vitest';

import { FAULT_AT, pauseOf, ROW_GROUPS, type Row } from '../kit/upstream/fault-rows.js';
import * as faults from '../kit/upstream/fault-server.js';
import {
  AGGREGATED,
  sendThroughFault,
  CLUSTER_QUERY,
  DOWN,
  expectOnlyOperationWarnings,
  expectFault,
  expectNothingLeaks,
  expectStale,
  expectWaits,
  GOOD,
  goodAggregated,
  goodWorkloads,
  QUERY,
  startFixture,
  WORKLOADS,
  type Fixture,
} from '../kit/upstream/fault-fixture.js';

/** After the times when it is fresh or served during a refresh: 60 s and 300 s. */
const AGE_MS = 361_000;
const CACHED_AT = FAULT_AT - AGE_MS;
/** Both reports are cached and stale, and another one is cached and fresh. */
async function startAged(env: Record<string, string> = {}): Promise<Fixture> {
  const fixture = await startFixture({ startMs: CACHED_AT, env });
  await fixture.gateway.send(QUERY);
  fixture.clock.advance(AGE_MS);
  await fixture.gateway.send(CLUSTER_QUERY);
  return fixture;
}

/** Whether ScaleOps was called for the fresh report. */
async function isOtherPurged({ gateway, clock, arrivedAt }: Fixture): Promise<boolean> {
  const before = arrivedAt(AGGREGATED);
  // A report requested in the same millisecond as a rejection is served but not cached.
  clock.advance(1);
  expect((await gateway.send(CLUSTER_QUERY)).errors).toEqual([]);
  return arrivedAt(AGGREGATED) > before;
}

// Fails when a code is added to or removed from STALE_IF_ERROR or REFUSALS of src/errors.ts, when a redirect elsewhere
// allows a stale report, and when a rejection purges too little, or another fault purges anything.
describe.each(ROW_GROUPS)('with a stale report, %s', (_group, rows) => {
  const titled = rows.map((row) => ({ ...row, outcome: row.stale ? 'shows that one' : row.code }));
  test.each(titled)('$title: $outcome', async ({ fault, hangs = false, waits, immediate, ...row }: Row) => {
    const { stale, purges, code, hint } = row;
    await using fixture = await startAged();
    const { upstream, gateway, clock, arrivedAt } = fixture;
    upstream.respond(WORKLOADS, fault);
    const { response, waits: waited } = await sendThroughFault(fixture, { hangs });
    if (stale) expectStale(response, CACHED_AT);
    else expectFault(response, { code, ...(hint !== undefined && { hint }) });
    expect(response.data).toMatchObject({ aggregatedCosts: goodAggregated(FAULT_AT) });
    expectWaits(waited, waits);
    const attempts = waits.length + 1 + (immediate ? 1 : 0);
    expect(arrivedAt(WORKLOADS)).toBe(1 + attempts);
    expect(await isOtherPurged(fixture)).toBe(purges);
    clock.advance(pauseOf(row));

    // The cached report is there for the next fault that allows it, unless a rejection came between.
    upstream.respond(WORKLOADS, DOWN);
    const down = await gateway.send(QUERY);
    if (purges) expectFault(down, { code: 'UPSTREAM_UNAVAILABLE', retryAfterMs: 60_000 });
    else expectStale(down, CACHED_AT);

    upstream.respond(WORKLOADS, GOOD);
    const good = await gateway.send(QUERY);
    expect(good.errors).toEqual([]);
    expect(good.data).toMatchObject({ workloadCosts: goodWorkloads(clock.now()) });
    expect(arrivedAt(WORKLOADS)).toBe(1 + attempts + 2);
    expectOnlyOperationWarnings(
      gateway,
      ...(stale ? [] : [code]),
      ...(purges ? (['UPSTREAM_UNAVAILABLE'] as const) : []),
    );
    expectNothingLeaks(fixture, response, down, good);
  });
});

// Fails when the times of `stageOf` are ignored, when a stale report is marked as fresh, or when a rejected refresh does
// not purge.
describe('a stale report', () => {
  test('is not served when it is too old: the response is an error', async () => {
    await using fixture = await startFixture({ startMs: FAULT_AT });
    const { upstream, gateway, clock } = fixture;
    await gateway.send(QUERY);
    upstream.respond(WORKLOADS, DOWN);
    clock.advance(3_660_000 - 1);
    expectStale(await gateway.send(QUERY), FAULT_AT);
    clock.advance(1);
    expectFault(await gateway.send(QUERY), { code: 'UPSTREAM_UNAVAILABLE', retryAfterMs: 60_000 });
  });

  test('is served, marked as stale although it is fresh, when a no-cache request gets no newer one', async () => {
    await using fixture = await startFixture({ startMs: FAULT_AT });
    const { upstream, gateway, clock, arrivedAt } = fixture;
    await gateway.send(QUERY);
    clock.advance(10_000);
    upstream.respond(WORKLOADS, DOWN);
    const response = await gateway.send(QUERY, undefined, { headers: { 'cache-control': 'no-cache' } });
    expectStale(response, FAULT_AT);
    expect(response.data).toMatchObject({ aggregatedCosts: goodAggregated(clock.now()) });
    expect(arrivedAt(WORKLOADS)).toBe(2);
  });

  test.each([401, 403])('is purged when a background refresh gets a %i', async (status) => {
    await using fixture = await startFixture({ startMs: FAULT_AT });
    const { upstream, gateway, clock } = fixture;
    await gateway.send(QUERY);
    clock.advance(60_000);
    upstream.respond(WORKLOADS, faults.status(status));
    // Both reports are refreshed; each has its deadline, and the first two are over.
    expectStale(await gateway.send(QUERY), FAULT_AT);
    await clock.cancelled(4);
    upstream.respond(WORKLOADS, DOWN);
    const response = await gateway.send(QUERY);
    expectFault(response, { code: 'UPSTREAM_UNAVAILABLE', retryAfterMs: 60_000 });
    expectNothingLeaks(fixture, response);
  });
});
