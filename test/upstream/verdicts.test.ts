// Which outcomes count as failures of ScaleOps for the circuit breaker, and which do not.

import { describe, expect, test } from 'vitest';

import * as faults from '../kit/upstream/fault-server.js';
import type { Fault } from '../kit/upstream/fault-server.js';
import {
  expectOnlyOperationWarnings,
  expectFault,
  GOOD,
  GOOD_ONE,
  namespaceQuery,
  NO_CACHE,
  NO_RETRIES,
  onReuse,
  ONE,
  startFixture,
  WORKLOADS,
} from '../kit/upstream/fault-fixture.js';

const OPEN = { code: 'CIRCUIT_OPEN', retryAfterMs: 15_000 } as const;

// Fails when `judge` counts a rejection, a rate limit or a disconnected client as a failure, or a fault of ScaleOps as
// none.
describe('the circuit', () => {
  const ONCE = { ...NO_CACHE, ...NO_RETRIES, SCALEOPS_BREAKER_FAILURES: '1', SCALEOPS_MAX_IN_FLIGHT: '1' };

  test.each<[string, Fault]>([
    ...[400, 401, 403, 404, 422, 429].map((code): [string, Fault] => [`status ${code}`, faults.status(code)]),
    ['a redirect to the login', faults.redirect('/login')],
    ['a report over the limit', faults.tooLong()],
    ['a reused connection that was closed', onReuse(faults.closeBeforeHeaders)],
  ])('stays closed after %s', async (_title, fault) => {
    await using fixture = await startFixture({ env: ONCE });
    fixture.upstream.respond(WORKLOADS, fault);
    for (let time = 0; time < 3; time += 1) await fixture.gateway.send(namespaceQuery(`${time}`));
    fixture.upstream.respond(WORKLOADS, GOOD);
    expect((await fixture.gateway.send(ONE)).data).toEqual(GOOD_ONE);
  });

  test.each<[string, Fault]>([
    ...[408, 500, 502, 503, 504].map((code): [string, Fault] => [`status ${code}`, faults.status(code)]),
    ['a reset', faults.resetBeforeHeaders],
    ['a reset in the body', faults.resetInBody],
    ['no JSON', faults.truncatedJson],
    ['{"error"}', faults.json({ error: 'canary' })],
    ['HTML', faults.html('canary')],
  ])('opens after %s', async (_title, fault) => {
    await using fixture = await startFixture({ env: ONCE });
    fixture.upstream.respond(WORKLOADS, fault);
    await fixture.gateway.send(ONE);
    expectFault(await fixture.gateway.send(ONE), OPEN);
    expect(fixture.upstream.requests).toHaveLength(1);
  });

  test('opens after five failures in a row, and a rate limit counts neither as a failure nor as a success', async () => {
    await using fixture = await startFixture({ env: { ...NO_RETRIES, ...NO_CACHE } });
    const { upstream, gateway } = fixture;
    for (const [index, status] of [500, 500, 500, 500, 429, 500].entries()) {
      upstream.respond(WORKLOADS, faults.status(status));
      await gateway.send(namespaceQuery(`question-${index}`));
    }
    expectFault(await gateway.send(ONE), OPEN);
    expect(upstream.requests).toHaveLength(6);
  });

  test.each([400, 404, 403])('starts counting again after a status %d', async (between) => {
    await using fixture = await startFixture({ env: { ...NO_RETRIES, ...NO_CACHE } });
    const { upstream, gateway } = fixture;
    for (const [index, status] of [500, 500, 500, 500, between, 500, 500, 500, 500].entries()) {
      upstream.respond(WORKLOADS, faults.status(status));
      await gateway.send(namespaceQuery(`question-${index}`));
    }
    upstream.respond(WORKLOADS, GOOD);
    expect((await gateway.send(ONE)).data).toEqual(GOOD_ONE);
  });

  test('stays closed when clients disconnect', async () => {
    await using fixture = await startFixture({ env: ONCE });
    const { upstream, gateway } = fixture;
    upstream.respond(WORKLOADS, faults.neverRespond);
    const client = new AbortController();
    const settled = Promise.allSettled([gateway.send(ONE, undefined, { signal: client.signal })]);
    await upstream.arrivals(1);
    client.abort();
    await settled;
    upstream.respond(WORKLOADS, GOOD);
    expect((await gateway.send(ONE)).data).toEqual(GOOD_ONE);
    expectOnlyOperationWarnings(gateway);
  });
});
