// Finds cached reports that may contain the rows of another report.

import type { UpstreamError } from '../../errors.js';
import type { WorkloadCostsRequest } from '../../report/request.js';
import { estimateBreadth } from '../../report/scopes/scope.js';
import type { Principal } from '../../upstream/principal.js';
import { toLookup, type CacheInstrumentation, type ReportLookup } from '../report-lookup.js';
import type { WorkloadEntry } from './report-entry.js';
import type { ReportStore } from './report-store.js';

/**
 * The fresh reports of the principal that differ from `base` only in clusters and namespaces; with the `fault` of an
 * upstream that fails, also those that may be shown meanwhile.
 */
export function findRelated(
  store: ReportStore,
  instrumentation: CacheInstrumentation,
  { base, principal, fault }: { base: WorkloadCostsRequest; principal: Principal; fault: UpstreamError | undefined },
) {
  const use = (found: WorkloadEntry): ReportLookup => {
    const entry = store.get({ key: found.key, principal }) ?? found;
    const lookup = toLookup(store, entry, store.stage(entry) === 'fresh' ? 'hit' : 'stale');
    instrumentation.onRelatedHit('workloads', lookup);
    return { ...lookup, ...(fault !== undefined && { fault }) };
  };
  return (
    store
      .relatedTo(principal, base)
      .filter((entry) => fault !== undefined || store.stage(entry) === 'fresh')
      // Newest first, so that no client sees data go back in time; ties go to the broader report.
      .sort((a, b) => b.receivedAt - a.receivedAt || estimateBreadth(b.request) - estimateBreadth(a.request))
      .map((entry) => ({
        request: entry.request,
        /** Whether the report has a row of this cluster. */
        hasCluster: (name: string): boolean => entry.report.hasCluster(name),
        /** Counts a hit, and returns the report. */
        use: (): ReportLookup => use(entry),
      }))
  );
}
