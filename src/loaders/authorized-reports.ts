// The report cache as somebody sees it who may see a part of the fleet: every report that comes out of it, by whichever
// way, is of that part alone.

import type { CacheAnswer, ReportCache } from '../cache/report-cache.js';
import { toGrantedRequest, type GrantedRequest } from '../report/permissions/restrict-request.js';
import type { Grants } from '../report/permissions/permissions.js';
import { runAll } from '../report/steps.js';

/** What of the cache is about reports. */
export type Reports = Pick<ReportCache, 'load' | 'loadAtOnce' | 'findFamily'>;

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
    findFamily: (base, principal, fault) =>
      cache
        .findFamily(base, principal, fault)
        .map((kept) => ({ ...kept, take: () => restrict(kept.take(), { grants }) })),
  };
}

function restrict(
  answer: CacheAnswer,
  { grants, regrouping }: Pick<GrantedRequest, 'grants' | 'regrouping'>,
): CacheAnswer {
  return { ...answer, report: runAll(answer.report.restrict(grants, regrouping)) };
}
