// Which faults allow a stale report, over real sockets, one row per fault. Faults of the host do. Responses about the
// request or the caller do not, and a rejection purges all stale reports.

import { describe, expect, test } from 'vitest';

import { settle } from '../kit/time/deferred.js';
import { at, NO_CACHE, shown, START_MS, WORKLOADS as QUERY } from '../kit/aging.js';
import * as faults from '../kit/upstream/fault-server.js';
import { startFaultServer, type Fault, type FaultServer } from '../kit/upstream/fault-server.js';
import { startGateway, type TestGateway } from '../kit/gateway.js';
import { createIdleClock, type IdleClock } from '../kit/time/idle-clock.js';

const WORKLOADS = '/detailedCostReport/getWorkloads';
const AGGREGATED = '/detailedCostReport/getAggregatedWorkloads';
const END_MS = 3_660_000;
const STALE = { asOf: at(0), isStale: true };

interface Fixture extends AsyncDisposable, TestGateway {
  readonly upstream: FaultServer;
  readonly clock: IdleClock;
}

/** One attempt per report; no report is served while it is refreshed. */
async function startFixture(env: Record<string, string> = {}): Promise<Fixture> {
  const upstream = await startFaultServer();
  for (const path of [WORKLOADS, AGGREGATED]) upstream.respond(path, good);
  const clock = createIdleClock(START_MS);
  const settings = {
    SCALEOPS_MAX_ATTEMPTS: '1',
    SCALEOPS_BREAKER_FAILURES: '1000',
    SCALEOPS_BREAKER_MIN_CALLS: '10000',
    SCALEOPS_MAX_RESPONSE_MB: '1',
    CACHE_STALE_SECONDS: '0',
  };
  const gateway = startGateway(upstream.url, { ...settings, ...env }, clock);
  return {
    ...gateway,
    upstream,
    clock,
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}

/** Over a new connection, so that a fault is never mistaken for the end of an idle one. */
const good = faults.closeDelimited(JSON.stringify(faults.goodReport()));

describe('a stale report is served until it expires', () => {
  test.each<[string, Fault, string, number?]>([
    ['408', faults.status(408), 'UPSTREAM_TIMEOUT'],
    ['429', faults.status(429), 'UPSTREAM_RATE_LIMITED'],
    ['429 with Retry-After', faults.status(429, { 'retry-after': '30' }), 'UPSTREAM_RATE_LIMITED', 30_000],
    ['500', faults.status(500), 'UPSTREAM_ERROR'],
    ['502', faults.status(502), 'UPSTREAM_UNAVAILABLE'],
    ['503', faults.status(503), 'UPSTREAM_UNAVAILABLE'],
    ['504', faults.status(504), 'UPSTREAM_TIMEOUT'],
    ['599', faults.status(599), 'UPSTREAM_ERROR'],
    ['a connection that is reset', faults.resetBeforeHeaders, 'UPSTREAM_UNAVAILABLE'],
    ['a body that is cut off', faults.closeInBody, 'UPSTREAM_UNAVAILABLE'],
    ['truncated JSON', faults.truncatedJson, 'UPSTREAM_BAD_RESPONSE'],
    ['an empty body', faults.text(''), 'UPSTREAM_BAD_RESPONSE'],
    ['an error with 200', faults.json({ error: 'no' }), 'UPSTREAM_ERROR'],
    ['a page with 200', faults.html('<p>maintenance</p>'), 'UPSTREAM_BAD_RESPONSE'],
    ['corrupt gzip', faults.corruptGzip, 'UPSTREAM_BAD_RESPONSE'],
    ['bytes that are no HTTP', faults.garbage, 'UPSTREAM_BAD_RESPONSE'],
  ])('after %s', async (_name, fault, code, pauseMs = 0) => {
    await using fixture = await startFixture();
    await fixture.send(QUERY);
    fixture.upstream.respond(WORKLOADS, fault);
    fixture.clock.advance(60_000);
    expect(shown(await fixture.send(QUERY))).toEqual(STALE);
    expect(fixture.upstream.requests).toHaveLength(2);
    fixture.clock.advance(END_MS - 60_000 - 1);
    expect(shown(await fixture.send(QUERY))).toEqual(STALE);
    fixture.clock.advance(1);
    expect(shown(await fixture.send(QUERY))).toBe(code);
    expect(fixture.upstream.requests).toHaveLength(pauseMs > 0 ? 3 : 4);
    fixture.upstream.respond(WORKLOADS, good);
    fixture.clock.advance(pauseMs);
    expect(shown(await fixture.send(QUERY))).toEqual({ asOf: at(END_MS + pauseMs), isStale: false });
  });

  test('while ScaleOps refuses connections', async () => {
    await using fixture = await startFixture();
    await fixture.send(QUERY);
    await fixture.upstream.stop();
    fixture.clock.advance(60_000);
    expect(shown(await fixture.send(QUERY))).toEqual(STALE);
    fixture.clock.advance(END_MS - 60_000);
    expect(shown(await fixture.send(QUERY))).toBe('UPSTREAM_UNAVAILABLE');
    expect(fixture.upstream.requests).toHaveLength(1);
  });

  test('when the deadline expires', async () => {
    await using fixture = await startFixture();
    await fixture.send(QUERY);
    fixture.upstream.respond(WORKLOADS, faults.neverRespond);
    fixture.clock.advance(60_000);
    const pending = fixture.send(QUERY);
    await fixture.upstream.arrivals(2);
    fixture.clock.advance(30_000);
    expect(shown(await pending)).toEqual(STALE);
    expect(fixture.upstream.requests).toHaveLength(2);
  });

  test('immediately, without a call, while the circuit breaker is open', async () => {
    await using fixture = await startFixture({ SCALEOPS_BREAKER_FAILURES: '1' });
    await fixture.send(QUERY);
    fixture.upstream.respond(WORKLOADS, faults.status(500));
    fixture.clock.advance(60_000);
    expect(shown(await fixture.send(QUERY))).toEqual(STALE);
    expect(fixture.upstream.requests).toHaveLength(2);
    for (let count = 0; count < 5; count += 1) expect(shown(await fixture.send(QUERY))).toEqual(STALE);
    expect(shown(await fixture.send('{ aggregatedCosts { asOf isStale } }'))).toBe('CIRCUIT_OPEN');
    expect(fixture.upstream.requests).toHaveLength(2);
  });

  test('immediately, without a call, while the gateway is overloaded', async () => {
    await using fixture = await startFixture({ SCALEOPS_MAX_IN_FLIGHT: '1', SCALEOPS_MAX_QUEUED: '0' });
    await fixture.send(QUERY);
    fixture.clock.advance(60_000);
    fixture.upstream.respond(AGGREGATED, faults.neverRespond);
    const controller = new AbortController();
    const other = fixture.send('{ aggregatedCosts { asOf } }', {}, { signal: controller.signal }).catch(() => 'left');
    await fixture.upstream.arrivals(2);
    expect(shown(await fixture.send(QUERY))).toEqual(STALE);
    expect(fixture.upstream.requests).toHaveLength(2);
    controller.abort();
    await other;
  });
});

describe('while ScaleOps hangs, a stale report is served', () => {
  test('to one caller after the timeout, to the next after a second, and to none once ScaleOps responds', async () => {
    await using fixture = await startFixture({ SCALEOPS_TIMEOUT_MS: '30000' });
    const { upstream, clock } = fixture;
    await fixture.send(QUERY);
    upstream.respond(WORKLOADS, faults.neverRespond);
    clock.advance(60_000);
    const sendFor = async (ms: number): Promise<unknown> => {
      const pending = fixture.send(QUERY);
      let hasResponded = false;
      void pending.then(() => (hasResponded = true));
      await upstream.arrivals(upstream.requests.length + 1);
      clock.advance(ms - 1);
      await settle();
      expect(hasResponded).toBe(false);
      clock.advance(1);
      return shown(await pending);
    };
    expect(await sendFor(30_000)).toEqual(STALE);
    expect(await sendFor(1_000)).toEqual(STALE);
    // The call of the second caller continues.
    const third = fixture.send(QUERY);
    await settle();
    clock.advance(1_000);
    expect(shown(await third)).toEqual(STALE);
    expect(upstream.requests).toHaveLength(3);
    clock.advance(30_000);
    upstream.respond(WORKLOADS, good);
    expect(shown(await fixture.send(QUERY))).toEqual({ asOf: new Date(clock.now()).toISOString(), isStale: false });
  });
});

const REFUSALS: [string, Fault, string][] = [
  ['401', faults.status(401), 'UPSTREAM_UNAUTHENTICATED'],
  ['403', faults.status(403), 'UPSTREAM_FORBIDDEN'],
  ['a redirect to a login page', faults.redirect('/auth/login'), 'UPSTREAM_UNAUTHENTICATED'],
  ['a login page with 200', faults.loginPage, 'UPSTREAM_UNAUTHENTICATED'],
];

describe('no stale report is served', () => {
  test.each<[string, Fault, string]>([
    ['400', faults.status(400), 'UPSTREAM_REJECTED'],
    ['404', faults.status(404), 'UPSTREAM_NOT_FOUND'],
    ['405', faults.status(405), 'UPSTREAM_NOT_FOUND'],
    ['422', faults.status(422), 'UPSTREAM_REJECTED'],
    ['a redirect to another host', faults.redirect('https://elsewhere.test/login'), 'UPSTREAM_BAD_RESPONSE'],
    ['a body that is too long', faults.tooLong(), 'UPSTREAM_RESPONSE_TOO_LARGE'],
  ])('after %s; it stays cached for a fault that allows it', async (_name, fault, code) => {
    await using fixture = await startFixture();
    await fixture.send(QUERY);
    fixture.upstream.respond(WORKLOADS, fault);
    fixture.clock.advance(10_000);
    expect(shown(await fixture.send(QUERY, {}, NO_CACHE))).toBe(code);
    fixture.clock.advance(50_000);
    expect(shown(await fixture.send(QUERY))).toBe(code);
    fixture.upstream.respond(WORKLOADS, faults.status(503));
    expect(shown(await fixture.send(QUERY))).toEqual(STALE);
    expect(fixture.upstream.requests).toHaveLength(4);
  });

  test.each(REFUSALS)('after %s; every report of the principal is purged', async (_name, fault, code) => {
    await using fixture = await startFixture();
    await fixture.send(QUERY);
    const other = '{ aggregatedCosts { asOf isStale } }';
    await fixture.send(other);
    fixture.upstream.respond(WORKLOADS, fault);
    fixture.clock.advance(60_000);
    expect(shown(await fixture.send(QUERY))).toBe(code);
    for (const path of [WORKLOADS, AGGREGATED]) fixture.upstream.respond(path, faults.status(503));
    for (const query of [QUERY, other]) expect(shown(await fixture.send(query))).toBe('UPSTREAM_UNAVAILABLE');
    expect(fixture.upstream.requests).toHaveLength(5);
  });

  test.each(REFUSALS)('after a background refresh has failed with %s, even within the stale window', async (...row) => {
    const [, fault, code] = row;
    await using fixture = await startFixture({ CACHE_STALE_SECONDS: '300' });
    await fixture.send(QUERY);
    fixture.upstream.respond(WORKLOADS, fault);
    fixture.clock.advance(60_000);
    // The gateway does not know of the rejection yet.
    expect(shown(await fixture.send(QUERY))).toEqual(STALE);
    await fixture.clock.idle();
    expect(shown(await fixture.send(QUERY))).toBe(code);
    expect(fixture.upstream.requests).toHaveLength(3);
  });
});
