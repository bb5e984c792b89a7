// The deadline of a report, and cancelled calls.

import { request as httpRequest } from 'node:http';
import { describe, expect, test } from 'vitest';

import * as faults from '../kit/upstream/fault-server.js';
import {
  expectFault,
  expectNothingLeaks,
  GOOD,
  GOOD_ONE,
  namespaceQuery,
  ONE,
  QUERY,
  startStand,
  TIMEOUT_MS,
  WORKLOADS,
} from '../kit/upstream/fault-stand.js';

const toTls = (url: string): string => url.replace('http:', 'https:');

// Fails when a part of a call is outside its deadline, when each attempt has its own, or when a call continues after it.
describe('the deadline', () => {
  test('is not extended by a body that drips', async () => {
    await using stand = await startStand();
    const drip = faults.createDrip();
    stand.upstream.answer(WORKLOADS, drip.fault);
    const asked = stand.gateway.ask(QUERY);
    await Promise.all([stand.upstream.arrivals(2), stand.clock.calledOff(1)]);
    for (let time = 0; time < 3; time += 1) {
      drip.drop();
      stand.clock.advance(TIMEOUT_MS / 3);
    }
    const answer = await asked;
    expectFault(answer, { code: 'UPSTREAM_TIMEOUT' });
    await stand.upstream.requests.find(({ path }) => path.includes(WORKLOADS))!.closed;
    expectNothingLeaks(stand, answer);
  });

  test.each([
    [404, 'UPSTREAM_NOT_FOUND', 'Check SCALEOPS_WORKLOADS_PATH.'],
    [501, 'UPSTREAM_ERROR', undefined],
  ] as const)('does not have to pass for a status %i whose body never ends', async (status, code, hint) => {
    await using stand = await startStand();
    stand.upstream.answer(WORKLOADS, faults.createDrip(status).fault);
    const answer = await stand.gateway.ask(ONE);
    expectFault(answer, { code, ...(hint && { hint }) });
    stand.clock.advance(TIMEOUT_MS);
    await stand.upstream.requests[0]!.closed;
  });

  test('is the one of SCALEOPS_TIMEOUT_MS', async () => {
    await using stand = await startStand({ env: { SCALEOPS_TIMEOUT_MS: '1234' } });
    stand.upstream.answer(WORKLOADS, faults.neverAnswer);
    const asked = stand.gateway.ask(QUERY);
    await Promise.all([stand.upstream.arrivals(2), stand.clock.calledOff(1)]);
    stand.clock.advance(1_233);
    expect(stand.clock.pending()).toBe(1);
    stand.clock.advance(1);
    expectFault(await asked, { code: 'UPSTREAM_TIMEOUT' });
  });

  test('covers the wait for one of the eight slots', async () => {
    await using stand = await startStand();
    const { upstream, gateway, clock } = stand;
    upstream.answer(WORKLOADS, faults.neverAnswer);
    const busy = Array.from({ length: 8 }, (_, index) => gateway.ask(namespaceQuery(`busy-${index}`)));
    await upstream.arrivals(8);
    const queued = gateway.ask(namespaceQuery('queued'));
    // Its deadline, and its queue limit.
    await clock.set(8 + 2);
    clock.advance(TIMEOUT_MS);
    for (const answer of await Promise.all([...busy, queued])) expectFault(answer, { code: 'UPSTREAM_TIMEOUT' });
    await Promise.all(upstream.requests.map(({ closed }) => closed));
    expect(upstream.requests.map(({ body }) => body).join('\n')).not.toContain('queued');
    expect(clock.pending()).toBe(0);
  });

  test('gives a queued call to the connection that is free first', async () => {
    await using stand = await startStand();
    const { upstream, gateway, clock } = stand;
    upstream.answer(WORKLOADS, faults.neverAnswer);
    const busy = Array.from({ length: 8 }, (_, index) => gateway.ask(namespaceQuery(`busy-${index}`)));
    await upstream.arrivals(8);
    clock.advance(TIMEOUT_MS - 1);
    const queued = gateway.ask(namespaceQuery('queued'));
    await clock.set(8 + 2);
    const { socket } = upstream.requests[3]!;
    upstream.answer(WORKLOADS, GOOD);
    GOOD(socket);
    expect((await queued).data).toEqual(GOOD_ONE);
    expect(upstream.requests[8]!.socket).toBe(socket);

    clock.advance(1);
    const answers = await Promise.all(busy);
    expect(answers.map(({ errors }) => errors[0]?.extensions.code ?? 'good').sort()).toEqual([
      ...Array.from({ length: 7 }, () => 'UPSTREAM_TIMEOUT'),
      'good',
    ]);
  });

  test('ends the wait for a connection that is never established', async () => {
    await using stand = await startStand({ toUrl: toTls });
    const { gateway, clock } = stand;
    const asked = Array.from({ length: 20 }, (_, index) => gateway.ask(namespaceQuery(`n-${index}`)));
    await clock.set(20 + 12);
    clock.advance(TIMEOUT_MS);
    for (const answer of await Promise.all(asked)) expectFault(answer, { code: 'UPSTREAM_TIMEOUT' });
  });
});

// Fails when leaving cancels nothing, cancels calls of others, or leaves a timer or a connection behind.
describe('clients that disconnect', () => {
  test('close the upstream connection when none is left', async () => {
    await using stand = await startStand();
    const { upstream, gateway, clock } = stand;
    upstream.answer(WORKLOADS, faults.neverAnswer);
    const clients = Array.from({ length: 10 }, () => new AbortController());
    const asked = clients.map(({ signal }) => gateway.ask(ONE, undefined, { signal }));
    const settled = Promise.allSettled(asked);
    await upstream.arrivals(1);
    for (const client of clients) client.abort();
    await upstream.requests[0]!.closed;
    await settled;
    expect(clock.pending()).toBe(0);
    expect(upstream.requests).toHaveLength(1);

    upstream.answer(WORKLOADS, GOOD);
    const good = await gateway.ask(ONE);
    expect(good.data).toEqual(GOOD_ONE);
    expect(upstream.requests).toHaveLength(2);
    expectNothingLeaks(stand, good);
  });

  test('close the upstream connection in the middle of its body', async () => {
    await using stand = await startStand();
    stand.upstream.answer(WORKLOADS, faults.createDrip().fault);
    const client = new AbortController();
    const settled = Promise.allSettled([stand.gateway.ask(ONE, undefined, { signal: client.signal })]);
    await stand.upstream.arrivals(1);
    client.abort();
    await stand.upstream.requests[0]!.closed;
    await settled;
    expect(stand.clock.pending()).toBe(0);
  });

  test('take nothing from a client that stays', async () => {
    await using stand = await startStand();
    const { upstream, gateway } = stand;
    let finish: () => void = () => undefined;
    upstream.answer(WORKLOADS, (socket) => {
      finish = () => {
        GOOD(socket);
      };
    });
    const staying = gateway.ask(ONE);
    await upstream.arrivals(1);
    const leaving = new AbortController();
    const asked = Array.from({ length: 99 }, () => gateway.ask(ONE, undefined, { signal: leaving.signal }));
    const settled = Promise.allSettled(asked);
    // Its response proves that the earlier requests have joined.
    await gateway.ask('{ __typename }');
    leaving.abort();
    finish();
    const last = await staying;
    expect(last.data).toEqual(GOOD_ONE);
    await settled;
    expect(upstream.requests).toHaveLength(1);
  });

  test('over a socket close the upstream connection too', async () => {
    await using stand = await startStand();
    stand.upstream.answer(WORKLOADS, faults.neverAnswer);
    const url = await stand.gateway.gateway.listen();
    const client = httpRequest(`${url}/graphql`, { method: 'POST', headers: { 'content-type': 'application/json' } });
    const left = new Promise((resolve) => client.once('close', resolve));
    client.on('error', () => undefined);
    client.end(JSON.stringify({ query: ONE }));
    await stand.upstream.arrivals(1);
    client.destroy();
    await left;
    await stand.upstream.requests[0]!.closed;
    expect(stand.clock.pending()).toBe(0);
  });
});
