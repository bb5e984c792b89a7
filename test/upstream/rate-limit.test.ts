// After a 429 with Retry-After no call is made for the principal until then: its reports are refused at once, or shown stale.

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
  startStand,
  WORKLOADS,
  type Stand,
} from '../kit/upstream/fault-stand.js';

const limited = (retryAfter: number | string) => faults.status(429, { 'retry-after': retryAfter });
const refused = (retryAfterMs: number) => ({ code: 'UPSTREAM_RATE_LIMITED', retryAfterMs }) as const;

describe('after a 429 with Retry-After', () => {
  test('a principal makes no call until then, and its callers get the time that is left', async () => {
    await using stand = await startStand({ startMs: FAULT_AT });
    const { upstream, gateway, clock } = stand;
    upstream.answer(WORKLOADS, limited(20));
    const first = await gateway.ask(ONE);
    expectFault(first, refused(20_000));
    upstream.answer(WORKLOADS, GOOD);
    clock.advance(5_000);
    for (let time = 0; time < 10; time += 1) expectFault(await gateway.ask(ONE), refused(15_000));
    clock.advance(14_000);
    expectFault(await gateway.ask(namespaceQuery('other')), refused(1_000));
    expect(upstream.requests).toHaveLength(1);
    clock.advance(1_000);
    expect((await gateway.ask(ONE)).data).toEqual(GOOD_ONE);
    expect(upstream.requests).toHaveLength(2);
    expectNothingLeaks(stand, first);
  });

  test('of an hour, calls are made again after a minute', async () => {
    await using stand = await startStand({ startMs: FAULT_AT });
    const { upstream, gateway, clock } = stand;
    upstream.answer(WORKLOADS, limited(3_600));
    expectFault(await gateway.ask(ONE), refused(3_600_000));
    expectFault(await gateway.ask(ONE), refused(60_000));
    clock.advance(60_000);
    upstream.answer(WORKLOADS, GOOD);
    expect((await gateway.ask(ONE)).data).toEqual(GOOD_ONE);
    expect(upstream.requests).toHaveLength(2);
  });

  test('calls are made again when the clock is set back', async () => {
    await using stand = await startStand({ startMs: FAULT_AT });
    const { upstream, gateway, clock } = stand;
    upstream.answer(WORKLOADS, limited(60));
    await gateway.ask(ONE);
    clock.advance(-1);
    upstream.answer(WORKLOADS, GOOD);
    expect((await gateway.ask(ONE)).data).toEqual(GOOD_ONE);
  });

  test('stale reports are shown without a call', async () => {
    await using stand = await startStand({ startMs: FAULT_AT });
    const { upstream, gateway, clock } = stand;
    await gateway.ask(QUERY);
    clock.advance(361_000);
    upstream.answer(WORKLOADS, limited(20));
    await gateway.ask(namespaceQuery('other'));
    const arrived = upstream.requests.length;
    for (let time = 0; time < 3; time += 1) expectStale(await gateway.ask(QUERY), FAULT_AT);
    expect(upstream.requests).toHaveLength(arrived);
  });

  test('calls that wait for a slot are not made', async () => {
    await using stand = await startStand({ startMs: FAULT_AT, env: { SCALEOPS_MAX_IN_FLIGHT: '1' } });
    const { upstream, gateway, clock } = stand;
    const held = hold();
    upstream.answer(WORKLOADS, (socket) => {
      held.fault(socket);
    });
    const running = gateway.ask(ONE);
    await upstream.arrivals(1);
    const queued = [gateway.ask(namespaceQuery('a')), gateway.ask(namespaceQuery('b'))];
    await clock.set(2 * 3 - 1);
    upstream.answer(WORKLOADS, limited(20));
    held.release();
    await running;
    const answers = await Promise.all(queued);
    for (const answer of answers) expectFault(answer, refused(20_000));
    // One of the two was the call that got the 429.
    expect(upstream.requests).toHaveLength(2);
  });

  test('of a caller, calls of other callers are made', async () => {
    await using stand = await startStand({ startMs: FAULT_AT, env: { SCALEOPS_AUTH: 'forward', SCALEOPS_TOKEN: '' } });
    const askAs = (name: string) =>
      stand.gateway.ask(ONE, undefined, { headers: { authorization: `Bearer token-of-${name}` } });
    stand.upstream.answer(WORKLOADS, limited(20));
    expectFault(await askAs('ann'), refused(20_000));
    stand.upstream.answer(WORKLOADS, GOOD);
    expectFault(await askAs('ann'), refused(20_000));
    expect((await askAs('bob')).data).toEqual(GOOD_ONE);
    expect(stand.upstream.requests).toHaveLength(2);
  });

  test('without credentials, no call is made at all', async () => {
    await using stand = await startStand({ startMs: FAULT_AT, env: { SCALEOPS_AUTH: 'none', SCALEOPS_TOKEN: '' } });
    stand.upstream.answer(WORKLOADS, limited(20));
    await stand.gateway.ask(ONE);
    expectFault(await stand.gateway.ask(namespaceQuery('other')), refused(20_000));
    expect(stand.upstream.requests).toHaveLength(1);
  });
});

test('a short Retry-After is waited for by the report that got it, and refuses others meanwhile', async () => {
  await using stand: Stand = await startStand({ startMs: FAULT_AT });
  const { upstream, gateway, clock } = stand;
  upstream.answer(WORKLOADS, limited(3));
  const asked = gateway.ask(ONE);
  await clock.pause();
  upstream.answer(WORKLOADS, GOOD);
  expectFault(await gateway.ask(namespaceQuery('other')), refused(3_000));
  clock.advance(3_000);
  expect((await settle(asked, clock)).answer.data).toEqual(GOOD_ONE);
  expect(upstream.requests).toHaveLength(2);
});
