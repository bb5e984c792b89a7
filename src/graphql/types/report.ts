// CostReport and the two queries that give one. Its larger fields stand in files of their own.

import type { GatewayContext, LoadedReport } from '../../loaders/context.js';
import { UpstreamError } from '../../errors.js';
import type { ReportWindow } from '../../report/window.js';
import type { ReportRequest } from '../../report/request.js';
import { builder } from '../builder.js';
import {
  AggregatedCostsFilter,
  toAggregatedCostsRequest,
  toWorkloadCostsRequest,
  WorkloadCostsFilter,
} from '../inputs/filters.js';
import { checkGranted } from '../inputs/authorize.js';

const CostWindow = builder.objectRef<ReportWindow>('CostWindow').implement({
  description: 'The time that the costs of a report are of.',
  fields: (t) => ({
    startTime: t.expose('startTime', { type: 'DateTime', description: 'Where the window begins, inclusive.' }),
    endTime: t.expose('endTime', { type: 'DateTime', description: 'Where the window ends, exclusive.' }),
  }),
});

export const CostReport = builder.objectRef<LoadedReport>('CostReport').implement({
  description: 'A cost report as ScaleOps gave it at one moment. All its fields speak of the same data.',
  fields: (t) => ({
    window: t.field({
      type: CostWindow,
      description: 'The time that the costs are of.',
      // Asked for and not to be had is an error of this field; who does not ask still gets the rows.
      resolve: ({ report }) => {
        if (report.window !== null) return report.window;
        throw new UpstreamError('UPSTREAM_BAD_RESPONSE', {
          hint: 'It names no window; leave out `window` to read the rest.',
          reason: 'the answer has no window',
        });
      },
    }),
    clusters: t.stringList({
      description: 'The names of the Kubernetes clusters that the report covers.',
      resolve: ({ report }) => report.clusters,
    }),
    asOf: t.expose('asOf', {
      type: 'DateTime',
      description: 'When ScaleOps gave this report to the gateway, which may keep it for a while.',
    }),
    isStale: t.exposeBoolean('isStale', {
      description:
        'Whether the report is past its freshness: a newer one is being fetched, or ScaleOps fails. `asOf` tells its age.',
    }),
  }),
});

/** What a router reckons with for a report that may have to be fetched. */
const UPSTREAM_CALL = 50;

function loadReport(request: ReportRequest, { loaders, grants }: GatewayContext) {
  checkGranted(grants, request);
  return loaders.report.load(request);
}

builder.queryType({
  description:
    'What Kubernetes workloads cost, as reported by ScaleOps. Both reports have the same shape. ' +
    'A report that fails is null with an error of its own; the others of the operation stay.',
  fields: (t) => ({
    aggregatedCosts: t.field({
      type: CostReport,
      nullable: true,
      directives: { cost: { weight: UPSTREAM_CALL }, cacheTag: { format: 'costs' } },
      description:
        'Costs added up by group: by cluster, namespace, labels or annotations, in any combination. ' +
        'For questions like "what does each namespace cost?".',
      args: {
        filter: t.arg({ type: AggregatedCostsFilter, description: 'What the report is made of and grouped by.' }),
      },
      resolve: (_root, { filter }, context) =>
        loadReport(toAggregatedCostsRequest(filter, context.multiClusterByDefault), context),
    }),
    workloadCosts: t.field({
      type: CostReport,
      nullable: true,
      directives: { cost: { weight: UPSTREAM_CALL }, cacheTag: { format: 'costs' } },
      description:
        'Costs workload by workload: one row for each Deployment, StatefulSet and so on. ' +
        'For questions like "which workloads could cost less?".',
      args: {
        filter: t.arg({ type: WorkloadCostsFilter, description: 'Which workloads the report lists.' }),
      },
      resolve: (_root, { filter }, context) =>
        loadReport(toWorkloadCostsRequest(filter, context.multiClusterByDefault), context),
    }),
  }),
});
