// The report cache for a caller with restricted permissions: it returns only what the caller may see.

import type { ReportCache } from '../cache/report-cache.js';
import type { ReportLookup } from '../cache/report-lookup.js';
import { restrictRequest, type RestrictedRequest } from '../report/permissions/restrict-request.js';
import type { Permissions } from '../report/permissions/permissions.js';
import type { RunReportQuery } from './operation-runner.js';

/** The part of the cache that returns reports. */
export type Reports = Pick<ReportCache, 'load' | 'loadFromMemory' | 'loadIfError' | 'findRelated'>;

/** The same for one operation: restricting a cached report may take time. */
export interface OperationCache extends Pick<Reports, 'load'> {
  loadFromMemory(...args: Parameters<Reports['loadFromMemory']>): ReportLookup | Promise<ReportLookup> | undefined;
  loadIfError(...args: Parameters<Reports['loadIfError']>): ReportLookup | Promise<ReportLookup> | undefined;
  findRelated(...args: Parameters<Reports['findRelated']>): readonly RelatedReport[];
}

type CachedReport = ReturnType<Reports['findRelated']>[number];
export type RelatedReport = Omit<CachedReport, 'use'> & { use(): ReportLookup | Promise<ReportLookup> };

export function restrictReports(cache: Reports, permissions: Permissions, runQuery: RunReportQuery): OperationCache {
  const restrict = async (
    lookup: ReportLookup,
    { permissions: narrowed, reAggregation }: Pick<RestrictedRequest, 'permissions' | 'reAggregation'>,
  ): Promise<ReportLookup> => {
    const report = await runQuery(lookup.report, { rows: 1 }, lookup.report.restrict(narrowed, reAggregation));
    return { ...lookup, report };
  };
  return {
    async load(request, principal, options) {
      const restricted = restrictRequest(request, permissions);
      return restrict(await cache.load(restricted.request, principal, options), restricted);
    },
    loadFromMemory(request, principal) {
      const restricted = restrictRequest(request, permissions);
      const lookup = cache.loadFromMemory(restricted.request, principal);
      return lookup && restrict(lookup, restricted);
    },
    loadIfError(request, principal, fault) {
      const restricted = restrictRequest(request, permissions);
      const lookup = cache.loadIfError(restricted.request, principal, fault);
      return lookup && restrict(lookup, restricted);
    },
    findRelated: (base, principal, fault) =>
      cache
        .findRelated(base, principal, fault)
        .map((related) => ({ ...related, use: () => restrict(related.use(), { permissions }) })),
  };
}
