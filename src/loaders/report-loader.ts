// Loads reports for one operation: equal requests are one load, whichever aliases make them. Reports that are not in memory
// are charged to the budget, and an operation waits for a limited number of them at a time.

import DataLoader from 'dataloader';

import type { ReportLookup } from '../cache/report-lookup.js';
import { whenThere } from '../concurrency/maybe-promise.js';
import { createTurns } from '../concurrency/semaphore.js';
import { toRequestKey, type ReportRequest } from '../report/request.js';
import { recordLookup } from './load-stats.js';
import type { Operation } from './operation-loaders.js';

/** A report as a resolver sees it, with the request that it answers. */
export interface LoadedReport extends Pick<ReportLookup, 'report' | 'asOf' | 'isStale' | 'source'> {
  readonly request: ReportRequest;
}

export class ReportLoader {
  readonly #operation: Operation;
  readonly #loaded = new Map<string, LoadedReport | Promise<LoadedReport>>();
  #loader: DataLoader<ReportRequest, LoadedReport> | undefined;
  #limit: ReturnType<typeof createTurns> | undefined;

  constructor(operation: Operation) {
    this.#operation = operation;
  }

  /** Synchronous when the report is in memory. @throws GatewayError QUERY_TOO_COMPLEX for one call too many. */
  load(request: ReportRequest): LoadedReport | Promise<LoadedReport> {
    const key = toRequestKey(request);
    const known = this.#loaded.get(key);
    if (known !== undefined) return known;
    const report = this.#loadFromMemory(request) ?? this.#enqueue(request);
    this.#loaded.set(key, report);
    return report;
  }

  /** Returns undefined when no fresh report is in memory. */
  #loadFromMemory(request: ReportRequest): LoadedReport | Promise<LoadedReport> | undefined {
    const { cache, caller, reports } = this.#operation;
    if (caller.principal === undefined || caller.noCache === true) return undefined;
    const found = cache.loadAtOnce(request, caller.principal);
    if (found === undefined) return undefined;
    return whenThere(found, (lookup) => {
      if (request.report === 'workloads') reports.add(request, lookup);
      return this.#toLoaded(request, lookup);
    });
  }

  #enqueue(request: ReportRequest): Promise<LoadedReport> {
    this.#operation.budget.chargeUpstreamCall();
    // One call each: the REST API has none for several reports. An error fails only its own report.
    this.#loader ??= new DataLoader(
      (requests) => Promise.all(requests.map((each) => this.#fetch(each).catch(toError))),
      // `#loaded` is the cache.
      { cache: false },
    );
    return this.#loader.load(request);
  }

  async #fetch(request: ReportRequest): Promise<LoadedReport> {
    const { services, cache, caller, budget, reports } = this.#operation;
    this.#limit ??= createTurns(services.maxConcurrentReports);
    const lookup = this.#limit(async () => {
      // An operation that exceeds its budget while calls wait makes no more of them.
      if (budget.exceeded !== undefined) throw budget.exceeded;
      const { signal, callerKey, noCache = false } = caller;
      return cache.load(request, await services.credentials.principal(caller.token), { signal, callerKey, noCache });
    });
    if (request.report === 'workloads') reports.addPending(request, lookup);
    return this.#toLoaded(request, await lookup);
  }

  #toLoaded(request: ReportRequest, lookup: ReportLookup): LoadedReport {
    recordLookup(this.#operation.stats, lookup);
    const { report, asOf, isStale, source } = lookup;
    return { report, asOf, isStale, source, request };
  }
}

export function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error('a report failed without an error');
}
