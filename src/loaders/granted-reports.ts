// The report cache as somebody sees it who may see a part of the fleet: every report that comes out of it, by whichever
// way, is of that part alone.

import type { CacheAnswer, ReportCache } from '../cache/report-cache.js';
import { toGrantedRequest, toRegrouping } from '../report/granted.js';
import type { Grants } from '../report/grants.js';
import type { Regrouping } from '../report/regroup.js';

/** What of the cache is about reports. */
export type Reports = Pick<ReportCache, 'load' | 'findFamily'>;

export function createGrantedReports(cache: Reports, grants: Grants): Reports {
  const restrict = (answer: CacheAnswer, regrouping?: Regrouping): CacheAnswer => ({
    ...answer,
    report: answer.report.restrict(grants, regrouping),
  });
  return {
    load: async (request, principal, options) =>
      restrict(await cache.load(toGrantedRequest(request, grants), principal, options), toRegrouping(request, grants)),
    findFamily: (base, principal, fault) =>
      cache.findFamily(base, principal, fault).map((kept) => ({ ...kept, take: () => restrict(kept.take()) })),
  };
}
