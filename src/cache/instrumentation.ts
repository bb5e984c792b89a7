// Hooks around lookups of reports, for metrics and traces.

import type { ReportKind } from '../report/request.js';
import type { ReportLookup } from './report-lookup.js';

export interface CacheInstrumentation {
  /** Surrounds a lookup that may wait. */
  load(report: ReportKind, run: () => Promise<ReportLookup>): Promise<ReportLookup>;
  /** Called after a lookup that was answered synchronously. */
  onHit(report: ReportKind, lookup: ReportLookup): void;
  /** Called when a cached report is used without a lookup of its own: as related report, or by a cached response. */
  onRelatedHit(report: ReportKind, lookup: ReportLookup): void;
}

export const NOOP_INSTRUMENTATION: CacheInstrumentation = {
  load: (_report, run) => run(),
  onHit: () => undefined,
  onRelatedHit: () => undefined,
};
