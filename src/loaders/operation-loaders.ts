// The loaders of one operation, and the one way from them to the cache: through the caller's permissions, the budget, and
// the limit of reports that one operation may wait for at a time.

import type { ReportLookup } from '../cache/report-lookup.js';
import type { Clock } from '../clock.js';
import { createLimiter, type RunLimited } from '../concurrency/semaphore.js';
import { UpstreamError } from '../errors.js';
import type { ReportRequest, WorkloadCostsRequest } from '../report/request.js';
import { restrictReports, type OperationCache, type RelatedReport } from './authorized-reports.js';
import { createEntityLoader, type EntityReportLoader, type SupersetReport } from './entity-loader.js';
import { recordLookup, startWait, type LoadStats } from './load-stats.js';
import type { OperationBudget } from './operation-budget.js';
import { createOperationReports, type OperationReports } from './operation-reports.js';
import type { OperationSteps, RunReportQuery } from './operation-steps.js';
import { createReportLoader, type LoadedReport, type ReportLoader } from './report-loader.js';
import type { Caller, RequestServices } from './request-services.js';

export interface Loaders {
  readonly report: CachedLoader;
  /** The reports of time series, whose calls take a part of the slots of ScaleOps only. */
  readonly interval: CachedLoader;
  readonly entity: EntityReportLoader;
}

interface CachedLoader extends ReportLoader {
  /** The report as it is now, also where a cached one is fresh. */
  reload(request: ReportRequest): Promise<LoadedReport>;
  /** An older report in place of one that did not come in time; undefined where none may be shown. */
  loadIfError(request: ReportRequest, fault: UpstreamError): Promise<LoadedReport> | undefined;
}

/** What the loaders of one operation share. */
interface Shared {
  readonly clock: Clock;
  readonly credentials: RequestServices['credentials'];
  readonly cache: OperationCache;
  readonly reports: OperationReports;
  readonly operation: Operation;
}

/** What of an operation its loaders need. */
interface Operation {
  readonly caller: Caller;
  readonly stats: LoadStats;
  readonly budget: OperationBudget;
  readonly runReportQuery: RunReportQuery;
  readonly whenIdle: OperationSteps['whenIdle'];
}

/** Loaders close over their caller and are never shared. What an operation may not need is created on first use. */
export function createLoaders(services: RequestServices, operation: Operation): Loaders {
  const { permissions } = operation.caller;
  const cache =
    permissions === undefined ? services.cache : restrictReports(services.cache, permissions, operation.runReportQuery);
  const { credentials, windows } = services;
  const shared = { clock: windows.clock, credentials, cache, reports: createOperationReports(), operation };
  const report = createCachedLoader(shared, lazyLimiter(services.maxConcurrentReports));
  const interval = createCachedLoader(shared, services.runSeriesFetch);
  let entities: EntityReportLoader | undefined;
  const createEntities = () => createRelatedLoader(shared, report);
  return { report, interval, entity: { load: (wanted) => (entities ??= createEntities()).load(wanted) } };
}

/** Most operations wait for no report. */
function lazyLimiter(max: number): RunLimited {
  let limiter: RunLimited | undefined;
  return (task, key) => (limiter ??= createLimiter(max))(task, key);
}

/** An operation that exceeds its budget while calls wait, or is answered by then, makes no more of them. */
function createWantedCheck(caller: Caller, budget: OperationBudget): () => void {
  return () => {
    if (budget.exceeded !== undefined) throw budget.exceeded;
    if ((caller.remainingMs?.() ?? Infinity) <= 0) throw new UpstreamError('UPSTREAM_TIMEOUT', { reason: 'deadline' });
  };
}

function createLimitedLoad({ clock, credentials, cache, operation }: Shared, limit: RunLimited) {
  const { caller, budget, stats } = operation;
  const onWait = () => startWait(stats, clock);
  return async (request: ReportRequest, noCache = caller.noCache === true): Promise<ReportLookup> => {
    const principal = await credentials.principal(caller.token);
    const { signal, callerKey } = caller;
    const runLimited: RunLimited = (fetch) => limit(fetch, callerKey ?? principal.id);
    const assertWanted = createWantedCheck(caller, budget);
    return cache.load(request, principal, { signal, callerKey, noCache, runLimited, assertWanted, onWait });
  };
}

function createCachedLoader(shared: Shared, limit: RunLimited): CachedLoader {
  const { cache, reports, operation } = shared;
  const { caller, stats, budget } = operation;
  const loadLimited = createLimitedLoad(shared, limit);
  const toLoaded = (request: ReportRequest, lookup: ReportLookup): LoadedReport => {
    recordLookup(stats, lookup);
    const { report, asOf, isStale, source } = lookup;
    return { report, asOf, isStale, source, request };
  };
  const loader = createReportLoader({
    beforeLoad: () => {
      budget.chargeUpstreamCall();
    },
    loadFromMemory(request) {
      if (caller.principal === undefined || caller.noCache === true) return undefined;
      const found = cache.loadFromMemory(request, caller.principal);
      const use = (lookup: ReportLookup): LoadedReport => {
        if (request.report === 'workloads') reports.add(request, lookup);
        return toLoaded(request, lookup);
      };
      return found instanceof Promise ? found.then(use) : found && use(found);
    },
    async load(request) {
      const lookup = loadLimited(request);
      if (request.report === 'workloads') reports.addPending(request, lookup);
      return toLoaded(request, await lookup);
    },
  });
  return {
    load: loader.load,
    async reload(request) {
      budget.chargeUpstreamCall();
      return toLoaded(request, await loadLimited(request, true));
    },
    loadIfError(request, fault) {
      const found = caller.principal && cache.loadIfError(request, caller.principal, fault);
      return found && Promise.resolve(found).then((lookup) => toLoaded(request, lookup));
    },
  };
}

function createRelatedLoader(
  { credentials, cache, reports, operation }: Shared,
  report: ReportLoader,
): EntityReportLoader {
  const { caller, stats, runReportQuery, whenIdle } = operation;
  const useRelated = async (related: RelatedReport): Promise<ReportLookup> => {
    const lookup = await related.use();
    recordLookup(stats, lookup);
    reports.add(related.request, lookup);
    return lookup;
  };
  const findRelated = async (base: WorkloadCostsRequest, fault?: UpstreamError): Promise<readonly SupersetReport[]> => {
    const found = cache.findRelated(base, await credentials.principal(caller.token), fault);
    return found.map((related) => ({
      request: related.request,
      hasCluster: (name) => related.hasCluster(name),
      use: () => useRelated(related),
    }));
  };
  return createEntityLoader({
    reports: report,
    runReportQuery,
    whenIdle,
    async findSupersets(wanted) {
      const [{ base }] = wanted;
      // Reports that the operation reads anyway come first: the whole answer then shows the same data.
      const own = await reports.find(wanted);
      return caller.noCache === true ? own : [...own, ...(await findRelated(base))];
    },
    findStaleSupersets: ([{ base }], fault) => findRelated(base, fault),
  });
}
