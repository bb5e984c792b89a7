// Loads reports for one operation: equal requests are one load, whichever aliases make them.

import DataLoader from 'dataloader';

import type { ReportLookup } from '../cache/report-lookup.js';
import { toRequestKey, type ReportRequest } from '../report/request.js';
import type { EntityRequest } from '../report/entities/entity-request.js';
import type { CalendarRange } from '../report/time/calendar-range.js';

/** A report as a resolver sees it, with the request that it answers. */
export interface LoadedReport extends Pick<ReportLookup, 'report' | 'asOf' | 'isStale' | 'source'> {
  readonly request: ReportRequest;
  /** The calendar range that the request was resolved from. */
  readonly calendar?: CalendarRange | undefined;
  /** What was asked for one by one: the report of a cluster or namespace. */
  readonly entityRequest?: EntityRequest | undefined;
}

export interface ReportLoader {
  /** Synchronous when the report is in memory. @throws GatewayError QUERY_TOO_COMPLEX for one call too many. */
  load(request: ReportRequest): LoadedReport | Promise<LoadedReport>;
}

interface ReportLoaderOptions {
  readonly load: (request: ReportRequest) => Promise<LoadedReport>;
  /** Returns undefined when no fresh report is in memory. */
  readonly loadFromMemory: (request: ReportRequest) => LoadedReport | Promise<LoadedReport> | undefined;
  /** Called before each load that is not answered from memory; may throw to prevent it. */
  readonly beforeLoad: () => void;
}

interface PendingReport {
  readonly report: Promise<LoadedReport>;
}

export function createReportLoader({ load, loadFromMemory, beforeLoad }: ReportLoaderOptions): ReportLoader {
  const loaded = new Map<string, LoadedReport | Promise<LoadedReport>>();
  let loader: DataLoader<ReportRequest, PendingReport> | undefined;
  const enqueue = async (request: ReportRequest): Promise<LoadedReport> => {
    beforeLoad();
    // One call each: the REST API has none for several reports. The batch ends at once, so that no report waits for another.
    loader ??= new DataLoader((requests) => Promise.resolve(requests.map((each) => ({ report: load(each) }))), {
      // `loaded` is the cache.
      cache: false,
    });
    return (await loader.load(request)).report;
  };
  return {
    load(request) {
      const key = toRequestKey(request);
      const known = loaded.get(key);
      if (known !== undefined) return known;
      const report = loadFromMemory(request) ?? enqueue(request);
      loaded.set(key, report);
      return report;
    },
  };
}

export function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error('a report failed without an error');
}
