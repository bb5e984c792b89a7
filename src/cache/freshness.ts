// How long a report may be shown: as fresh, then while a newer one is fetched (stale-while-revalidate), and while the
// upstream fails (stale-if-error). Source of the two terms: RFC 5861.

import type { Report } from '../report/report.js';

export interface Freshness {
  /** How long a report is fresh, in milliseconds; 0 keeps none. */
  readonly ttlMs: number;
  /** The same for a report about a time that is long past, where that is more. */
  readonly pastTtlMs: number;
  /** How long after its freshness it is shown while it is fetched anew. */
  readonly staleMs: number;
  /** How long after its freshness it is shown while the upstream fails. */
  readonly staleIfErrorMs: number;
}

/** A report and its times, in milliseconds since the Unix epoch. */
export interface DatedReport {
  readonly report: Report;
  /** When the upstream was asked: it let the principal in then or later. */
  readonly askedAt: number;
  /** When the upstream gave it. */
  readonly asOf: number;
}

/** What there is to know of a report's age. Times are milliseconds since the Unix epoch. */
export interface Aged {
  /** When the upstream gave it. */
  readonly asOf: number;
  /** How long it is fresh from then on. */
  readonly freshMs: number;
}

/** What a report may be shown for; each stage includes those after it. */
export type Stage = 'fresh' | 'while-revalidate' | 'if-error' | 'expired';

/** The vendor corrects prices for some days; what ended longer ago than this hardly changes any more. */
const SETTLED_MS = 7 * 86_400_000;
/** How far the clocks of replicas may differ; what is dated further ahead is from before a clock was set back. */
export const MAX_SKEW_MS = 5_000;

export function lifetimeOf({ window }: Report, asOf: number, { ttlMs, pastTtlMs }: Freshness): number {
  // Nothing is kept then, whatever it is about.
  if (ttlMs === 0) return 0;
  const isSettled = window !== null && window.endTime <= asOf - SETTLED_MS;
  return isSettled ? Math.max(ttlMs, pastTtlMs) : ttlMs;
}

export function stageOf({ asOf, freshMs }: Aged, nowMs: number, { staleMs, staleIfErrorMs }: Freshness): Stage {
  const ageMs = nowMs - asOf;
  if (ageMs < -MAX_SKEW_MS) return 'expired';
  if (ageMs < freshMs) return 'fresh';
  if (ageMs < freshMs + staleMs) return 'while-revalidate';
  return ageMs < freshMs + staleIfErrorMs ? 'if-error' : 'expired';
}

/** How long it is worth keeping, from when the upstream gave it. */
export function keepMs({ freshMs }: Aged, { staleMs, staleIfErrorMs }: Freshness): number {
  return freshMs + Math.max(staleMs, staleIfErrorMs);
}
