// What became of the reports of one operation: for its log line, its metrics and the cache headers of its answer.

import type { CacheAnswer, CacheResult } from '../cache/report-cache.js';

export interface LoadStats {
  /** How many reports came from where. */
  readonly cache: Record<CacheResult, number>;
  /** The longest upstream call that the operation waited for, in milliseconds. */
  upstreamMs: number;
  /** The age of each report, and how long it is fresh, in milliseconds. */
  readonly reports: Pick<CacheAnswer, 'asOf' | 'freshMs' | 'isStale' | 'source'>[];
  /** Why stale reports were served. */
  readonly faults: NonNullable<CacheAnswer['fault']>[];
}

export function createLoadStats(): LoadStats {
  return { cache: { hit: 0, stale: 0, shared: 0, collapsed: 0, miss: 0 }, upstreamMs: 0, reports: [], faults: [] };
}

export function recordLookup(stats: LoadStats, lookup: CacheAnswer): void {
  stats.cache[lookup.cacheResult] += 1;
  stats.upstreamMs = Math.max(stats.upstreamMs, lookup.upstreamMs);
  stats.reports.push(lookup);
  if (lookup.fault !== undefined) stats.faults.push(lookup.fault);
}
