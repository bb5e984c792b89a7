// A kept report as it is handed out: what the cache says of it, and where it came from.

import type { UpstreamError } from '../errors.js';
import type { Report } from '../report/report.js';
import type { Aged } from './freshness.js';
import type { Entry, Place, ReportMemory, ReportSource } from './memory/report-store.js';

/**
 * Where a report came from: memory, fresh or past it ("hit", "stale"); the memory of the replicas ("shared"); an upstream
 * call made for it ("miss"), or one that was already under way ("collapsed", as in RFC 9211).
 */
export type CacheResult = 'hit' | 'stale' | 'shared' | 'collapsed' | 'miss';

export interface CacheAnswer extends Aged {
  readonly report: Report;
  /** A newer one is being fetched, or could not be had. */
  readonly isStale: boolean;
  readonly cacheResult: CacheResult;
  /** How long the upstream call took that was waited for; 0 where none was. */
  readonly upstreamMs: number;
  /** Why there is no newer report, where that was tried. */
  readonly fault?: UpstreamError;
  /** To keep what is made of the report with it. */
  readonly source?: ReportSource | undefined;
}

export function createAnswering(memory: ReportMemory) {
  return (place: Place, entry: Entry, cacheResult: CacheResult, upstreamMs = 0): CacheAnswer => {
    const { report, asOf } = entry;
    const freshMs = memory.freshMs(place, entry);
    const source = { place, entry };
    return { report, asOf, freshMs, isStale: cacheResult === 'stale', cacheResult, upstreamMs, source };
  };
}
