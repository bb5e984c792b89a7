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
  startFixture,
  TIMEOUT_MS,
  WORKLOADS,
} from '../kit/upstream/fault-fixture.js';

const toTls = (url: string): string => url.replace('http:', 'https:');

// Fails when a part of a call is outside its deadline, when each attempt has its own, or when a call continues after it.
describe('the deadline', () => {
  test('is not extended by a body that arrives byte by byte', async () => {
    await using fixture = await startFixture();
    const drip = faults.createDrip();
    fixture.upstream.respond(WORKLOADS, drip.fault);
    const pending = fixture.gateway.send(QUERY);
    await Promise.all([fixture.upstream.arrivals(2), fixture.clock.cancelled(1)]);
    for (let time = 0; time < 3; time += 1) {
      drip.drop();
      fixture.clock.advance(TIMEOUT_MS / 3);
    }
    const response = await pending;
    expectFault(response, { code: 'UPSTREAM_TIMEOUT' });
    await fixture.upstream.requests.find(({ path }) => path.includes(WORKLOADS))!.closed;
    expectNothingLeaks(fixture, response);
  });

  test.each([
    [404, 'UPSTREAM_NOT_FOUND', 'Check SCALEOPS_WORKLOADS_PATH.'],
    [501, 'UPSTREAM_ERROR', undefined],
  ] as const)('is not awaited for a status %i whose body never ends', async (status, code, hint) => {
    await using fixture = await startFixture();
    fixture.upstream.respond(WORKLOADS, faults.createDrip(status).fault);
    const response = await fixture.gateway.send(ONE);
    expectFault(response, { code, ...(hint && { hint }) });
    fixture.clock.advance(TIMEOUT_MS);
    await fixture.upstream.requests[0]!.closed;
  });

  test('is set by SCALEOPS_TIMEOUT_MS', async () => {
    await using fixture = await startFixture({ env: { SCALEOPS_TIMEOUT_MS: '1234' } });
    fixture.upstream.respond(WORKLOADS, faults.neverRespond);
    const pending = fixture.gateway.send(QUERY);
    await Promise.all([fixture.upstream.arrivals(2), fixture.clock.cancelled(1)]);
    fixture.clock.advance(1_233);
    expect(fixture.clock.pending()).toBe(1);
    fixture.clock.advance(1);
    expectFault(await pending, { code: 'UPSTREAM_TIMEOUT' });
  });

  test('covers the wait for one of the eight slots', async () => {
    await using fixture = await startFixture();
    const { upstream, gateway, clock } = fixture;
    upstream.respond(WORKLOADS, faults.neverRespond);
    const busy = Array.from({ length: 8 }, (_, index) => gateway.send(namespaceQuery(`busy-${index}`)));
    await upstream.arrivals(8);
    const queued = gateway.send(namespaceQuery('queued'));
    // Its deadline, and its queue limit.
    await clock.set(8 + 2);
    clock.advance(TIMEOUT_MS);
    for (const response of await Promise.all([...busy, queued])) expectFault(response, { code: 'UPSTREAM_TIMEOUT' });
    await Promise.all(upstream.requests.map(({ closed }) => closed));
    expect(upstream.requests.map(({ body }) => body).join('\n')).not.toContain('queued');
    expect(clock.pending()).toBe(0);
  });

  test('applies to a queued call, which gets the first free connection', async () => {
    await using fixture = await startFixture();
    const { upstream, gateway, clock } = fixture;
    upstream.respond(WORKLOADS, faults.neverRespond);
    const busy = Array.from({ length: 8 }, (_, index) => gateway.send(namespaceQuery(`busy-${index}`)));
    await upstream.arrivals(8);
    clock.advance(TIMEOUT_MS - 1);
    const queued = gateway.send(namespaceQuery('queued'));
    await clock.set(8 + 2);
    const { socket } = upstream.requests[3]!;
    upstream.respond(WORKLOADS, GOOD);
    GOOD(socket);
    expect((await queued).data).toEqual(GOOD_ONE);
    expect(upstream.requests[8]!.socket).toBe(socket);

    clock.advance(1);
    const responses = await Promise.all(busy);
    expect(responses.map(({ errors }) => errors[0]?.extensions.code ?? 'good').sort()).toEqual([
      ...Array.from({ length: 7 }, () => 'UPSTREAM_TIMEOUT'),
      'good',
    ]);
  });

  test('ends the wait for a connection that is never established', async () => {
    await using fixture = await startFixture({ toUrl: toTls });
    const { gateway, clock } = fixture;
    const pending = Array.from({ length: 20 }, (_, index) => gateway.send(namespaceQuery(`n-${index}`)));
    await clock.set(20 + 12);
    clock.advance(TIMEOUT_MS);
    for (const response of await Promise.all(pending)) expectFault(response, { code: 'UPSTREAM_TIMEOUT' });
  });
});

// Fails when a disconnect cancels nothing, cancels calls of others, or leaves a timer or a connection open.
describe('clients that disconnect', () => {
  test('close the upstream connection when the last one disconnects', async () => {
    await using fixture = await startFixture();
    const { upstream, gateway, clock } = fixture;
    upstream.respond(WORKLOADS, faults.neverRespond);
    const clients = Array.from({ length: 10 }, () => new AbortController());
    const pending = clients.map(({ signal }) => gateway.send(ONE, undefined, { signal }));
    const settled = Promise.allSettled(pending);
    await upstream.arrivals(1);
    for (const client of clients) client.abort();
    await upstream.requests[0]!.closed;
    await settled;
    expect(clock.pending()).toBe(0);
    expect(upstream.requests).toHaveLength(1);

    upstream.respond(WORKLOADS, GOOD);
    const good = await gateway.send(ONE);
    expect(good.data).toEqual(GOOD_ONE);
    expect(upstream.requests).toHaveLength(2);
    expectNothingLeaks(fixture, good);
  });

  test('close the upstream connection in the middle of its body', async () => {
    await using fixture = await startFixture();
    fixture.upstream.respond(WORKLOADS, faults.createDrip().fault);
    const client = new AbortController();
    const settled = Promise.allSettled([fixture.gateway.send(ONE, undefined, { signal: client.signal })]);
    await fixture.upstream.arrivals(1);
    client.abort();
    await fixture.upstream.requests[0]!.closed;
    await settled;
    expect(fixture.clock.pending()).toBe(0);
  });

  test('do not affect a client that stays', async () => {
    await using fixture = await startFixture();
    const { upstream, gateway } = fixture;
    let finish: () => void = () => undefined;
    upstream.respond(WORKLOADS, (socket) => {
      finish = () => {
        GOOD(socket);
      };
    });
    const staying = gateway.send(ONE);
    await upstream.arrivals(1);
    const controller = new AbortController();
    const pending = Array.from({ length: 99 }, () => gateway.send(ONE, undefined, { signal: controller.signal }));
    const settled = Promise.allSettled(pending);
    // Its response proves that the earlier requests have joined.
    await gateway.send('{ __typename }');
    controller.abort();
    finish();
    const last = await staying;
    expect(last.data).toEqual(GOOD_ONE);
    await settled;
    expect(upstream.requests).toHaveLength(1);
  });

  test('close the upstream connection over a socket, too', async () => {
    await using fixture = await startFixture();
    fixture.upstream.respond(WORKLOADS, faults.neverRespond);
    const url = await fixture.gateway.gateway.listen();
    const client = httpRequest(`${url}/graphql`, { method: 'POST', headers: { 'content-type': 'application/json' } });
    const left = new Promise((resolve) => client.once('close', resolve));
    client.on('error', () => undefined);
    client.end(JSON.stringify({ query: ONE }));
    await fixture.upstream.arrivals(1);
    client.destroy();
    await left;
    await fixture.upstream.requests[0]!.closed;
    expect(fixture.clock.pending()).toBe(0);
  });
});
