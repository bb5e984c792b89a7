// Faults of ScaleOps over real sockets and through the whole gateway, one row per fault: its code, attempts and pauses.
// The other report of the operation still arrives, the error is not cached, and no text of the upstream leaks.

import { describe, expect, test } from 'vitest';

import { FAULT_AT, pauseOf, ROW_GROUPS } from '../kit/upstream/fault-rows.js';
import * as faults from '../kit/upstream/fault-server.js';
import {
  AGGREGATED,
  sendThroughFault,
  expectOnlyOperationWarnings,
  expectFault,
  expectNothingLeaks,
  expectWaits,
  GOOD,
  goodAggregated,
  goodWorkloads,
  QUERY,
  startFixture,
  WORKLOADS,
} from '../kit/upstream/fault-fixture.js';

// Fails when an entry of CODE_OF_STATUS, RETRIED_STATUSES or RETRIED_REASONS of src/upstream/http/errors.ts is removed,
// when "once" or Retry-After is ignored, when a bound is off by one, and when an error is cached or quotes ScaleOps.
describe.each(ROW_GROUPS)('%s', (_group, rows) => {
  test.each(rows)('$title is $code', async ({ fault, hangs = false, closes, waits, purges, ...outcome }) => {
    // The other report is fresh for longer than any pause.
    await using fixture = await startFixture({ startMs: FAULT_AT, env: { CACHE_TTL_SECONDS: '120' } });
    const { upstream, gateway, clock, arrivedAt } = fixture;
    upstream.respond(WORKLOADS, fault);

    const { response: failed, waits: waited } = await sendThroughFault(fixture, { hangs });
    expectFault(failed, outcome);
    expect(failed.data).toMatchObject({ aggregatedCosts: goodAggregated(FAULT_AT) });
    expectWaits(waited, waits);
    const attempts = waits.length + 1;
    expect(arrivedAt(WORKLOADS)).toBe(attempts);
    if (closes) await Promise.all(failedRequests(upstream).map(({ closed }) => closed));

    upstream.respond(WORKLOADS, GOOD);
    // A report requested in the same millisecond as a rejection is served but not cached.
    clock.advance(Math.max(1, pauseOf(outcome)));
    const good = await gateway.send(QUERY);
    expect(good.errors).toEqual([]);
    expect(good.data).toEqual({
      workloadCosts: goodWorkloads(clock.now()),
      aggregatedCosts: goodAggregated(purges ? clock.now() : FAULT_AT),
    });
    expect(arrivedAt(WORKLOADS)).toBe(attempts + 1);
    expect(arrivedAt(AGGREGATED)).toBe(purges ? 2 : 1);

    expectOnlyOperationWarnings(gateway, outcome.code);
    expectNothingLeaks(fixture, failed, good);
  });
});

const failedRequests = ({ requests }: faults.FaultServer) => requests.filter(({ path }) => path.includes(WORKLOADS));

// Fails when the error names the setting of the other report.
describe('404 for the aggregated report', () => {
  test('names the setting of its path', async () => {
    await using fixture = await startFixture({ startMs: FAULT_AT });
    fixture.upstream.respond(AGGREGATED, faults.status(404));
    const response = await fixture.gateway.send(QUERY);
    expectFault(response, { code: 'UPSTREAM_NOT_FOUND', hint: 'Check SCALEOPS_AGGREGATED_PATH.' }, 'aggregatedCosts');
    expect(response.data).toMatchObject({ workloadCosts: goodWorkloads(FAULT_AT) });
    expectNothingLeaks(fixture, response);
  });
});
