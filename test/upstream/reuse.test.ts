// A reused connection that the host just closed is the only fault that is retried immediately and without cost. A
// similar fault of the host counts like any other.

import { describe, expect, test } from 'vitest';

import * as faults from '../kit/upstream/fault-server.js';
import type { Fault } from '../kit/upstream/fault-server.js';
import {
  expectOnlyOperationWarnings,
  expectFault,
  expectNothingLeaks,
  GOOD_ONE,
  NO_CACHE,
  NO_RETRIES,
  onReuse,
  ONE,
  settle,
  startFixture,
  WORKLOADS,
} from '../kit/upstream/fault-fixture.js';

/** One connection, one attempt, no budget, and a breaker that opens at the first failure: any counted fault shows. */
const STRICT = {
  ...NO_RETRIES,
  ...NO_CACHE,
  SCALEOPS_RETRY_MIN: '0',
  SCALEOPS_BREAKER_FAILURES: '1',
  SCALEOPS_MAX_IN_FLIGHT: '1',
};
const resetInHeaders: Fault = (socket) => socket.write('HTTP/1.1 200 OK\r\nx-a', () => socket.resetAndDestroy());

// Fails when the immediate retry is left out, paused, or spends attempts, budget or breaker; and when a new connection
// gets it, or one over which a part of the response had arrived.
describe('a reused connection', () => {
  test.each<[string, Fault]>([
    ['reset', faults.resetBeforeHeaders],
    ['closed', faults.closeBeforeHeaders],
  ])('that is %s just when it is reused causes no error, however often it happens', async (_how, fault) => {
    await using fixture = await startFixture({ env: STRICT });
    const { upstream, gateway, clock } = fixture;
    upstream.respond(WORKLOADS, onReuse(fault));
    for (const arrived of [1, 3, 5]) {
      const { response, waits } = await settle(gateway.send(ONE), clock);
      expect([response.errors, response.data, waits]).toEqual([[], GOOD_ONE, []]);
      expect(upstream.requests).toHaveLength(arrived);
      expectNothingLeaks(fixture, response);
    }
    expect(upstream.requests[1]!.socket).toBe(upstream.requests[0]!.socket);
    expect(upstream.requests[2]!.socket).not.toBe(upstream.requests[0]!.socket);
    expect(upstream.requests[2]!.body).toBe(upstream.requests[1]!.body);
    expectOnlyOperationWarnings(gateway);
  });

  test.each<[string, Fault]>([
    ['headers', resetInHeaders],
    ['body', faults.resetInBody],
    ['gzip body', faults.resetInGzip],
    ['chunked body', faults.closeInChunkedBody],
  ])('that breaks in the %s is a fault like any other', async (_where, fault) => {
    await using fixture = await startFixture({ env: STRICT });
    const { upstream, gateway } = fixture;
    upstream.respond(WORKLOADS, onReuse(fault));
    expect((await gateway.send(ONE)).data).toEqual(GOOD_ONE);
    expectFault(await gateway.send(ONE), { code: 'UPSTREAM_UNAVAILABLE' });
    expect(upstream.requests[1]!.socket).toBe(upstream.requests[0]!.socket);
    expect(upstream.requests).toHaveLength(2);
    expectFault(await gateway.send(ONE), { code: 'CIRCUIT_OPEN', retryAfterMs: 15_000 });
  });

  test.each<[string, Fault]>([
    ['garbage', faults.garbage],
    ['headers over the limit', faults.hugeHeaders],
  ])('that fails with %s is reported as that fault', async (_what, fault) => {
    await using fixture = await startFixture({ env: STRICT });
    const { upstream, gateway } = fixture;
    upstream.respond(WORKLOADS, onReuse(fault));
    expect((await gateway.send(ONE)).data).toEqual(GOOD_ONE);
    expectFault(await gateway.send(ONE), { code: 'UPSTREAM_BAD_RESPONSE' });
    expect(upstream.requests).toHaveLength(2);
  });

  test.each<[string, Fault]>([
    ['reset', faults.resetBeforeHeaders],
    ['closed', faults.closeBeforeHeaders],
  ])('is distinguished from a new one that is %s', async (_how, fault) => {
    await using fixture = await startFixture({ env: STRICT });
    fixture.upstream.respond(WORKLOADS, fault);
    expectFault(await fixture.gateway.send(ONE), { code: 'UPSTREAM_UNAVAILABLE' });
    expect(fixture.upstream.requests).toHaveLength(1);
  });
});
