// The workload reports that one operation reads, finished or pending. Entities are answered from them where possible: the
// whole answer then shows the same data.

import type { ReportLookup } from '../cache/report-lookup.js';
import type { Group } from '../report/columns/group-by.js';
import type { WorkloadCostsRequest } from '../report/request.js';
import { createCoverage, relatedKey, type ScopedRequest } from '../report/scopes/scope.js';
import type { RelatedReport } from './authorized-reports.js';

/** A pending report may have any cluster. */
const ANY_CLUSTER = { hasCluster: () => true };

export class OperationReports {
  readonly #pending = new Map<Promise<ReportLookup>, WorkloadCostsRequest>();
  readonly #finished: RelatedReport[] = [];

  add(request: WorkloadCostsRequest, lookup: ReportLookup): void {
    this.#finished.push({ request, hasCluster: (name) => lookup.report.hasCluster(name), use: () => lookup });
  }

  addPending(request: WorkloadCostsRequest, lookup: Promise<ReportLookup>): void {
    this.#pending.set(lookup, request);
    const settle = () => this.#pending.delete(lookup);
    lookup.then((loaded) => {
      settle();
      this.add(request, loaded);
    }, settle);
  }

  /** The reports of the same family, after waiting for the pending ones that may contain what is wanted. */
  async find(wanted: Group<ScopedRequest>): Promise<readonly RelatedReport[]> {
    const familyKey = relatedKey(wanted[0].base);
    const awaited = [...this.#pending].filter(
      ([, request]) => relatedKey(request) === familyKey && wanted.some(createCoverage(request, ANY_CLUSTER)),
    );
    await Promise.allSettled(awaited.map(([lookup]) => lookup));
    return this.#finished.filter(({ request }) => relatedKey(request) === familyKey);
  }
}
