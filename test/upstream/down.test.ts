// The number of calls that ScaleOps gets for many requests: while it is down, and when requests are concurrent.

import { describe, expect, test } from 'vitest';

import { sendMany, countCodes } from '../kit/upstream/fault-load.js';
import { FAULT_AT } from '../kit/upstream/fault-rows.js';
import * as faults from '../kit/upstream/fault-server.js';
import {
  expectFault,
  expectNothingLeaks,
  expectStale,
  GOOD,
  GOOD_ONE,
  hold,
  namespaceQuery,
  NO_BREAKER,
  ONE,
  QUERY,
  settle,
  startFixture,
  WORKLOADS,
} from '../kit/upstream/fault-fixture.js';

// Fails when the budget or the breaker is left out, and when one of them counts per request.
describe('1,000 requests while ScaleOps is down', () => {
  test('make at most 12 calls: five failures open the circuit', async () => {
    await using fixture = await startFixture();
    fixture.upstream.respond(WORKLOADS, faults.resetBeforeHeaders);
    const { response: responses } = await settle(Promise.all(sendMany(fixture, 1_000)), fixture.clock);
    const codes = ['CIRCUIT_OPEN', 'OVERLOADED', 'UPSTREAM_UNAVAILABLE'];
    expect(Object.keys(countCodes(responses)).filter((code) => !codes.includes(code))).toEqual([]);
    // Five that fail, and seven that were pending beside the last of them.
    expect(fixture.upstream.requests.length).toBeGreaterThanOrEqual(5);
    expect(fixture.upstream.requests.length).toBeLessThanOrEqual(12);
    expect(fixture.clock.pending()).toBe(0);
    expectNothingLeaks(fixture, ...responses);
  });

  test('make at most a tenth more calls by the retry budget alone', async () => {
    const env = { ...NO_BREAKER, SCALEOPS_MAX_QUEUED: '1000' };
    await using fixture = await startFixture({ env: { ...env, SCALEOPS_TIMEOUT_MS: '600000' } });
    // Two successes, so that there are never 1,000 failures in a row and the breaker stays closed.
    fixture.upstream.respond(WORKLOADS, (socket) => {
      (fixture.upstream.requests.length % 500 === 0 ? GOOD : faults.resetBeforeHeaders)(socket);
    });
    const { response: responses } = await settle(Promise.all(sendMany(fixture, 1_000)), fixture.clock);
    expect(countCodes(responses)).toEqual({ good: 2, UPSTREAM_UNAVAILABLE: 998 });
    expect(fixture.upstream.requests.length).toBeGreaterThan(1_000);
    expect(fixture.upstream.requests.length).toBeLessThanOrEqual(1_103);
  });
});

// Fails when there is no queue or no bound on it, when a slot is released before its call has ended or never, when a
// rejected call is made anyway, and when OVERLOADED allows no stale report.
describe('simultaneous calls', () => {
  test('are at most eight, 256 more wait, and the next one is rejected immediately with Retry-After', async () => {
    await using fixture = await startFixture();
    const { upstream, clock } = fixture;
    const held = hold();
    upstream.respond(WORKLOADS, held.fault);
    const pending = sendMany(fixture, 264);
    // Each has a deadline, and each queued call a queue limit.
    await Promise.all([upstream.arrivals(8), clock.set(264 + 256)]);
    const rejected = await Promise.all(sendMany(fixture, 5, 'late'));
    // 33 rounds of eight, a second each.
    for (const response of rejected) expectFault(response, { code: 'OVERLOADED', retryAfterMs: 33_000 });
    expect(upstream.requests).toHaveLength(8);
    held.release();
    expect(countCodes(await Promise.all(pending))).toEqual({ good: 264 });
    expect(upstream.requests).toHaveLength(264);
    expect(clock.pending()).toBe(0);
    expectNothingLeaks(fixture, ...rejected);
  });

  test('stay queued until their deadline leaves no time for a typical call', async () => {
    await using fixture = await startFixture({ env: { SCALEOPS_MAX_IN_FLIGHT: '1' } });
    const { upstream, gateway, clock } = fixture;
    const usual = hold();
    upstream.respond(WORKLOADS, usual.fault);
    const known = gateway.send(ONE);
    await upstream.arrivals(1);
    clock.advance(5_000);
    usual.release();
    await known;
    const held = hold();
    upstream.respond(WORKLOADS, held.fault);
    const [first, ...others] = sendMany(fixture, 4);
    await Promise.all([upstream.arrivals(2), clock.set(1 + 4 + 3)]);
    clock.advance(24_999);
    expect(clock.pending()).toBe(4 + 3);
    clock.advance(1);
    // Each by the calls that are still queued, itself included.
    const waits = [20_000, 15_000, 10_000];
    for (const [index, response] of (await Promise.all(others)).entries()) {
      expectFault(response, { code: 'OVERLOADED', retryAfterMs: waits[index]! });
    }
    held.release();
    expect((await first!).data).toEqual(GOOD_ONE);
    expect(upstream.requests).toHaveLength(2);
  });

  test('without a slot serve stale reports', async () => {
    const env = { SCALEOPS_MAX_IN_FLIGHT: '1', SCALEOPS_MAX_QUEUED: '0' };
    await using fixture = await startFixture({ startMs: FAULT_AT, env });
    const { upstream, gateway, clock } = fixture;
    await gateway.send('{ workloadCosts { asOf } }');
    await gateway.send('{ aggregatedCosts { asOf } }');
    clock.advance(361_000);
    const held = hold();
    upstream.respond(WORKLOADS, held.fault);
    const busy = gateway.send(namespaceQuery('busy'));
    await upstream.arrivals(3);
    expectStale(await gateway.send(QUERY), FAULT_AT);
    expect(upstream.requests).toHaveLength(3);
    held.release();
    expect((await busy).data).toEqual(GOOD_ONE);
  });

  test('end when their clients disconnect, and release their slots', async () => {
    await using fixture = await startFixture({ env: { SCALEOPS_MAX_IN_FLIGHT: '1', SCALEOPS_MAX_QUEUED: '1' } });
    const { upstream, gateway, clock } = fixture;
    upstream.respond(WORKLOADS, faults.neverRespond);
    const [first, second] = [new AbortController(), new AbortController()];
    const controller = [first, second].map(({ signal }, index) =>
      gateway.send(namespaceQuery(`leaves-${index}`), undefined, { signal }),
    );
    const settled = Promise.allSettled(controller);
    await Promise.all([upstream.arrivals(1), clock.set(3)]);
    // A cancelled waiting call frees its place in the queue.
    second.abort();
    await clock.cancelled(2);
    const next = gateway.send(ONE);
    await clock.set(5);
    upstream.respond(WORKLOADS, GOOD);
    first.abort();
    expect((await next).data).toEqual(GOOD_ONE);
    await settled;
    expect(upstream.requests).toHaveLength(2);
    expect(clock.pending()).toBe(0);
  });
});
