// Loads reports for one request: equal ones once, whichever aliases ask for them.

import DataLoader from 'dataloader';

import type { ReportLookup } from '../cache/report-lookup.js';
import { toRequestKey, type ReportRequest } from '../report/request.js';

/** A report as a resolver gets it, and what it is the answer to. */
export interface LoadedReport extends Pick<ReportLookup, 'report' | 'asOf' | 'isStale' | 'source'> {
  readonly request: ReportRequest;
}

export interface ReportLoader {
  /** At once where nothing has to be waited for. */
  load(request: ReportRequest): LoadedReport | Promise<LoadedReport>;
}

export interface ReportLoaderOptions {
  readonly load: (request: ReportRequest) => Promise<LoadedReport>;
  /** What is at hand. */
  readonly loadAtOnce: (request: ReportRequest) => LoadedReport | undefined;
}

export function createReportLoader({ load, loadAtOnce }: ReportLoaderOptions): ReportLoader {
  const loaded = new Map<string, LoadedReport | Promise<LoadedReport>>();
  let loader: DataLoader<ReportRequest, LoadedReport> | undefined;
  const wait = (request: ReportRequest): Promise<LoadedReport> => {
    // One by one: the REST API has no call for several. An error fails only its own report.
    loader ??= new DataLoader((requests) => Promise.all(requests.map((each) => load(each).catch(toError))), {
      // Here is what is remembered.
      cache: false,
    });
    return loader.load(request);
  };
  return {
    load(request) {
      const key = toRequestKey(request);
      const known = loaded.get(key);
      if (known !== undefined) return known;
      const report = loadAtOnce(request) ?? wait(request);
      loaded.set(key, report);
      return report;
    },
  };
}

export function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error('a report failed without an error');
}
