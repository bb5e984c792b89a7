// Retries of calls to ScaleOps: their pauses, their shared deadline, and the budget over all requests.

import { afterEach, describe, expect, test, vi } from 'vitest';

import { FAULT_AT } from '../kit/upstream/fault-rows.js';
import * as faults from '../kit/upstream/fault-server.js';
import {
  DOWN,
  expectOnlyOperationWarnings,
  expectFault,
  expectNothingLeaks,
  failing,
  GOOD,
  GOOD_ONE,
  namespaceQuery,
  NO_BREAKER,
  ONE,
  settle,
  startFixture,
  TIMEOUT_MS,
  WORKLOADS,
  type Fixture,
} from '../kit/upstream/fault-fixture.js';

afterEach(() => {
  vi.restoreAllMocks();
});

/** How often ScaleOps is called for one report, a new one each time. */
async function attemptsFor({ gateway, clock, arrivedAt }: Fixture, name: string): Promise<number> {
  const before = arrivedAt(WORKLOADS);
  await settle(gateway.send(namespaceQuery(name)), clock);
  return arrivedAt(WORKLOADS) - before;
}

// Fails when the jitter is not full or has another base or cap, when a pause ends early, when Retry-After is ignored or
// honoured past the deadline, when each attempt has its own deadline, or when a pause keeps its slot.
describe('a retry', () => {
  test('returns the report without an error when the fault is over', async () => {
    await using fixture = await startFixture({ startMs: FAULT_AT });
    const { upstream, gateway, clock, arrivedAt } = fixture;
    upstream.respond(WORKLOADS, failing(2, faults.status(503)));
    const { response, waits } = await settle(gateway.send(ONE), clock);
    expect([response.errors, response.data, waits.length]).toEqual([[], GOOD_ONE, 2]);
    expect(await gateway.send(ONE)).toMatchObject({ errors: [], data: GOOD_ONE });
    expect(arrivedAt(WORKLOADS)).toBe(3);
    expectOnlyOperationWarnings(gateway);
    expectNothingLeaks(fixture, response);
  });

  test.each([
    [0, []],
    [0.25, [100, 200, 400, 500, 500]],
    [0.75, [300, 600, 1_200, 1_500, 1_500]],
  ])('comes after a random time: %d of at most 400, 800, 1600, 2000, 2000 ms', async (random, expected) => {
    vi.spyOn(Math, 'random').mockReturnValue(random);
    const env = { ...NO_BREAKER, SCALEOPS_MAX_ATTEMPTS: '6', SCALEOPS_RETRY_MIN: '10' };
    await using fixture = await startFixture({ env });
    fixture.upstream.respond(WORKLOADS, faults.status(500));
    const { waits } = await settle(fixture.gateway.send(ONE), fixture.clock);
    expect(waits).toEqual(expected);
    expect(fixture.arrivedAt(WORKLOADS)).toBe(6);
  });

  test.each([
    ['jitter', faults.status(503), 400],
    ['Retry-After', faults.status(429, { 'retry-after': 3 }), 3_000],
  ])('is not made before its time (%s)', async (_what, fault, maxMs) => {
    await using fixture = await startFixture();
    const { upstream, gateway, clock, arrivedAt } = fixture;
    upstream.respond(WORKLOADS, failing(1, fault));
    const pending = gateway.send(ONE);
    const waitMs = Math.ceil((await clock.pause())!);
    expect(waitMs).toBeLessThanOrEqual(maxMs);
    clock.advance(waitMs - 1);
    expect([clock.isPaused(), arrivedAt(WORKLOADS)]).toEqual([true, 1]);
    clock.advance(1);
    expect(clock.isPaused()).toBe(false);
    expect((await pending).data).toEqual(GOOD_ONE);
  });

  test('is not made when the deadline comes before it', async () => {
    await using fixture = await startFixture({ env: { SCALEOPS_TIMEOUT_MS: '2000' } });
    fixture.upstream.respond(WORKLOADS, faults.status(429, { 'retry-after': 3 }));
    const response = await fixture.gateway.send(ONE);
    expectFault(response, { code: 'UPSTREAM_RATE_LIMITED', retryAfterMs: 3_000 });
    expect(fixture.arrivedAt(WORKLOADS)).toBe(1);
  });

  test('has the rest of the deadline after the first attempt', async () => {
    await using fixture = await startFixture();
    const { upstream, gateway, clock } = fixture;
    upstream.respond(WORKLOADS, faults.status(429, { 'retry-after': 5 }));
    const pending = gateway.send(ONE);
    const waitMs = (await clock.pause())!;
    upstream.respond(WORKLOADS, faults.neverRespond);
    clock.advance(waitMs);
    await upstream.arrivals(2);
    clock.advance(TIMEOUT_MS - waitMs - 1);
    expect(clock.pending()).toBe(1);
    clock.advance(1);
    expectFault(await pending, { code: 'UPSTREAM_TIMEOUT' });
    await upstream.requests[1]!.closed;
    expect(upstream.requests).toHaveLength(2);
    expect(clock.pending()).toBe(0);
  });

  test('holds no slot while it waits', async () => {
    await using fixture = await startFixture({ env: { SCALEOPS_MAX_IN_FLIGHT: '1', SCALEOPS_MAX_QUEUED: '0' } });
    const { upstream, gateway, clock } = fixture;
    upstream.respond(WORKLOADS, failing(1, faults.status(503)));
    const pending = gateway.send(ONE);
    const waitMs = (await clock.pause())!;
    expect((await gateway.send(namespaceQuery('meanwhile'))).data).toEqual(GOOD_ONE);
    clock.advance(Math.ceil(waitMs));
    expect((await pending).data).toEqual(GOOD_ONE);
  });

  test('is not made when all clients have disconnected', async () => {
    await using fixture = await startFixture();
    const { upstream, gateway, clock } = fixture;
    upstream.respond(WORKLOADS, faults.status(503));
    const client = new AbortController();
    const settled = Promise.allSettled([gateway.send(ONE, undefined, { signal: client.signal })]);
    await clock.pause();
    client.abort();
    await settled;
    expect(clock.isPaused()).toBe(false);
    clock.advance(TIMEOUT_MS);
    upstream.respond(WORKLOADS, GOOD);
    await gateway.send(ONE);
    expect(upstream.requests).toHaveLength(2);
    expect(clock.pending()).toBe(0);
  });
});

// Fails when the budget is ignored, not counted, per request, or over a period other than a minute.
describe('the retry budget', () => {
  test('is three per minute for few requests', async () => {
    await using fixture = await startFixture({ env: NO_BREAKER });
    fixture.upstream.respond(WORKLOADS, faults.status(503));
    const attempts: number[] = [];
    for (const name of ['a', 'b', 'c']) attempts.push(await attemptsFor(fixture, name));
    expect(attempts).toEqual([3, 2, 1]);
    fixture.clock.advance(60_000);
    for (const name of ['d', 'e', 'f']) attempts.push(await attemptsFor(fixture, name));
    expect(attempts).toEqual([3, 2, 1, 3, 2, 1]);
  });

  test('is a tenth of the requests for many', async () => {
    await using fixture = await startFixture({ env: NO_BREAKER });
    for (let count = 0; count < 47; count += 1) await fixture.gateway.send(namespaceQuery(`good-${count}`));
    fixture.upstream.respond(WORKLOADS, faults.status(503));
    const attempts: number[] = [];
    // 48, 49, 50 and 51 requests: four retries are allowed, and one more from the fiftieth on.
    for (const name of ['a', 'b', 'c', 'd']) attempts.push(await attemptsFor(fixture, name));
    expect(attempts).toEqual([3, 3, 2, 1]);
  });

  test('is spent neither by faults that are not retried nor by successes', async () => {
    await using fixture = await startFixture({ env: NO_BREAKER });
    for (const fault of [faults.status(404), DOWN, faults.json([]), GOOD, faults.status(429)]) {
      fixture.upstream.respond(WORKLOADS, fault);
      expect(await attemptsFor(fixture, `question-${fixture.arrivedAt(WORKLOADS)}`)).toBe(1);
    }
    fixture.upstream.respond(WORKLOADS, faults.status(503));
    expect(await attemptsFor(fixture, 'last')).toBe(3);
  });
});
