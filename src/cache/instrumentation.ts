// What may surround the loads of reports, so that they can be counted and traced. This room does neither.

import type { ReportKind } from '../report/request.js';
import type { CacheAnswer } from './report-cache.js';

export interface CacheInstrument {
  /** Surrounds the load of a report. */
  load(report: ReportKind, run: () => Promise<CacheAnswer>): Promise<CacheAnswer>;
  /** Told of a load that took no time. */
  loaded(report: ReportKind, answer: CacheAnswer): void;
  /** Told of a kept report that was found beside a load, as one of its family, and is made use of. */
  taken(report: ReportKind, answer: CacheAnswer): void;
}

export const UNOBSERVED: CacheInstrument = {
  load: (_report, run) => run(),
  loaded: () => undefined,
  taken: () => undefined,
};
