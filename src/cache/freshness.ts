// How long a report may be shown: while fresh, then while a newer one is fetched (stale-while-revalidate), and while the
// upstream fails (stale-if-error). The two terms are those of RFC 5861.

import type { Report } from '../report/report.js';
import { reachesPresent, type ReportRequest } from '../report/request.js';
import { windowState } from '../report/time/window-state.js';

export interface FreshnessSettings {
  /** How long a report is fresh whose window reaches into the present, in milliseconds; 0 disables the cache. */
  readonly ttlMs: number;
  /** The same for a window that is over, if that is longer: ScaleOps may still correct its costs. */
  readonly settlingTtlMs: number;
  /** The same for a window that ended long ago, if that is longer. */
  readonly settledTtlMs: number;
  /** How long after its end ScaleOps corrects the costs of a window. */
  readonly settledAfterMs: number;
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

/** How far the clocks of replicas may differ. A time further ahead was recorded before a clock was set back. */
export const MAX_CLOCK_SKEW_MS = 5_000;

type AgedReport = Pick<TimestampedReport, 'report' | 'receivedAt'>;

/** How long after `receivedAt` a report is fresh, by the state of its window then. */
export function freshnessLifetimeMs(
  { report: { window, isWhole }, receivedAt }: AgedReport,
  request: ReportRequest,
  { ttlMs, settlingTtlMs, settledTtlMs, settledAfterMs }: FreshnessSettings,
): number {
  if (ttlMs === 0) return 0;
  if (window === null || !isWhole) return ttlMs;
  const state = windowState(window, { reachesPresent: reachesPresent(request), settledAfterMs }, receivedAt);
  return Math.max(ttlMs, { RUNNING: ttlMs, SETTLING: settlingTtlMs, SETTLED: settledTtlMs }[state]);
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
export function retentionMs(found: AgedReport, request: ReportRequest, settings: FreshnessSettings): number {
  const freshMs = freshnessLifetimeMs(found, request, settings);
  return found.report.isPartial ? freshMs : freshMs + staleRetentionMs(settings);
}

/** The longest that any report is worth retaining. */
export function maxRetentionMs(settings: FreshnessSettings): number {
  const { ttlMs, settlingTtlMs, settledTtlMs } = settings;
  return Math.max(ttlMs, settlingTtlMs, settledTtlMs) + staleRetentionMs(settings);
}

function staleRetentionMs({ staleMs, staleIfErrorMs }: FreshnessSettings): number {
  return Math.max(staleMs, staleIfErrorMs);
}
