// The workloads behind an hourly upstream: some always exist, one starts and one ends in the days before START_MS, one
// has no team, and one namespace is in two clusters.

import type { Clock } from '../../../src/clock.js';
import { startGateway, type GraphqlResponse, type TestGateway } from '../gateway.js';
import { HourlyUpstream, type HourlyRequest, type HourlyWorkload } from './hourly-upstream.js';

/** A Thursday. Clocks in Berlin went forward on 2026-03-29. */
export const START_MS = Date.UTC(2026, 3, 16, 10, 20);
export const DAY_MS = 86_400_000;
const midnight = (daysAgo: number): number => Date.UTC(2026, 3, 16 - daysAgo);

const base = { cluster: 'prod', isSpot: false, rate: 40 };
export const COMPANY: readonly HourlyWorkload[] = [
  { ...base, namespace: 'shop', name: 'cart', team: 'web' },
  { ...base, namespace: 'shop', name: 'search', team: 'data', rate: 75 },
  { ...base, namespace: 'shop', name: 'cart', team: 'web', cluster: 'staging', isSpot: true, rate: 9 },
  { ...base, namespace: 'ml', name: 'train', team: 'data', isSpot: true, rate: 120 },
  { ...base, namespace: 'ops', name: 'logs', team: null, rate: 15 },
  { ...base, namespace: 'new', name: 'born', team: 'web', rate: 60, startsAt: midnight(3) },
  { ...base, namespace: 'old', name: 'dead', team: 'data', rate: 66, endsAt: midnight(9) },
];

export function startCompany(clock: Clock): Promise<HourlyUpstream> {
  return new HourlyUpstream(COMPANY, clock.now).start();
}

export interface CompanyGateway extends TestGateway {
  readonly upstream: HourlyUpstream;
  /** Sends an operation, and returns the response with the requests that ScaleOps received for it. */
  count(query: string, variables?: unknown): Promise<{ response: GraphqlResponse; received: readonly HourlyRequest[] }>;
}

/** A gateway on the company, with one attempt per report and no circuit breaker. */
export async function startCompanyGateway(clock: Clock, env: Record<string, string> = {}): Promise<CompanyGateway> {
  const upstream = await startCompany(clock);
  const settings = {
    SCALEOPS_MAX_ATTEMPTS: '1',
    SCALEOPS_BREAKER_FAILURES: '1000',
    SCALEOPS_BREAKER_MIN_CALLS: '10000',
  };
  const gateway = startGateway(upstream.url, { ...settings, ...env }, clock);
  return {
    ...gateway,
    upstream,
    async count(query, variables) {
      const before = upstream.received.length;
      const response = await gateway.send(query, variables);
      return { response, received: upstream.received.slice(before) };
    },
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}

/** A window by the times of its ends, such as "2026-04-16T00:00Z". */
export function between(from: string, to: string) {
  return { from: Date.parse(from), to: Date.parse(to) };
}

/** Rounds to whole millionths, the unit of all costs. */
export function subtract(a: number, b: number): number {
  return (Math.round(a * 1e6) - Math.round(b * 1e6)) / 1e6;
}
