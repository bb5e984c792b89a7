// A gateway in front of a ScaleOps with faults, on a clock that a test moves, with assertions about responses.

import { expect } from 'vitest';

import { ERROR_CODES, type UpstreamErrorCode } from '../../../src/errors.js';
import type { Outcome, Row, Wait } from './fault-rows.js';
import * as faults from './fault-server.js';
import { startFaultServer, type Fault, type FaultServer } from './fault-server.js';
import { NO_TIMER, startGateway, TOKEN, type GraphqlResponse, type TestGateway } from '../gateway.js';
import { createWatchedClock, type WatchedClock } from '../time/watched-clock.js';

export const WORKLOADS = '/detailedCostReport/getWorkloads';
export const AGGREGATED = '/detailedCostReport/getAggregatedWorkloads';
export const TIMEOUT_MS = 30_000;
export const QUERY = `{
  workloadCosts { asOf isStale rows { nodes { workloadName } } }
  aggregatedCosts { asOf isStale rows { totalCount } }
}`;
export const ONE = '{ workloadCosts { rows { totalCount } } }';

export const GOOD_ONE = { workloadCosts: { rows: { totalCount: 1 } } };
/** The response to `QUERY` with a report of `asOf`. */
export const goodWorkloads = (asOf: number, isStale = false): object => ({
  asOf: new Date(asOf).toISOString(),
  isStale,
  rows: { nodes: [{ workloadName: 'api' }] },
});
export const goodAggregated = (asOf: number): object => ({
  asOf: new Date(asOf).toISOString(),
  isStale: false,
  rows: { totalCount: 1 },
});

export const GOOD = faults.json(faults.goodReport());
/** Fails with a status that forbids a retry. */
export const DOWN = faults.status(503, { 'retry-after': 60 });

/** A different query for each name. */
export const namespaceQuery = (name: string): string =>
  `{ workloadCosts(filter: { namespaces: { names: ["${name}"] } }) { rows { totalCount } } }`;
/** A query for the aggregated report. */
export const CLUSTER_QUERY = '{ aggregatedCosts(filter: { clusters: ["other"] }) { rows { totalCount } } }';

/** Fails `times` times, then succeeds. */
export function failing(times: number, fault: Fault): Fault {
  let count = 0;
  return (socket) => {
    count += 1;
    (count <= times ? fault : GOOD)(socket);
  };
}

/** Succeeds on a new connection, and fails when that is reused. */
export function onReuse(fault: Fault): Fault {
  const used = new WeakSet<object>();
  return (socket) => {
    (used.has(socket) ? fault : GOOD)(socket);
    used.add(socket);
  };
}

interface Held {
  readonly fault: Fault;
  /** Responds to all held requests, and to later ones. */
  readonly release: () => void;
}

/** Holds every request. */
export function hold(): Held {
  const sockets: Parameters<Fault>[0][] = [];
  let isOver = false;
  return {
    fault: (socket) => {
      if (isOver) GOOD(socket);
      else sockets.push(socket);
    },
    release: () => {
      isOver = true;
      for (const socket of sockets.splice(0)) GOOD(socket);
    },
  };
}

/** Settings that disable policies which a test is not about. */
export const NO_BREAKER = {
  SCALEOPS_BREAKER_FAILURES: '1000',
  SCALEOPS_BREAKER_PERCENT: '100',
  SCALEOPS_BREAKER_MIN_CALLS: '10000',
};
export const NO_RETRIES = { SCALEOPS_MAX_ATTEMPTS: '1' };
export const NO_CACHE = { CACHE_TTL_SECONDS: '0' };

export interface Fixture extends AsyncDisposable {
  readonly upstream: FaultServer;
  readonly gateway: TestGateway;
  readonly clock: WatchedClock;
  readonly ports: string[];
  /** The number of requests for this report. */
  readonly arrivedAt: (path: string) => number;
}

interface FixtureOptions {
  readonly server?: faults.FaultServerOptions;
  readonly env?: Record<string, string>;
  readonly startMs?: number;
  /** The address, if it is not the server's own. */
  readonly toUrl?: (url: string) => string;
}

export async function startFixture({
  server,
  env,
  startMs,
  toUrl = (url) => url,
}: FixtureOptions = {}): Promise<Fixture> {
  const upstream = await startFaultServer(server);
  const clock = createWatchedClock(startMs);
  const gateway = startGateway(toUrl(upstream.url), { ...NO_TIMER, SCALEOPS_MAX_RESPONSE_MB: '1', ...env }, clock);
  return {
    upstream,
    gateway,
    clock,
    ports: [String(upstream.port)],
    arrivedAt: (path) => upstream.requests.filter((request) => request.path.split('?')[0]!.endsWith(path)).length,
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}

/** Advances time to each retry; returns the pauses too. */
export async function settle<T>(pending: Promise<T>, clock: WatchedClock) {
  const waits: number[] = [];
  for (;;) {
    const waitMs = await clock.pause(pending);
    if (waitMs === undefined) return { response: await pending, waits };
    waits.push(waitMs);
    clock.advance(Math.ceil(waitMs));
  }
}

/** Sends `QUERY`, whose workload report gets the fault of the row. */
export async function sendThroughFault({ gateway, upstream, clock }: Fixture, { hangs }: Pick<Row, 'hangs'>) {
  const arrived = upstream.requests.length;
  const cancelled = clock.cancelledSoFar();
  const pending = gateway.send(QUERY);
  // The other report completes before time moves.
  await Promise.all([upstream.arrivals(arrived + 2), clock.cancelled(cancelled + 1)]);
  if (hangs) {
    clock.advance(TIMEOUT_MS - 1);
    expect(clock.pending()).toBe(1);
    clock.advance(1);
  }
  return settle(pending, clock);
}

/** The first pause is at most 400 ms, the second at most 800 ms, unless ScaleOps sends Retry-After. */
export function expectWaits(waits: readonly number[], expected: readonly Wait[]): void {
  expect(waits).toHaveLength(expected.length);
  for (const [at, wait] of expected.entries()) {
    if (wait === 'jitter') expect(waits[at]).toBeLessThanOrEqual(200 * 2 ** (at + 1));
    else expect(waits[at]).toBe(wait);
  }
}

/** No text or address of the upstream, and no token, in any response or log line. */
export function expectNothingLeaks(
  { gateway, ports }: Pick<Fixture, 'gateway' | 'ports'>,
  ...responses: GraphqlResponse[]
): void {
  const headers = responses.flatMap((response) => [...response.headers].flat());
  const output = [...responses.map(({ text }) => text), ...headers, ...gateway.log.map((line) => JSON.stringify(line))];
  const secrets = [faults.CANARY, TOKEN, /127\.0\.0\.1/, ...ports.map((port) => new RegExp(`(?<!\\d)${port}(?!\\d)`))];
  const isLeaked = (text: string) => secrets.some((secret) => text.search(secret) >= 0);
  expect(output.length).toBeGreaterThan(0);
  expect(output.filter(isLeaked)).toEqual([]);
}

const RETRYABLE: Readonly<Record<UpstreamErrorCode, boolean>> = {
  UPSTREAM_UNAVAILABLE: true,
  UPSTREAM_TIMEOUT: true,
  UPSTREAM_ERROR: true,
  UPSTREAM_RATE_LIMITED: true,
  UPSTREAM_BAD_RESPONSE: true,
  UPSTREAM_RESPONSE_TOO_LARGE: false,
  UPSTREAM_UNAUTHENTICATED: false,
  UPSTREAM_FORBIDDEN: false,
  UPSTREAM_NOT_FOUND: false,
  UPSTREAM_REJECTED: false,
  UNAUTHENTICATED: false,
  CIRCUIT_OPEN: true,
  OVERLOADED: true,
};

/** One error per field, with the gateway's own messages. */
export function expectFault(response: GraphqlResponse, outcome: Outcome, ...fields: readonly string[]): void {
  const { code, hint, retryAfterMs } = outcome;
  const message = ERROR_CODES[code].message;
  const failed = fields.length === 0 ? ['workloadCosts'] : fields;
  expect(response.status).toBe(200);
  expect(response.headers.get('cache-control')).toBe('no-store');
  // Fields may fail in any order.
  expect(response.errors.toSorted((a, b) => (String(a.path) < String(b.path) ? -1 : 1))).toEqual(
    failed.toSorted().map((field) => ({
      message: hint === undefined ? message : `${message} ${hint}`,
      path: [field],
      locations: [expect.any(Object)],
      extensions: {
        code,
        retryable: RETRYABLE[code],
        requestId: expect.any(String) as string,
        ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      },
    })),
  );
  for (const field of failed) expect((response.data as Record<string, unknown>)[field]).toBeNull();
}

/** The workload report has this `asOf`, in all parts of the response. */
export function expectStale(response: GraphqlResponse, asOf: number): void {
  expect(response.status).toBe(200);
  expect(response.errors).toEqual([]);
  expect(response.data).toMatchObject({ workloadCosts: goodWorkloads(asOf, true) });
  expect(response.headers.get('cache-control')).toBe('no-store');
  const { freshness } = (JSON.parse(response.text) as { extensions: { freshness: object } }).extensions;
  expect(freshness).toMatchObject({ isStale: true, asOf: new Date(asOf).toISOString() });
}

/** The operations with errors, with their codes, and no other warning, nor a log line about a defect. */
export function expectOnlyOperationWarnings({ log }: TestGateway, ...codes: readonly UpstreamErrorCode[]): void {
  expect(log.filter(({ level, msg }) => Number(level) > (msg === 'operation' ? 40 : 30))).toEqual([]);
  expect(
    log.flatMap(({ msg, errorCodes }) => (msg === 'operation' && errorCodes !== undefined ? [errorCodes] : [])),
  ).toEqual(codes.map((code) => [code]));
}
