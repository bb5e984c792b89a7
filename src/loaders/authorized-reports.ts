// The report cache as somebody sees it who may see a part of the fleet: every report that comes out of it, by whichever
// way, is of that part alone.

import type { ReportCache } from '../cache/report-cache.js';
import type { ReportLookup } from '../cache/report-lookup.js';
import { toGrantedRequest, type GrantedRequest } from '../report/permissions/restrict-request.js';
import type { Grants } from '../report/permissions/permissions.js';

/** What of the cache is about reports. */
export type Reports = Pick<ReportCache, 'load' | 'loadAtOnce' | 'findRelated'>;

export function createGrantedReports(cache: Reports, grants: Grants): Reports {
  return {
    async load(request, principal, options) {
      const granted = toGrantedRequest(request, grants);
      return restrict(await cache.load(granted.request, principal, options), granted);
    },
    loadAtOnce(request, principal) {
      const granted = toGrantedRequest(request, grants);
      const answer = cache.loadAtOnce(granted.request, principal);
      return answer && restrict(answer, granted);
    },
    findRelated: (base, principal, fault) =>
      cache
        .findRelated(base, principal, fault)
        .map((kept) => ({ ...kept, use: () => restrict(kept.use(), { grants }) })),
  };
}

function restrict(
  answer: ReportLookup,
  { grants, regrouping }: Pick<GrantedRequest, 'grants' | 'regrouping'>,
): ReportLookup {
  return { ...answer, report: answer.report.restrict(grants, regrouping) };
}
