// CostReport and the two queries that return one. Its larger fields have their own files.

import type { GatewayContext } from '../../loaders/context.js';
import { limitValidity } from '../../loaders/load-stats.js';
import type { LoadedReport } from '../../loaders/report-loader.js';
import { toOpaqueId } from '../../report/opaque-id.js';
import { toReportId, type ReportRequest } from '../../report/request.js';
import { builder, type OptionalInput } from '../builder.js';
import {
  AggregatedCostsFilter,
  toAggregatedCostsRequest,
  toWorkloadCostsRequest,
  WorkloadCostsFilter,
} from '../inputs/filters.js';
import { assertAllowed } from '../inputs/authorize.js';
import { resolveTimeRange } from '../inputs/time-range.js';
import { CostWindow, toWindow } from './window.js';

export const CostReport = builder.objectRef<LoadedReport>('CostReport').implement({
  description: 'A cost report of ScaleOps.',
  fields: (t) => ({
    id: t.id({
      description: 'Opaque key for the caches of clients. The same for the same filter, before and after a refresh.',
      resolve: toId,
    }),
    window: t.field({
      type: CostWindow,
      description: 'The period that the costs cover.',
      // An unknown window fails only this field.
      resolve: (loaded, _args, { windowClock }) => toWindow(loaded, windowClock),
    }),
    clusters: t.stringList({
      description: 'The names of the Kubernetes clusters in the report.',
      resolve({ report }, _args, context) {
        context.budget.chargeFields(report.clusters.length);
        return report.clusters;
      },
    }),
    asOf: t.expose('asOf', {
      type: 'DateTime',
      description: 'When ScaleOps returned this report. The gateway caches reports.',
    }),
    isStale: t.exposeBoolean('isStale', {
      description: 'Whether the report is out of date: a newer one is being fetched, or ScaleOps fails.',
    }),
  }),
});

/** Depends on the calendar range, too, because the comparison does. */
function toId({ request, calendar }: LoadedReport): string {
  const id = toReportId(request);
  return calendar === undefined ? id : toOpaqueId(JSON.stringify([id, calendar]));
}

/** @cost for routers: a call to ScaleOps, unless the report is cached. */
export const UPSTREAM_CALL_COST_WEIGHT = 50;

function loadReport(request: ReportRequest, { loaders, permissions }: GatewayContext) {
  assertAllowed(permissions, request);
  return loaders.report.load(request);
}

function loadAggregated(
  filter: OptionalInput<typeof AggregatedCostsFilter>,
  context: GatewayContext,
): LoadedReport | Promise<LoadedReport> {
  const range = resolveTimeRange('filter.timeRange', filter?.timeRange, context.windowClock.nowMs());
  const request = toAggregatedCostsRequest(filter, context.multiClusterByDefault, range);
  const { calendar } = range;
  const loaded = loadReport(request, context);
  if (calendar === undefined) return loaded;
  limitValidity(context.stats, context.windowClock.nowMs());
  // The same object for equal requests of an operation, because its work is memoized by object.
  const addCalendar = (report: LoadedReport): LoadedReport =>
    context.memoize([report, 'calendar', JSON.stringify(calendar)], () => ({ ...report, calendar }));
  return loaded instanceof Promise ? loaded.then(addCalendar) : addCalendar(loaded);
}

builder.queryType({
  description:
    'The costs of Kubernetes workloads, from ScaleOps. A report that fails is null, with an error; the others are returned.',
  fields: (t) => ({
    aggregatedCosts: t.field({
      type: CostReport,
      nullable: true,
      directives: { cost: { weight: UPSTREAM_CALL_COST_WEIGHT }, cacheTag: { format: 'costs' } },
      description: 'Costs grouped by cluster, namespace, labels or annotations, in any combination.',
      args: {
        filter: t.arg({ type: AggregatedCostsFilter, description: 'What the report covers and how it is grouped.' }),
      },
      resolve: (_root, { filter }, context) => loadAggregated(filter, context),
    }),
    workloadCosts: t.field({
      type: CostReport,
      nullable: true,
      directives: { cost: { weight: UPSTREAM_CALL_COST_WEIGHT }, cacheTag: { format: 'costs' } },
      description: 'Costs and possible savings per workload, one row for each Deployment, StatefulSet and so on.',
      args: { filter: t.arg({ type: WorkloadCostsFilter, description: 'Which workloads to list.' }) },
      resolve: (_root, { filter }, context) =>
        loadReport(toWorkloadCostsRequest(filter, context.multiClusterByDefault), context),
    }),
  }),
});
