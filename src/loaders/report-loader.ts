// Loads reports for one request: equal ones once, whichever aliases ask for them.

import DataLoader from 'dataloader';

import type { CacheAnswer } from '../cache/report-cache.js';
import { toRequestKey, type ReportRequest } from '../report/request.js';

/** A report as a resolver gets it, and what it is the answer to. */
export interface LoadedReport extends Pick<CacheAnswer, 'report' | 'asOf' | 'isStale'> {
  readonly request: ReportRequest;
}

export type ReportLoader = DataLoader<ReportRequest, LoadedReport, string>;

export function createReportLoader(load: (request: ReportRequest) => Promise<LoadedReport>): ReportLoader {
  return new DataLoader(
    // One by one: the REST API has no call for several. An error fails only its own report.
    (requests) => Promise.all(requests.map((request) => load(request).catch(toError))),
    { cacheKeyFn: toRequestKey },
  );
}

export function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error('a report failed without an error');
}
