// A cached report as callers get it: its age, and where it came from. And hooks around lookups, for metrics and traces.

import type { UpstreamError } from '../errors.js';
import type { Report } from '../report/report.js';
import type { ReportKind } from '../report/request.js';
import type { ReportEntry } from './memory/report-entry.js';

/**
 * Where a report came from: process memory, fresh or not ("hit", "stale"); the cache that replicas share ("shared"); an
 * upstream call made for it ("miss"), or one already in progress ("collapsed", RFC 9211, section 2.6).
 */
export type CacheStatus = 'hit' | 'stale' | 'shared' | 'collapsed' | 'miss';

export interface ReportLookup {
  readonly report: Report;
  /** When the upstream's response arrived, in milliseconds since the Unix epoch. */
  readonly asOf: number;
  /** How long after `asOf` the report is fresh and its principal valid without asking ScaleOps. */
  readonly freshMs: number;
  /** A newer report is being fetched, or could not be fetched. */
  readonly isStale: boolean;
  readonly cacheStatus: CacheStatus;
  /** Why fetching a newer report failed, if that was tried. */
  readonly fault?: UpstreamError | undefined;
  /** The cache entry, for responses made from the report. */
  readonly source?: ReportEntry | undefined;
}

export interface CacheInstrumentation {
  /** Surrounds a lookup that may wait. */
  load(report: ReportKind, run: () => Promise<ReportLookup>): Promise<ReportLookup>;
  /** Called after a synchronous lookup. */
  onHit(report: ReportKind, lookup: ReportLookup): void;
  /** Called when a cached report is used without a lookup of its own: as a related report, or by a cached response. */
  onRelatedHit(report: ReportKind, lookup: ReportLookup): void;
}

export const NOOP_INSTRUMENTATION: CacheInstrumentation = {
  load: (_report, run) => run(),
  onHit: () => undefined,
  onRelatedHit: () => undefined,
};
