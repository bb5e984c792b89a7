// The report cache as somebody sees it who may see a part of the fleet: every report that comes out of it, by whichever
// way, is of that part alone.

import type { CacheAnswer, ReportCache } from '../cache/report-cache.js';
import { restrictRequest, type RestrictedRequest } from '../report/permissions/restrict-request.js';
import type { Permissions } from '../report/permissions/permissions.js';
import { runAll } from '../report/steps.js';

/** What of the cache is about reports. */
export type Reports = Pick<ReportCache, 'load' | 'loadAtOnce' | 'findFamily'>;

export function createGrantedReports(cache: Reports, grants: Permissions): Reports {
  return {
    async load(request, principal, options) {
      const granted = restrictRequest(request, grants);
      return restrict(await cache.load(granted.request, principal, options), granted);
    },
    loadAtOnce(request, principal) {
      const granted = restrictRequest(request, grants);
      const answer = cache.loadAtOnce(granted.request, principal);
      return answer && restrict(answer, granted);
    },
    findFamily: (base, principal, fault) =>
      cache
        .findFamily(base, principal, fault)
        .map((kept) => ({ ...kept, take: () => restrict(kept.take(), { permissions: grants }) })),
  };
}

function restrict(
  answer: CacheAnswer,
  { permissions, reAggregation }: Pick<RestrictedRequest, 'permissions' | 'reAggregation'>,
): CacheAnswer {
  return { ...answer, report: runAll(answer.report.restrict(permissions, reAggregation)) };
}
