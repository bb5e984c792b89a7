// Statistics of the reports that one operation loads, for its log line, its metrics and its cache headers.

import type { Clock } from '../clock.js';
import type { CacheStatus, ReportLookup } from '../cache/report-lookup.js';

export interface LoadStats {
  /** How many reports came from each place. */
  readonly cache: Record<CacheStatus, number>;
  /** The waits for ScaleOps, in milliseconds since the Unix epoch. */
  readonly waits: { readonly since: number; endedAt: number | undefined }[];
  /** The age of each report, and how long it is fresh, in milliseconds. */
  readonly reports: Pick<ReportLookup, 'asOf' | 'freshMs' | 'isStale' | 'source'>[];
  /** Why stale reports were served. */
  readonly faults: NonNullable<ReportLookup['fault']>[];
  /** When the same operation means another period, in milliseconds since the Unix epoch; Infinity for never. */
  validUntilMs: number;
}

export function createLoadStats(): LoadStats {
  const cache = { hit: 0, stale: 0, shared: 0, collapsed: 0, miss: 0 };
  return { cache, waits: [], reports: [], faults: [], validUntilMs: Infinity };
}

/** Records a wait for ScaleOps. Returns a function that ends it. */
export function startWait({ waits }: LoadStats, clock: Clock): () => void {
  const wait = { since: clock.now(), endedAt: undefined as number | undefined };
  waits.push(wait);
  return () => {
    wait.endedAt = clock.now();
  };
}

/** The longest wait for ScaleOps. A wait that has not ended lasts until `nowMs`. */
export function longestWaitMs({ waits }: LoadStats, nowMs: number): number {
  return Math.max(0, ...waits.map(({ since, endedAt = nowMs }) => endedAt - since));
}

/** In every time zone of this century, days and hours begin at a multiple of this. */
const BOUNDARY_MS = 900_000;

/** Records that the operation is about a calendar range, so that its response is valid until an hour or a day may begin. */
export function limitValidity(stats: LoadStats, nowMs: number): void {
  stats.validUntilMs = Math.min(stats.validUntilMs, BOUNDARY_MS * (Math.floor(nowMs / BOUNDARY_MS) + 1));
}

export function recordLookup(stats: LoadStats, lookup: ReportLookup): void {
  stats.cache[lookup.cacheStatus] += 1;
  stats.reports.push(lookup);
  if (lookup.fault !== undefined) stats.faults.push(lookup.fault);
}
