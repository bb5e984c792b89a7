// The circuit breaker of the gateway with its default settings: it makes no calls while it is open, and probes
// ScaleOps.

import { describe, expect, test } from 'vitest';

import { sendMany, countCodes } from '../kit/upstream/fault-load.js';
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
  startFixture,
  TIMEOUT_MS,
  WORKLOADS,
  type Fixture,
} from '../kit/upstream/fault-fixture.js';

/** A gateway whose circuit has just opened, for 15 s. */
async function startOpen(env: Record<string, string> = {}): Promise<Fixture> {
  const fixture = await startFixture({ startMs: FAULT_AT, env });
  fixture.upstream.respond(WORKLOADS, DOWN);
  for (let time = 0; time < 5; time += 1) {
    expectFault(await fixture.gateway.send(ONE), { code: 'UPSTREAM_UNAVAILABLE', retryAfterMs: 60_000 });
  }
  expect(fixture.upstream.requests).toHaveLength(5);
  return fixture;
}

const OPEN = { code: 'CIRCUIT_OPEN', retryAfterMs: 15_000 } as const;

// Fails when the breaker never opens, opens for rejections, probes too early or too late, does not double its time,
// allows several probes, stays half-open after a cancelled probe, or when CIRCUIT_OPEN waits for a slot.
describe('an open circuit', () => {
  test('makes no call, and every caller gets the time of the next attempt immediately', async () => {
    await using fixture = await startOpen();
    for (const response of await Promise.all(sendMany(fixture, 100))) expectFault(response, OPEN);
    fixture.clock.advance(14_999);
    const last = await fixture.gateway.send(ONE);
    expectFault(last, { code: 'CIRCUIT_OPEN', retryAfterMs: 1 });
    expect(fixture.upstream.requests).toHaveLength(5);
    expectNothingLeaks(fixture, last);
    const warnings = fixture.gateway.log.filter(({ level, msg }) => level === 40 && msg !== 'operation');
    expect(warnings).toMatchObject([
      {
        msg: 'circuit breaker open: ScaleOps failed repeatedly',
        code: 'UPSTREAM_UNAVAILABLE',
        reason: 'HTTP 503',
      },
    ]);
  });

  test('serves stale reports without a call', async () => {
    await using fixture = await startFixture({ startMs: FAULT_AT, env: { SCALEOPS_BREAKER_FAILURES: '1' } });
    const { upstream, gateway, clock } = fixture;
    await gateway.send(QUERY);
    clock.advance(361_000);
    upstream.respond(WORKLOADS, DOWN);
    await gateway.send(ONE);
    const arrived = upstream.requests.length;
    for (let time = 0; time < 2; time += 1) expectStale(await gateway.send(QUERY), FAULT_AT);
    expect(upstream.requests).toHaveLength(arrived);
  });

  test('closes at most its open time and a second after ScaleOps recovers', async () => {
    await using fixture = await startOpen();
    const { upstream, gateway, clock } = fixture;
    upstream.respond(WORKLOADS, GOOD);
    clock.advance(15_000);
    expect((await gateway.send(ONE)).data).toEqual(GOOD_ONE);
    clock.advance(1_000);
    expect(countCodes(await Promise.all(sendMany(fixture, 72)))).toEqual({ good: 72 });
    expect(upstream.requests).toHaveLength(5 + 73);
    expect(gateway.log.map(({ msg }) => msg)).toContain('circuit breaker closed: ScaleOps responds again');
  });

  test('stays open twice as long after each failed probe, up to 120 s, and 15 s again after a success', async () => {
    await using fixture = await startOpen();
    const { upstream, gateway, clock } = fixture;
    let openMs = 15_000;
    for (const nextMs of [30_000, 60_000, 120_000, 120_000]) {
      clock.advance(openMs);
      expectFault(await gateway.send(ONE), { code: 'UPSTREAM_UNAVAILABLE', retryAfterMs: 60_000 });
      expectFault(await gateway.send(ONE), { code: 'CIRCUIT_OPEN', retryAfterMs: nextMs });
      openMs = nextMs;
    }
    expect(upstream.requests).toHaveLength(5 + 4);
    clock.advance(openMs);
    upstream.respond(WORKLOADS, GOOD);
    expect((await gateway.send(ONE)).data).toEqual(GOOD_ONE);
    upstream.respond(WORKLOADS, DOWN);
    for (let time = 0; time < 5; time += 1) await gateway.send(namespaceQuery(`down-${time}`));
    expectFault(await gateway.send(namespaceQuery('open')), OPEN);
  });

  test.each([
    ['come at the same time', 0],
    ['come later', 1],
  ])('is probed by one call, and rejects all others immediately when they %s', async (_when, arrivedBefore) => {
    await using fixture = await startOpen();
    const { upstream, gateway, clock } = fixture;
    const held = hold();
    upstream.respond(WORKLOADS, held.fault);
    clock.advance(15_000);
    const probe = gateway.send(ONE);
    await upstream.arrivals(5 + arrivedBefore);
    // As many as the queue holds.
    const others = await Promise.all(sendMany(fixture, 64));
    for (const response of others) expectFault(response, { code: 'CIRCUIT_OPEN', retryAfterMs: 1_000 });
    await upstream.arrivals(5 + 1);
    expect(upstream.requests).toHaveLength(5 + 1);
    held.release();
    expect((await probe).data).toEqual(GOOD_ONE);
    expect(countCodes(await Promise.all(sendMany(fixture, 72, 'again')))).toEqual({ good: 72 });
  });

  test.each<[string, Fault]>([
    ['before the headers', faults.neverRespond],
    ['in the body', faults.createDrip().fault],
    ['in a gzip body', faults.stopInGzip],
  ])('is probed again when the client of the probe disconnects %s', async (_where, fault) => {
    await using fixture = await startOpen();
    const { upstream, gateway, clock } = fixture;
    upstream.respond(WORKLOADS, fault);
    clock.advance(15_000);
    const client = new AbortController();
    const settled = Promise.allSettled([gateway.send(ONE, undefined, { signal: client.signal })]);
    await upstream.arrivals(6);
    client.abort();
    await settled;
    await upstream.requests[5]!.closed;
    upstream.respond(WORKLOADS, GOOD);
    expect((await gateway.send(ONE)).data).toEqual(GOOD_ONE);
    expect(countCodes(await Promise.all(sendMany(fixture, 10)))).toEqual({ good: 10 });
  });

  // A slow request does not prove that the host is down, and hanging probes run one at a time.
  test('is probed by the next call when the probe meets its deadline', async () => {
    await using fixture = await startOpen();
    const { upstream, gateway, clock } = fixture;
    upstream.respond(WORKLOADS, faults.neverRespond);
    clock.advance(15_000);
    const pending = gateway.send(ONE);
    await upstream.arrivals(6);
    clock.advance(TIMEOUT_MS);
    expectFault(await pending, { code: 'UPSTREAM_TIMEOUT' });
    await upstream.requests[5]!.closed;
    upstream.respond(WORKLOADS, GOOD);
    expect((await gateway.send(ONE)).data).toEqual(GOOD_ONE);
  });

  test('closes when the probe gets a reused connection that ScaleOps just closed', async () => {
    await using fixture = await startOpen({ SCALEOPS_MAX_IN_FLIGHT: '1' });
    const { upstream, gateway, clock } = fixture;
    upstream.respond(WORKLOADS, failing(1, faults.resetBeforeHeaders));
    clock.advance(15_000);
    const { response, waits } = await settle(gateway.send(ONE), clock);
    expect([response.data, waits]).toEqual([GOOD_ONE, []]);
    expect(upstream.requests[5]!.socket).toBe(upstream.requests[4]!.socket);
    expect(upstream.requests).toHaveLength(5 + 2);
  });

  test('ends a request with the failure that opened the circuit, without another attempt', async () => {
    await using fixture = await startFixture({ env: { SCALEOPS_BREAKER_FAILURES: '1' } });
    fixture.upstream.respond(WORKLOADS, faults.status(500));
    const { response, waits } = await settle(fixture.gateway.send(ONE), fixture.clock);
    expect(fixture.upstream.requests).toHaveLength(1);
    expect(waits).toEqual([]);
    expectFault(response, { code: 'UPSTREAM_ERROR' });
  });
});
