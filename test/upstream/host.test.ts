// A host that fails as a whole: its port, name, certificate and redirects.

import dns from 'node:dns';
import { afterEach, describe, expect, test, vi } from 'vitest';

import { FAULT_AT } from '../kit/upstream/fault-rows.js';
import * as faults from '../kit/upstream/fault-server.js';
import { startFaultServer } from '../kit/upstream/fault-server.js';
import {
  expectOnlyOperationWarnings,
  expectFault,
  expectNothingLeaks,
  expectStale,
  expectWaits,
  GOOD_ONE,
  goodWorkloads,
  NO_BREAKER,
  ONE,
  QUERY,
  settle,
  startFixture,
  TIMEOUT_MS,
  WORKLOADS,
  type Fixture,
} from '../kit/upstream/fault-fixture.js';

const WORKLOADS_QUERY = '{ workloadCosts { asOf isStale rows { nodes { workloadName } } } }';
const NAME = 'canary-scaleops.test';
const toName = (url: string): string => url.replace('127.0.0.1', NAME);
const toTls = (url: string): string => url.replace('http:', 'https:');

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

type Lookup = (hostname: string, options: { all?: boolean }, callback: (...result: unknown[]) => void) => void;
const originalLookup = dns.lookup as unknown as Lookup;

/** Later lookups of the host name give this machine, fail, or never end. */
function resolveName(outcome: 'good' | 'ENOTFOUND' | 'EAI_AGAIN' | 'never'): void {
  const lookup: Lookup = (hostname, options, callback) => {
    if (hostname !== NAME) originalLookup(hostname, options, callback);
    if (hostname !== NAME || outcome === 'never') return;
    const error = Object.assign(new Error(`getaddrinfo ${outcome} ${hostname}`), { code: outcome, hostname });
    const found = options.all ? [[{ address: '127.0.0.1', family: 4 }]] : ['127.0.0.1', 4];
    setImmediate(() => {
      callback(...(outcome === 'good' ? [null, ...found] : [error]));
    });
  };
  vi.spyOn(dns, 'lookup').mockImplementation(lookup as never);
}

/** Closes all connections, so that the next call opens a new one. */
async function dropConnections({ upstream }: Fixture): Promise<void> {
  await upstream.stop();
  await upstream.start();
}

interface BrokenHost {
  readonly title: string;
  readonly toUrl?: (url: string) => string;
  readonly server?: faults.FaultServerOptions;
  /** The name while the host works. */
  readonly before?: () => void;
  readonly break: (fixture: Fixture) => Promise<void> | void;
  readonly waits: readonly 'jitter'[];
}

const TWICE = ['jitter', 'jitter'] as const;
const goodName = (): void => {
  resolveName('good');
};
const BROKEN: readonly BrokenHost[] = [
  { title: 'whose port is closed', break: ({ upstream }) => upstream.stop(), waits: TWICE },
  ...(['ENOTFOUND', 'EAI_AGAIN'] as const).map((code) => ({
    title: `whose name does not resolve (${code})`,
    toUrl: toName,
    before: goodName,
    break: async (fixture: Fixture) => {
      await dropConnections(fixture);
      resolveName(code);
    },
    waits: TWICE,
  })),
  {
    title: 'with an untrusted certificate',
    server: { tls: true },
    before: () => {
      // Simulates a connection: the resolver runs for each new one.
      vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    },
    break: async (fixture) => {
      await dropConnections(fixture);
      vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', undefined);
    },
    waits: [],
  },
];

// Fails when a code is removed from RETRIED_REASONS, when TLS is added, when an error's text leaks, or when an
// unreachable host allows no stale report.
describe.each(BROKEN)('a host $title', ({ toUrl, server, before, break: breakHost, waits }) => {
  const start = async (): Promise<Fixture> => {
    before?.();
    return startFixture({ startMs: FAULT_AT, ...(toUrl && { toUrl }), ...(server && { server }) });
  };

  test('is UPSTREAM_UNAVAILABLE and receives nothing', async () => {
    await using fixture = await start();
    await breakHost(fixture);
    const { response, waits: waited } = await settle(fixture.gateway.send(ONE), fixture.clock);
    expectFault(response, { code: 'UPSTREAM_UNAVAILABLE' });
    expectWaits(waited, waits);
    expect([fixture.upstream.requests.length, fixture.upstream.bytesReceived()]).toEqual([0, 0]);
    expectOnlyOperationWarnings(fixture.gateway, 'UPSTREAM_UNAVAILABLE');
    expectNothingLeaks(fixture, response);
  });

  test('gets its stale report served', async () => {
    await using fixture = await start();
    const { gateway, clock, upstream } = fixture;
    expect((await gateway.send(WORKLOADS_QUERY)).data).toEqual({ workloadCosts: goodWorkloads(FAULT_AT) });
    clock.advance(361_000);
    await breakHost(fixture);
    const { response, waits: waited } = await settle(gateway.send(WORKLOADS_QUERY), clock);
    expectStale(response, FAULT_AT);
    expectWaits(waited, waits);
    expect(upstream.requests).toHaveLength(1);
    expectNothingLeaks(fixture, response);
  });
});

// Fails when one part of a host's fault is reported as another's, or when the other report fails too.
describe('a host', () => {
  test('responds again once its port is open', async () => {
    await using fixture = await startFixture({ startMs: FAULT_AT, env: NO_BREAKER });
    await fixture.upstream.stop();
    const { response } = await settle(fixture.gateway.send(QUERY), fixture.clock);
    expectFault(response, { code: 'UPSTREAM_UNAVAILABLE' }, 'workloadCosts', 'aggregatedCosts');
    await fixture.upstream.start();
    const good = await fixture.gateway.send(ONE);
    expect(good.data).toEqual(GOOD_ONE);
    expectNothingLeaks(fixture, response, good);
  });

  test('is UPSTREAM_UNAVAILABLE when the resolver of this machine does not know its name', async () => {
    // A label of more than 63 characters: every resolver refuses it, so the test needs no network.
    const toUrl = (): string => `http://canary-in-host-name.${'a'.repeat(64)}.invalid`;
    await using fixture = await startFixture({ toUrl });
    const { response, waits } = await settle(fixture.gateway.send(ONE), fixture.clock);
    expectFault(response, { code: 'UPSTREAM_UNAVAILABLE' });
    expectWaits(waits, TWICE);
    expectNothingLeaks(fixture, response);
  });

  test('is UPSTREAM_UNAVAILABLE when it responds to a TLS handshake in plain text, and is not retried', async () => {
    await using fixture = await startFixture({ server: { onConnection: faults.garbage }, toUrl: toTls });
    const { response, waits } = await settle(fixture.gateway.send(ONE), fixture.clock);
    expectFault(response, { code: 'UPSTREAM_UNAVAILABLE' });
    expectWaits(waits, []);
    expect(fixture.upstream.requests).toEqual([]);
    expectNothingLeaks(fixture, response);
  });

  test.each([
    ['the TLS handshake never ends', toTls],
    ['the lookup of its name never ends', toName],
  ])('is UPSTREAM_TIMEOUT when %s, and is not retried', async (_what, toUrl) => {
    resolveName('never');
    await using fixture = await startFixture({ toUrl });
    const { gateway, clock } = fixture;
    const pending = gateway.send(ONE);
    await clock.set(1);
    clock.advance(TIMEOUT_MS);
    const { response, waits } = await settle(pending, clock);
    expectFault(response, { code: 'UPSTREAM_TIMEOUT' });
    expectWaits(waits, []);
    expectNothingLeaks(fixture, response);
  });

  test('is UPSTREAM_BAD_RESPONSE when it sends bytes before the request, and is retried once', async () => {
    await using fixture = await startFixture({ server: { onConnection: faults.garbage } });
    fixture.upstream.respond(WORKLOADS, faults.neverRespond);
    const { response, waits } = await settle(fixture.gateway.send(ONE), fixture.clock);
    expectFault(response, { code: 'UPSTREAM_BAD_RESPONSE' });
    expectWaits(waits, ['jitter']);
    expectNothingLeaks(fixture, response);
  });
});

// Fails when redirects are followed or retried, or when a foreign login page counts as a rejection, which purges.
describe('a redirect to another host', () => {
  test.each([
    ['/canary', 302],
    ['/login', 302],
    ['/canary', 307],
    ['/login', 308],
  ])('to %s, %d, is not followed: no stale report is served, and that host receives nothing', async (path, status) => {
    await using other = await startFaultServer();
    await using fixture = await startFixture({ startMs: FAULT_AT });
    const { upstream, gateway, clock, ports } = fixture;
    ports.push(String(other.port));
    await gateway.send(QUERY);
    clock.advance(361_000);
    upstream.respond(WORKLOADS, faults.redirect(`http://127.0.0.1:${other.port}${path}`, status));
    const { response, waits } = await settle(gateway.send(QUERY), clock);
    expectFault(response, { code: 'UPSTREAM_BAD_RESPONSE' });
    expectWaits(waits, []);
    expect([other.bytesReceived(), upstream.requests.length]).toEqual([0, 4]);
    upstream.respond(WORKLOADS, faults.status(501));
    expectStale(await gateway.send(QUERY), FAULT_AT);
    expectNothingLeaks(fixture, response);
  });
});
