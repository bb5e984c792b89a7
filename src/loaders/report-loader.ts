// Loads reports for one operation: equal requests are one load. Each load is restricted to the caller's permissions,
// charged to the budget, and waits for one of the operation's slots.

import type { ReportLookup } from '../cache/report-lookup.js';
import type { RunLimited } from '../concurrency/semaphore.js';
import { UpstreamError } from '../errors.js';
import { toRequestKey, type ReportRequest } from '../report/request.js';
import type { EntityRequest } from '../report/entities/entity-request.js';
import type { CalendarRange } from '../report/time/calendar-range.js';
import type { OperationCache } from './authorized-reports.js';
import { recordLookup, startWait, type LoadStats } from './load-stats.js';
import type { OperationBudget } from './operation-budget.js';
import type { OperationReports } from './operation-reports.js';
import type { OperationRunner } from './operation-runner.js';
import type { Caller, RequestServices } from './request-services.js';

/** A report as a resolver sees it, and its request. */
export interface LoadedReport extends Pick<ReportLookup, 'report' | 'asOf' | 'isStale' | 'source'> {
  readonly request: ReportRequest;
  /** The calendar range that the request was resolved from. */
  readonly calendar?: CalendarRange | undefined;
  /** The cluster or namespace, if the report is about a single one. */
  readonly entityRequest?: EntityRequest | undefined;
}

export interface ReportLoader {
  /** Synchronous when the report is in memory. @throws GatewayError QUERY_TOO_COMPLEX for one call too many. */
  load(request: ReportRequest): LoadedReport | Promise<LoadedReport>;
  /** Fetches the report, even if a cached one is fresh. */
  reload(request: ReportRequest): Promise<LoadedReport>;
  /** An older report in place of one that failed with `fault`; undefined if none may be shown. */
  loadIfError(request: ReportRequest, fault: UpstreamError): Promise<LoadedReport> | undefined;
}

/** An operation, as far as its loaders need it. */
export interface Operation {
  readonly caller: Caller;
  readonly stats: LoadStats;
  readonly budget: OperationBudget;
  readonly runner: OperationRunner;
}

/** What the loaders of one operation share. */
export interface Shared {
  readonly services: RequestServices;
  /** The report cache, restricted to the caller's permissions. */
  readonly cache: OperationCache;
  readonly reports: OperationReports;
  readonly operation: Operation;
}

export function createReportLoader(shared: Shared, limit: RunLimited): ReportLoader {
  const { cache, reports, operation } = shared;
  const { caller, stats } = operation;
  const loads = new Map<string, LoadedReport | Promise<LoadedReport>>();
  const loadLimited = createLimitedLoad(shared, limit);

  const toLoaded = (request: ReportRequest, lookup: ReportLookup): LoadedReport => {
    recordLookup(stats, lookup);
    const { report, asOf, isStale, source } = lookup;
    return { report, asOf, isStale, source, request };
  };
  const loadOnce = (request: ReportRequest): LoadedReport | Promise<LoadedReport> => {
    const mayHit = caller.principal !== undefined && caller.noCache !== true;
    const hit = mayHit ? cache.loadFromMemory(request, caller.principal) : undefined;
    const lookup = hit ?? loadLimited(request, caller.noCache === true);
    if (request.report === 'workloads') reports.add(request, lookup);
    return lookup instanceof Promise ? lookup.then((result) => toLoaded(request, result)) : toLoaded(request, lookup);
  };

  return {
    load(request) {
      const key = toRequestKey(request);
      const loaded = loads.get(key) ?? loadOnce(request);
      loads.set(key, loaded);
      return loaded;
    },
    reload: async (request) => toLoaded(request, await loadLimited(request, true)),
    loadIfError(request, fault) {
      const lookup = caller.principal && cache.loadIfError(request, caller.principal, fault);
      return lookup && Promise.resolve(lookup).then((result) => toLoaded(request, result));
    },
  };
}

function createLimitedLoad({ services, cache, operation: { caller, budget, stats } }: Shared, limit: RunLimited) {
  const { credentials, windows } = services;
  /** An operation that has exceeded its budget, or has ended, makes no more calls. */
  const assertNeeded = (): void => {
    if (budget.exceeded !== undefined) throw budget.exceeded;
    if ((caller.remainingMs?.() ?? Infinity) <= 0) throw new UpstreamError('UPSTREAM_TIMEOUT', { reason: 'deadline' });
  };
  return async (request: ReportRequest, noCache: boolean): Promise<ReportLookup> => {
    budget.chargeUpstreamCall();
    const principal = await credentials.principal(caller.token);
    const { signal, callerKey } = caller;
    const runLimited: RunLimited = (fetch) => limit(fetch, callerKey ?? principal.id);
    const onWait = () => startWait(stats, windows.clock);
    return cache.load(request, principal, { signal, callerKey, noCache, runLimited, assertNeeded, onWait });
  };
}

export function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error('a report failed without an error');
}
