// The failures of one caller or request do not affect others: the circuit stays closed, and upstream slots are shared
// fairly. A host that is down still opens the circuit, for any request.

import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';

import { sendMany, countCodes } from '../kit/upstream/fault-load.js';
import * as faults from '../kit/upstream/fault-server.js';
import type { Fault } from '../kit/upstream/fault-server.js';
import {
  expectFault,
  GOOD,
  GOOD_ONE,
  namespaceQuery,
  NO_CACHE,
  NO_RETRIES,
  ONE,
  settle,
  startFixture,
  WORKLOADS,
  type Fixture,
} from '../kit/upstream/fault-fixture.js';

const FORWARD = { SCALEOPS_AUTH: 'forward', SCALEOPS_TOKEN: '', ...NO_RETRIES, ...NO_CACHE };

const sendAs = ({ gateway }: Fixture, token: string, query = ONE) =>
  gateway.send(query, undefined, { headers: { authorization: `Bearer ${token}` } });

/** Fails for tokens with this text, and succeeds for all others. */
const failFor =
  (fixture: Fixture, text: string, fault: Fault): Fault =>
  (socket) => {
    const { headers } = fixture.upstream.requests.at(-1)!;
    (headers.authorization!.includes(text) ? fault : GOOD)(socket);
  };

/** Fails for requests with this text, and succeeds for all others. */
const failOn =
  (fixture: Fixture, text: string, fault: Fault): Fault =>
  (socket) => {
    (fixture.upstream.requests.at(-1)!.body.includes(text) ? fault : GOOD)(socket);
  };

const ANY_FAULT: readonly [string, Fault][] = [
  ['a redirect elsewhere', faults.redirect('https://elsewhere.test/')],
  ['a page', faults.html('canary')],
  ['an error with 200', faults.json({ error: 'canary' })],
  ['no JSON', faults.truncatedJson],
  ['status 500', faults.status(500)],
  ['status 504', faults.status(504)],
];

describe('made-up tokens', () => {
  // Fails when a failure with a token that ScaleOps never accepted counts.
  test.each(ANY_FAULT)('that ScaleOps rejects with %s do not open the circuit', async (_name, fault) => {
    await using fixture = await startFixture({ env: FORWARD });
    fixture.upstream.respond(WORKLOADS, failFor(fixture, 'made-up', fault));
    for (let round = 0; round < 20; round += 1) {
      const { errors } = await sendAs(fixture, `made-up-${round}`, namespaceQuery(`question-${round}`));
      expect(errors[0]?.extensions.code).not.toBe('CIRCUIT_OPEN');
    }
    expect(countCodes([await sendAs(fixture, 'good')])).toEqual({ good: 1 });
  });
});

describe('requests that fail at ScaleOps', () => {
  // Fails when a request counts each of its failures.
  test.each(ANY_FAULT)('with %s do not open the circuit, however often two of them are sent', async (_name, fault) => {
    await using fixture = await startFixture({ env: { ...NO_RETRIES, ...NO_CACHE } });
    const { upstream, gateway } = fixture;
    upstream.respond(WORKLOADS, failOn(fixture, 'poison', fault));
    for (let round = 0; round < 20; round += 1) {
      const response = await gateway.send(namespaceQuery(`poison-${round % 2}`));
      expect(response.errors[0]?.extensions.code).not.toBe('CIRCUIT_OPEN');
    }
    expect((await gateway.send(ONE)).data).toEqual(GOOD_ONE);
  });

  test.each([500, 503])('with status %i count once although they are retried', async (status) => {
    await using fixture = await startFixture({ env: { ...NO_CACHE, SCALEOPS_BREAKER_FAILURES: '3' } });
    fixture.upstream.respond(WORKLOADS, faults.status(status));
    for (const name of ['a', 'b']) await settle(fixture.gateway.send(namespaceQuery(name)), fixture.clock);
    expect(fixture.upstream.requests.length).toBeGreaterThan(3);
    fixture.upstream.respond(WORKLOADS, GOOD);
    expect((await fixture.gateway.send(ONE)).data).toEqual(GOOD_ONE);
  });

  // Fails when one caller alone can open the circuit.
  test('of one caller alone do not open the circuit while there are others', async () => {
    await using fixture = await startFixture({ env: FORWARD });
    fixture.upstream.respond(WORKLOADS, failOn(fixture, 'poison', faults.status(500)));
    for (const token of ['ann', 'bob']) expect((await sendAs(fixture, token)).data).toEqual(GOOD_ONE);
    for (let round = 0; round < 20; round += 1) await sendAs(fixture, 'ann', namespaceQuery(`poison-${round}`));
    expect((await sendAs(fixture, 'bob')).data).toEqual(GOOD_ONE);
  });

  test('of several callers open the circuit', async () => {
    await using fixture = await startFixture({ env: FORWARD });
    for (const token of ['ann', 'bob']) expect((await sendAs(fixture, token)).data).toEqual(GOOD_ONE);
    fixture.upstream.respond(WORKLOADS, faults.status(500));
    for (let round = 0; round < 3; round += 1) {
      for (const token of ['ann', 'bob']) await sendAs(fixture, token, namespaceQuery(`${token}-${round}`));
    }
    expectFault(await sendAs(fixture, 'ann'), { code: 'CIRCUIT_OPEN', retryAfterMs: 15_000 });
  });
});

describe('a host that is down', () => {
  test.each<[string, Fault]>([
    ['reset', faults.resetBeforeHeaders],
    ['status 502', faults.status(502)],
    ['status 503', faults.status(503)],
  ])('with %s opens the circuit after five failures in a row of one request', async (_name, fault) => {
    await using fixture = await startFixture({ env: FORWARD });
    fixture.upstream.respond(WORKLOADS, fault);
    for (let time = 0; time < 5; time += 1) await sendAs(fixture, 'made-up');
    expectFault(await sendAs(fixture, 'made-up'), { code: 'CIRCUIT_OPEN', retryAfterMs: 15_000 });
    expect(fixture.upstream.requests).toHaveLength(5);
  });
});

describe('50 concurrent requests for different reports, which take a second each', () => {
  // Fails when the queue holds 34, or waits for two seconds.
  test('all complete within the deadline, eight at a time', async () => {
    await using fixture = await startFixture();
    const { upstream, clock } = fixture;
    const sockets: Socket[] = [];
    upstream.respond(WORKLOADS, (socket) => sockets.push(socket));
    const pending = sendMany(fixture, 50);
    for (let arrived = 0; arrived < 50;) {
      arrived = Math.min(50, arrived + 8);
      await upstream.arrivals(arrived);
      expect(upstream.requests).toHaveLength(arrived);
      clock.advance(1_000);
      for (const socket of sockets.splice(0)) GOOD(socket);
    }
    expect(countCodes(await Promise.all(pending))).toEqual({ good: 50 });
    expect(upstream.requests).toHaveLength(50);
  });
});

describe('a caller with many requests', () => {
  // Fails when a caller may hold all slots, and when the queue is served in order of arrival.
  test('holds six of eight slots, and another caller is served before its queued requests', async () => {
    await using fixture = await startFixture({ env: FORWARD });
    const { upstream } = fixture;
    const sockets: Socket[] = [];
    upstream.respond(WORKLOADS, (socket) => sockets.push(socket));
    const greedy = Array.from({ length: 30 }, (_, index) => sendAs(fixture, 'greedy', namespaceQuery(`own-${index}`)));
    await upstream.arrivals(6);
    const others = ['ann', 'bob', 'eve'].map((token) => sendAs(fixture, token));
    await upstream.arrivals(8);
    expect(upstream.requests.slice(6).map(({ headers }) => headers.authorization)).toEqual([
      'Bearer ann',
      'Bearer bob',
    ]);
    for (const socket of sockets.splice(0, 6)) GOOD(socket);
    await upstream.arrivals(14);
    expect(upstream.requests.slice(8, 10).map(({ headers }) => headers.authorization)).toContain('Bearer eve');
    upstream.respond(WORKLOADS, GOOD);
    for (const socket of sockets) GOOD(socket);
    expect(countCodes(await Promise.all([...greedy, ...others]))).toEqual({ good: 33 });
  });
});
