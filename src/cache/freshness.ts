// How long a report may be shown: while fresh, then while a newer one is fetched (stale-while-revalidate), and while the
// upstream fails (stale-if-error). The two terms are those of RFC 5861.

import type { Report } from '../report/report.js';

export interface FreshnessSettings {
  /** How long a report is fresh, in milliseconds; 0 disables the cache. */
  readonly ttlMs: number;
  /** How long a report about a past window is fresh, if that is longer. */
  readonly pastTtlMs: number;
  /** How long a report that is no longer fresh is shown while a newer one is fetched. */
  readonly staleMs: number;
  /** How long a report that is no longer fresh is shown while the upstream fails. */
  readonly staleIfErrorMs: number;
}

/** A report and its times, in milliseconds since the Unix epoch. */
export interface TimestampedReport {
  readonly report: Report;
  /** When the upstream request was sent: the upstream accepted the principal then or later. */
  readonly requestedAt: number;
  /** When the upstream's response had arrived. */
  readonly receivedAt: number;
}

export interface ReportAge extends Pick<TimestampedReport, 'report' | 'receivedAt'> {
  /** How long after `receivedAt` the report is fresh. */
  readonly freshMs: number;
}

/** When a report may be shown; each stage includes the cases of those after it. */
export type FreshnessStage = 'fresh' | 'while-revalidate' | 'if-error' | 'expired';

/** ScaleOps corrects prices for some days. A window that ended longer ago hardly changes any more. */
const SETTLED_AFTER_MS = 7 * 86_400_000;
/** How far the clocks of replicas may differ. A time further ahead was recorded before a clock was set back. */
export const MAX_CLOCK_SKEW_MS = 5_000;

export function freshnessLifetimeMs(
  { window, isPartial }: Pick<Report, 'window' | 'isPartial'>,
  receivedAt: number,
  { ttlMs, pastTtlMs }: Pick<FreshnessSettings, 'ttlMs' | 'pastTtlMs'>,
): number {
  if (ttlMs === 0) return 0;
  const isSettled = !isPartial && window !== null && window.endTime <= receivedAt - SETTLED_AFTER_MS;
  return isSettled ? Math.max(ttlMs, pastTtlMs) : ttlMs;
}

export function freshnessStage(
  { report, receivedAt, freshMs }: ReportAge,
  nowMs: number,
  { staleMs, staleIfErrorMs }: FreshnessSettings,
): FreshnessStage {
  const ageMs = nowMs - receivedAt;
  if (ageMs < -MAX_CLOCK_SKEW_MS) return 'expired';
  if (ageMs < freshMs) return 'fresh';
  if (report.isPartial) return 'expired';
  if (ageMs < freshMs + staleMs) return 'while-revalidate';
  return ageMs < freshMs + staleIfErrorMs ? 'if-error' : 'expired';
}

/** How long after `receivedAt` a report is worth retaining: one that is partial is not shown once it is not fresh. */
export function retentionMs({ report, receivedAt }: TimestampedReport, settings: FreshnessSettings): number {
  const freshMs = freshnessLifetimeMs(report, receivedAt, settings);
  return report.isPartial ? freshMs : freshMs + staleRetentionMs(settings);
}

/** The longest that any report is worth retaining. */
export function maxRetentionMs(settings: FreshnessSettings): number {
  return Math.max(settings.ttlMs, settings.pastTtlMs) + staleRetentionMs(settings);
}

function staleRetentionMs({ staleMs, staleIfErrorMs }: FreshnessSettings): number {
  return Math.max(staleMs, staleIfErrorMs);
}
