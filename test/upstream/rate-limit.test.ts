// After a 429 with Retry-After, no call is made for the principal until then. Its requests are refused immediately, or
// get stale reports.

import { describe, expect, test } from 'vitest';

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
  ONE,
  QUERY,
  settle,
  startFixture,
  WORKLOADS,
  type Fixture,
} from '../kit/upstream/fault-fixture.js';

const limited = (retryAfter: number | string) => faults.status(429, { 'retry-after': retryAfter });
const refused = (retryAfterMs: number) => ({ code: 'UPSTREAM_RATE_LIMITED', retryAfterMs }) as const;

describe('after a 429 with Retry-After', () => {
  test('a principal makes no call until then, and its callers get the remaining time', async () => {
    await using fixture = await startFixture({ startMs: FAULT_AT });
    const { upstream, gateway, clock } = fixture;
    upstream.respond(WORKLOADS, limited(20));
    const first = await gateway.send(ONE);
    expectFault(first, refused(20_000));
    upstream.respond(WORKLOADS, GOOD);
    clock.advance(5_000);
    for (let time = 0; time < 10; time += 1) expectFault(await gateway.send(ONE), refused(15_000));
    clock.advance(14_000);
    expectFault(await gateway.send(namespaceQuery('other')), refused(1_000));
    expect(upstream.requests).toHaveLength(1);
    clock.advance(1_000);
    expect((await gateway.send(ONE)).data).toEqual(GOOD_ONE);
    expect(upstream.requests).toHaveLength(2);
    expectNothingLeaks(fixture, first);
  });

  test('of an hour, calls are made again after a minute', async () => {
    await using fixture = await startFixture({ startMs: FAULT_AT });
    const { upstream, gateway, clock } = fixture;
    upstream.respond(WORKLOADS, limited(3_600));
    expectFault(await gateway.send(ONE), refused(3_600_000));
    expectFault(await gateway.send(ONE), refused(60_000));
    clock.advance(60_000);
    upstream.respond(WORKLOADS, GOOD);
    expect((await gateway.send(ONE)).data).toEqual(GOOD_ONE);
    expect(upstream.requests).toHaveLength(2);
  });

  test('calls are made again when the clock is set back', async () => {
    await using fixture = await startFixture({ startMs: FAULT_AT });
    const { upstream, gateway, clock } = fixture;
    upstream.respond(WORKLOADS, limited(60));
    await gateway.send(ONE);
    clock.advance(-1);
    upstream.respond(WORKLOADS, GOOD);
    expect((await gateway.send(ONE)).data).toEqual(GOOD_ONE);
  });

  test('stale reports are served without a call', async () => {
    await using fixture = await startFixture({ startMs: FAULT_AT });
    const { upstream, gateway, clock } = fixture;
    await gateway.send(QUERY);
    clock.advance(361_000);
    upstream.respond(WORKLOADS, limited(20));
    await gateway.send(namespaceQuery('other'));
    const arrived = upstream.requests.length;
    for (let time = 0; time < 3; time += 1) expectStale(await gateway.send(QUERY), FAULT_AT);
    expect(upstream.requests).toHaveLength(arrived);
  });

  test('calls that wait for a slot are not made', async () => {
    await using fixture = await startFixture({ startMs: FAULT_AT, env: { SCALEOPS_MAX_IN_FLIGHT: '1' } });
    const { upstream, gateway, clock } = fixture;
    const held = hold();
    upstream.respond(WORKLOADS, (socket) => {
      held.fault(socket);
    });
    const running = gateway.send(ONE);
    await upstream.arrivals(1);
    const queued = [gateway.send(namespaceQuery('a')), gateway.send(namespaceQuery('b'))];
    await clock.set(2 * 3 - 1);
    upstream.respond(WORKLOADS, limited(20));
    held.release();
    await running;
    const responses = await Promise.all(queued);
    for (const response of responses) expectFault(response, refused(20_000));
    // One of the two was the call that got the 429.
    expect(upstream.requests).toHaveLength(2);
  });

  test('of a caller, calls of other callers are made', async () => {
    await using fixture = await startFixture({
      startMs: FAULT_AT,
      env: { SCALEOPS_AUTH: 'forward', SCALEOPS_TOKEN: '' },
    });
    const sendAs = (name: string) =>
      fixture.gateway.send(ONE, undefined, { headers: { authorization: `Bearer token-of-${name}` } });
    fixture.upstream.respond(WORKLOADS, limited(20));
    expectFault(await sendAs('ann'), refused(20_000));
    fixture.upstream.respond(WORKLOADS, GOOD);
    expectFault(await sendAs('ann'), refused(20_000));
    expect((await sendAs('bob')).data).toEqual(GOOD_ONE);
    expect(fixture.upstream.requests).toHaveLength(2);
  });

  test('without credentials, no call is made at all', async () => {
    await using fixture = await startFixture({ startMs: FAULT_AT, env: { SCALEOPS_AUTH: 'none', SCALEOPS_TOKEN: '' } });
    fixture.upstream.respond(WORKLOADS, limited(20));
    await fixture.gateway.send(ONE);
    expectFault(await fixture.gateway.send(namespaceQuery('other')), refused(20_000));
    expect(fixture.upstream.requests).toHaveLength(1);
  });
});

test('the report that got a short Retry-After waits for it, and others are refused meanwhile', async () => {
  await using fixture: Fixture = await startFixture({ startMs: FAULT_AT });
  const { upstream, gateway, clock } = fixture;
  upstream.respond(WORKLOADS, limited(3));
  const pending = gateway.send(ONE);
  await clock.pause();
  upstream.respond(WORKLOADS, GOOD);
  expectFault(await gateway.send(namespaceQuery('other')), refused(3_000));
  clock.advance(3_000);
  expect((await settle(pending, clock)).response.data).toEqual(GOOD_ONE);
  expect(upstream.requests).toHaveLength(2);
});
