// How long a report may be shown: while it is fresh, then while a newer one is fetched (stale-while-revalidate) or the
// upstream fails (stale-if-error), as in RFC 5861.

import type { Report } from '../report/report.js';
import { isOpenEnded, type ReportRequest } from '../report/request.js';
import { windowState } from '../report/time/window-state.js';

export interface FreshnessSettings {
  /** How long a report is fresh if its window reaches into the present; 0 disables the cache. */
  readonly ttlMs: number;
  /** The same for a window that is over but whose costs ScaleOps may still correct. At least `ttlMs` applies. */
  readonly settlingTtlMs: number;
  /** The same for a window that ended long ago. At least `ttlMs` applies. */
  readonly settledTtlMs: number;
  /** How long after its end ScaleOps corrects the costs of a window. */
  readonly settledAfterMs: number;
  /** How long a stale report is shown while a newer one is fetched. */
  readonly staleMs: number;
  /** How long a stale report is shown while the upstream fails. */
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

/** A report with the time for which it is fresh. */
export interface AgedReport extends TimestampedReport {
  /** Counted from `receivedAt`. */
  readonly freshMs: number;
}

/** When a report may be shown: a stage includes the later stages, except `expired`. */
export type FreshnessStage = 'fresh' | 'while-revalidate' | 'if-error' | 'expired';

/** How far the clocks of replicas may differ. A time further ahead was recorded before a clock was set back. */
export const MAX_CLOCK_SKEW_MS = 5_000;

/** How long after `receivedAt` a report is fresh, by the state of its window then. */
export function freshnessLifetimeMs(
  { report: { window, isComplete }, receivedAt }: TimestampedReport,
  request: ReportRequest,
  { ttlMs, settlingTtlMs, settledTtlMs, settledAfterMs }: FreshnessSettings,
): number {
  if (ttlMs === 0) return 0;
  if (window === null || !isComplete) return ttlMs;
  const state = windowState(window, { isOpenEnded: isOpenEnded(request), settledAfterMs }, receivedAt);
  return Math.max(ttlMs, { RUNNING: ttlMs, SETTLING: settlingTtlMs, SETTLED: settledTtlMs }[state]);
}

export function freshnessStage(
  { report, receivedAt, freshMs }: AgedReport,
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

/** How long after `receivedAt` to retain a report. A partial report is not shown once it is no longer fresh. */
export function retentionMs(cached: TimestampedReport, request: ReportRequest, settings: FreshnessSettings): number {
  const freshMs = freshnessLifetimeMs(cached, request, settings);
  return cached.report.isPartial ? freshMs : freshMs + Math.max(settings.staleMs, settings.staleIfErrorMs);
}

/** The longest time for which any report is retained. */
export function maxRetentionMs(settings: FreshnessSettings): number {
  const { ttlMs, settlingTtlMs, settledTtlMs, staleMs, staleIfErrorMs } = settings;
  return Math.max(ttlMs, settlingTtlMs, settledTtlMs) + Math.max(staleMs, staleIfErrorMs);
}
