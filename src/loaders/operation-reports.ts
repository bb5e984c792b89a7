// The workload reports that one operation reads, finished or pending. Entities come from them if possible, so that the
// whole response shows the same data.

import type { ReportLookup } from '../cache/report-lookup.js';
import type { Group } from '../report/columns/group-by.js';
import type { WorkloadCostsRequest } from '../report/request.js';
import { createCoverage, relatedKey, type EntityRequest } from '../report/entities/entity-request.js';
import type { RelatedReport } from './authorized-reports.js';

export type OperationReports = ReturnType<typeof createOperationReports>;

/** A pending report may have any cluster. */
const ANY_CLUSTER = { hasCluster: () => true };

export function createOperationReports() {
  const pending = new Map<Promise<unknown>, WorkloadCostsRequest>();
  const finished: RelatedReport[] = [];
  const add = (request: WorkloadCostsRequest, lookup: ReportLookup | Promise<ReportLookup>): void => {
    if (lookup instanceof Promise) {
      const added = lookup.then((result) => {
        add(request, result);
      });
      const settle = () => pending.delete(added);
      pending.set(added, request);
      added.then(settle, settle);
    } else {
      finished.push({ request, hasCluster: (name) => lookup.report.hasCluster(name), use: () => lookup });
    }
  };
  return {
    add,
    /** The reports related to the requests, after waiting for pending ones that may contain any of them. */
    async find(requests: Group<EntityRequest>): Promise<readonly RelatedReport[]> {
      const key = relatedKey(requests[0].base);
      const awaited = [...pending].filter(
        ([, request]) => relatedKey(request) === key && requests.some(createCoverage(request, ANY_CLUSTER)),
      );
      await Promise.allSettled(awaited.map(([added]) => added));
      return finished.filter(({ request }) => relatedKey(request) === key);
    },
  };
}
