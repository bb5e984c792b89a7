// The circuit breaker through the gateway, with its default settings: no calls while it is open, and when it is probed.

import { describe, expect, test } from 'vitest';

import { askMany, countCodes } from '../kit/upstream/fault-load.js';
import { FAULT_AT } from '../kit/upstream/fault-rows.js';
import * as faults from '../kit/upstream/fault-server.js';
import type { Fault } from '../kit/upstream/fault-server.js';
import {
  DOWN,
  expectFault,
  expectNothingLeaks,
  expectStale,
  failing,
  GOOD,
  GOOD_ONE,
  hold,
  namespaceQuery,
  ONE,
  QUERY,
  settle,
  startStand,
  TIMEOUT_MS,
  WORKLOADS,
  type Stand,
} from '../kit/upstream/fault-stand.js';

/** A gateway whose circuit has just opened, for 15 s. */
async function startOpen(env: Record<string, string> = {}): Promise<Stand> {
  const stand = await startStand({ startMs: FAULT_AT, env });
  stand.upstream.answer(WORKLOADS, DOWN);
  for (let time = 0; time < 5; time += 1) {
    expectFault(await stand.gateway.ask(ONE), { code: 'UPSTREAM_UNAVAILABLE', retryAfterMs: 60_000 });
  }
  expect(stand.upstream.requests).toHaveLength(5);
  return stand;
}

const OPEN = { code: 'CIRCUIT_OPEN', retryAfterMs: 15_000 } as const;

// Fails when the breaker never opens, opens for rejections, probes too early or too late, does not double its time,
// allows several probes, stays half-open after a cancelled probe, or when CIRCUIT_OPEN waits for a slot.
describe('an open circuit', () => {
  test('makes no call, and every caller gets the time of the next attempt at once', async () => {
    await using stand = await startOpen();
    for (const answer of await Promise.all(askMany(stand, 100))) expectFault(answer, OPEN);
    stand.clock.advance(14_999);
    const last = await stand.gateway.ask(ONE);
    expectFault(last, { code: 'CIRCUIT_OPEN', retryAfterMs: 1 });
    expect(stand.upstream.requests).toHaveLength(5);
    expectNothingLeaks(stand, last);
    const warnings = stand.gateway.log.filter(({ level, msg }) => level === 40 && msg !== 'operation');
    expect(warnings).toMatchObject([
      {
        msg: 'circuit breaker open: ScaleOps failed repeatedly',
        code: 'UPSTREAM_UNAVAILABLE',
        reason: 'HTTP 503',
      },
    ]);
  });

  test('serves stale reports without a call', async () => {
    await using stand = await startStand({ startMs: FAULT_AT, env: { SCALEOPS_BREAKER_FAILURES: '1' } });
    const { upstream, gateway, clock } = stand;
    await gateway.ask(QUERY);
    clock.advance(361_000);
    upstream.answer(WORKLOADS, DOWN);
    await gateway.ask(ONE);
    const arrived = upstream.requests.length;
    for (let time = 0; time < 2; time += 1) expectStale(await gateway.ask(QUERY), FAULT_AT);
    expect(upstream.requests).toHaveLength(arrived);
  });

  test('serves every request within its open time and a second after ScaleOps recovers', async () => {
    await using stand = await startOpen();
    const { upstream, gateway, clock } = stand;
    upstream.answer(WORKLOADS, GOOD);
    clock.advance(15_000);
    expect((await gateway.ask(ONE)).data).toEqual(GOOD_ONE);
    clock.advance(1_000);
    expect(countCodes(await Promise.all(askMany(stand, 72)))).toEqual({ good: 72 });
    expect(upstream.requests).toHaveLength(5 + 73);
    expect(gateway.log.map(({ msg }) => msg)).toContain('circuit breaker closed: ScaleOps responds again');
  });

  test('stays open twice as long after each failed probe, up to 120 s, and 15 s again after a success', async () => {
    await using stand = await startOpen();
    const { upstream, gateway, clock } = stand;
    let openMs = 15_000;
    for (const nextMs of [30_000, 60_000, 120_000, 120_000]) {
      clock.advance(openMs);
      expectFault(await gateway.ask(ONE), { code: 'UPSTREAM_UNAVAILABLE', retryAfterMs: 60_000 });
      expectFault(await gateway.ask(ONE), { code: 'CIRCUIT_OPEN', retryAfterMs: nextMs });
      openMs = nextMs;
    }
    expect(upstream.requests).toHaveLength(5 + 4);
    clock.advance(openMs);
    upstream.answer(WORKLOADS, GOOD);
    expect((await gateway.ask(ONE)).data).toEqual(GOOD_ONE);
    upstream.answer(WORKLOADS, DOWN);
    for (let time = 0; time < 5; time += 1) await gateway.ask(namespaceQuery(`down-${time}`));
    expectFault(await gateway.ask(namespaceQuery('open')), OPEN);
  });

  test.each([
    ['come at the same time', 0],
    ['come later', 1],
  ])('is probed by one call, and rejects all others at once when they %s', async (_when, arrivedBefore) => {
    await using stand = await startOpen();
    const { upstream, gateway, clock } = stand;
    const held = hold();
    upstream.answer(WORKLOADS, held.fault);
    clock.advance(15_000);
    const probe = gateway.ask(ONE);
    await upstream.arrivals(5 + arrivedBefore);
    // As many as the queue holds.
    const others = await Promise.all(askMany(stand, 64));
    for (const answer of others) expectFault(answer, { code: 'CIRCUIT_OPEN', retryAfterMs: 1_000 });
    await upstream.arrivals(5 + 1);
    expect(upstream.requests).toHaveLength(5 + 1);
    held.release();
    expect((await probe).data).toEqual(GOOD_ONE);
    expect(countCodes(await Promise.all(askMany(stand, 72, 'again')))).toEqual({ good: 72 });
  });

  test.each<[string, Fault]>([
    ['before the headers', faults.neverAnswer],
    ['in the body', faults.createDrip().fault],
    ['in a gzip body', faults.stopInGzip],
  ])('is probed again when the client of the probe disconnects %s', async (_where, fault) => {
    await using stand = await startOpen();
    const { upstream, gateway, clock } = stand;
    upstream.answer(WORKLOADS, fault);
    clock.advance(15_000);
    const client = new AbortController();
    const settled = Promise.allSettled([gateway.ask(ONE, undefined, { signal: client.signal })]);
    await upstream.arrivals(6);
    client.abort();
    await settled;
    await upstream.requests[5]!.closed;
    upstream.answer(WORKLOADS, GOOD);
    expect((await gateway.ask(ONE)).data).toEqual(GOOD_ONE);
    expect(countCodes(await Promise.all(askMany(stand, 10)))).toEqual({ good: 10 });
  });

  // A slow request does not prove that the host is down, and hanging probes run one at a time.
  test('is probed by the next call when the probe meets its deadline', async () => {
    await using stand = await startOpen();
    const { upstream, gateway, clock } = stand;
    upstream.answer(WORKLOADS, faults.neverAnswer);
    clock.advance(15_000);
    const asked = gateway.ask(ONE);
    await upstream.arrivals(6);
    clock.advance(TIMEOUT_MS);
    expectFault(await asked, { code: 'UPSTREAM_TIMEOUT' });
    await upstream.requests[5]!.closed;
    upstream.answer(WORKLOADS, GOOD);
    expect((await gateway.ask(ONE)).data).toEqual(GOOD_ONE);
  });

  test('closes when the probe gets a reused connection that was closed just before', async () => {
    await using stand = await startOpen({ SCALEOPS_MAX_IN_FLIGHT: '1' });
    const { upstream, gateway, clock } = stand;
    upstream.answer(WORKLOADS, failing(1, faults.resetBeforeHeaders));
    clock.advance(15_000);
    const { answer, waits } = await settle(gateway.ask(ONE), clock);
    expect([answer.data, waits]).toEqual([GOOD_ONE, []]);
    expect(upstream.requests[5]!.socket).toBe(upstream.requests[4]!.socket);
    expect(upstream.requests).toHaveLength(5 + 2);
  });

  test('makes a request end with the failure that opened the circuit, without another attempt', async () => {
    await using stand = await startStand({ env: { SCALEOPS_BREAKER_FAILURES: '1' } });
    stand.upstream.answer(WORKLOADS, faults.status(500));
    const { answer, waits } = await settle(stand.gateway.ask(ONE), stand.clock);
    expect(stand.upstream.requests).toHaveLength(1);
    expect(waits).toEqual([]);
    expectFault(answer, { code: 'UPSTREAM_ERROR' });
  });
});
