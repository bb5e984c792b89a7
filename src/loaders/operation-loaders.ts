// The loaders of one operation.

import type { ReportLookup } from '../cache/report-lookup.js';
import { createLimiter } from '../concurrency/semaphore.js';
import type { UpstreamError } from '../errors.js';
import type { WorkloadCostsRequest } from '../report/request.js';
import { restrictReports, type RelatedReport } from './authorized-reports.js';
import { createEntityLoader, type EntityReportLoader } from './entity-loader.js';
import { recordLookup } from './load-stats.js';
import { createOperationReports } from './operation-reports.js';
import { createReportLoader, type Operation, type ReportLoader, type Shared } from './report-loader.js';
import type { RequestServices } from './request-services.js';

export type Loaders = ReturnType<typeof createLoaders>;

/** Loaders close over their caller and are never shared. */
export function createLoaders(services: RequestServices, operation: Operation) {
  const { caller, runner } = operation;
  const { permissions } = caller;
  const cache =
    permissions === undefined ? services.cache : restrictReports(services.cache, permissions, runner.runReportQuery);
  const shared = { services, cache, reports: createOperationReports(), operation };
  const report = createReportLoader(shared, createLimiter(services.maxConcurrentReports));
  // Time series may use only some of the slots for upstream calls.
  const interval = createReportLoader(shared, services.runSeriesFetch);
  return { report, interval, entity: createRelatedLoader(shared, report) };
}

/** Loads entities, if possible from cached reports that contain them. */
function createRelatedLoader(shared: Shared, report: ReportLoader): EntityReportLoader {
  const { services, cache, reports, operation } = shared;
  const { caller, stats, runner } = operation;
  const useRelated = async (related: RelatedReport): Promise<ReportLookup> => {
    const lookup = await related.use();
    recordLookup(stats, lookup);
    reports.add(related.request, lookup);
    return lookup;
  };
  const findRelated = async (base: WorkloadCostsRequest, fault?: UpstreamError): Promise<readonly RelatedReport[]> => {
    const related = cache.findRelated(base, await services.credentials.principal(caller.token), fault);
    return related.map((each) => ({ ...each, use: () => useRelated(each) }));
  };
  return createEntityLoader({
    reports: report,
    runner,
    async findRelated(requests) {
      // Reports that the operation reads anyway come first, so that the whole response shows the same data.
      const own = await reports.find(requests);
      return caller.noCache === true ? own : [...own, ...(await findRelated(requests[0].base))];
    },
    findStaleRelated: ([{ base }], fault) => findRelated(base, fault),
  });
}
