// The workload reports that one operation reads, finished or pending. Entities are answered from them where possible: the
// whole answer then shows the same data.

import type { ReportLookup } from '../cache/report-lookup.js';
import type { Group } from '../report/columns/group-by.js';
import type { WorkloadCostsRequest } from '../report/request.js';
import { createCoverage, relatedKey, type EntityRequest } from '../report/entities/entity-request.js';
import type { SupersetReport } from './entity-loader.js';

export interface OperationReports {
  add(request: WorkloadCostsRequest, lookup: ReportLookup): void;
  addPending(request: WorkloadCostsRequest, lookup: Promise<ReportLookup>): void;
  /** The related reports, after waiting for the pending ones that may contain what is wanted. */
  find(wanted: Group<EntityRequest>): Promise<readonly SupersetReport[]>;
}

/** A pending report may have any cluster. */
const ANY_CLUSTER = { hasCluster: () => true };

export function createOperationReports(): OperationReports {
  const pending = new Map<Promise<ReportLookup>, WorkloadCostsRequest>();
  const finished: SupersetReport[] = [];
  const add = (request: WorkloadCostsRequest, lookup: ReportLookup): void => {
    finished.push({ request, hasCluster: (name) => lookup.report.hasCluster(name), use: () => lookup });
  };
  return {
    add,
    addPending(request, lookup) {
      pending.set(lookup, request);
      const settle = () => pending.delete(lookup);
      lookup.then((loaded) => {
        settle();
        add(request, loaded);
      }, settle);
    },
    async find(wanted) {
      const key = relatedKey(wanted[0].base);
      const awaited = [...pending].filter(
        ([, request]) => relatedKey(request) === key && wanted.some(createCoverage(request, ANY_CLUSTER)),
      );
      await Promise.allSettled(awaited.map(([lookup]) => lookup));
      return finished.filter(({ request }) => relatedKey(request) === key);
    },
  };
}
