// What became of the reports of one operation: for its log line, its metrics and the cache headers of its answer.

import type { Clock } from '../clock.js';
import type { CacheStatus, ReportLookup } from '../cache/report-lookup.js';

export interface LoadStats {
  /** How many reports came from where. */
  readonly cache: Record<CacheStatus, number>;
  /** The waits for ScaleOps, whatever came of them, in milliseconds since the Unix epoch. */
  readonly waits: { readonly since: number; endedAt: number | undefined }[];
  /** The age of each report, and how long it is fresh, in milliseconds. */
  readonly reports: Pick<ReportLookup, 'asOf' | 'freshMs' | 'isStale' | 'source'>[];
  /** Why stale reports were served. */
  readonly faults: NonNullable<ReportLookup['fault']>[];
  /** When the same question means another period, in milliseconds since the Unix epoch; Infinity for never. */
  validUntilMs: number;
}

export function createLoadStats(): LoadStats {
  const cache = { hit: 0, stale: 0, shared: 0, collapsed: 0, miss: 0 };
  return { cache, waits: [], reports: [], faults: [], validUntilMs: Infinity };
}

/** Records a wait for ScaleOps that lasts until the function that it returns is called. */
export function startWait({ waits }: LoadStats, clock: Clock): () => void {
  const wait = { since: clock.now(), endedAt: undefined as number | undefined };
  waits.push(wait);
  return () => {
    wait.endedAt = clock.now();
  };
}

/** The longest wait for ScaleOps, in milliseconds. One that goes on, after the operation was answered, lasts until now. */
export function longestWaitMs({ waits }: LoadStats, nowMs: number): number {
  return Math.max(0, ...waits.map(({ since, endedAt = nowMs }) => endedAt - since));
}

/** In every time zone of this century, days and hours begin at a multiple of this. */
const BOUNDARY_MS = 900_000;

/** Records that an answer is about a range of the calendar, so that it is valid until an hour or a day may begin. */
export function limitValidity(stats: LoadStats, nowMs: number): void {
  stats.validUntilMs = Math.min(stats.validUntilMs, BOUNDARY_MS * (Math.floor(nowMs / BOUNDARY_MS) + 1));
}

export function recordLookup(stats: LoadStats, lookup: ReportLookup): void {
  stats.cache[lookup.cacheStatus] += 1;
  stats.reports.push(lookup);
  if (lookup.fault !== undefined) stats.faults.push(lookup.fault);
}
