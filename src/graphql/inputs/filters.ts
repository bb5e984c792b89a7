// The filters of the two reports, and their translation into report requests. An input that is absent or null adds
// nothing to the request, so that ScaleOps' own defaults hold.

import type { AggregatedCostsRequest, WorkloadCostsRequest } from '../../report/request.js';
import { builder } from '../builder.js';
import { LabelFilter, NameFilter, TimeRangeInput } from './filter-inputs.js';
import { assertLabel, assertLabelKey, assertList, assertName, assertNotNegative, assertWindow } from './validate.js';

/** For contracts: what makes sense only to those who know ScaleOps itself. */
const INTERNAL = { tag: { name: 'internal' } };

const MULTI_CLUSTER = 'Whether to ask for the data of several or other clusters than the one ScaleOps itself runs in. ';
const IGNORE_WORKLOADS =
  "ScaleOps' own `shouldIgnoreWorkloads`, passed on as it is: the vendor does not document what it does. " +
  'ScaleOps takes false when it is left out.';

const CostGroupByInput = builder.inputType('CostGroupByInput', {
  description: 'What the rows of an aggregated report are grouped by. The groupings combine.',
  fields: (t) => ({
    cluster: t.boolean({ description: 'True gives each cluster rows of its own.' }),
    namespace: t.boolean({ description: 'True gives each namespace, within its cluster, rows of its own.' }),
    labels: t.stringList({ description: 'Keys of Kubernetes labels to group by, such as `team`: 1 to 1,000.' }),
    annotations: t.stringList({ description: 'Keys of Kubernetes annotations to group by: 1 to 1,000.' }),
  }),
});

export const AggregatedCostsFilter = builder.inputType('AggregatedCostsFilter', {
  description: 'What the aggregated report is made of. All conditions must hold. What is left out does not filter.',
  fields: (t) => ({
    clusters: t.stringList({ description: 'Only these clusters, by their exact names: 1 to 1,000.' }),
    timeRange: t.field({
      type: TimeRangeInput,
      description: 'The time the costs are of. Left out, ScaleOps takes the last 7 days.',
    }),
    groupBy: t.field({
      type: CostGroupByInput,
      description: 'What makes a row of its own. Left out, ScaleOps decides.',
    }),
    gpuWorkloadsOnly: t.boolean({
      description: 'True keeps only workloads that use GPUs. ScaleOps takes false when it is left out.',
    }),
    multiCluster: t.boolean({
      directives: INTERNAL,
      description:
        MULTI_CLUSTER +
        'Left out, it is true when the filter names a cluster or groups by cluster, else as the gateway is set up.',
    }),
    shouldIgnoreWorkloads: t.boolean({ directives: INTERNAL, description: IGNORE_WORKLOADS }),
    stepSize: t.int({
      directives: INTERNAL,
      description:
        'The interval between the data points ScaleOps reads, in seconds, 0 or more. ' +
        '0, or left out: ScaleOps chooses.',
    }),
    tags: t.stringList({
      directives: INTERNAL,
      description: "Only these tags, in ScaleOps' own sense: 1 to 1,000.",
    }),
  }),
});

export const WorkloadCostsFilter = builder.inputType('WorkloadCostsFilter', {
  description: 'Which workloads the report lists. All conditions must hold. What is left out does not filter.',
  fields: (t) => ({
    clusters: t.field({ type: NameFilter, description: 'Clusters to keep or to leave out.' }),
    namespaces: t.field({ type: NameFilter, description: 'Kubernetes namespaces to keep or to leave out.' }),
    workloadTypes: t.field({
      type: NameFilter,
      description: 'Kinds of workloads to keep or to leave out, such as `Deployment` or `StatefulSet`.',
    }),
    labels: t.field({ type: LabelFilter, description: 'Kubernetes labels of the workloads to keep or to leave out.' }),
    annotations: t.field({
      type: LabelFilter,
      description: 'Kubernetes annotations of the workloads to keep or to leave out.',
    }),
    last: t.field({
      type: 'Duration',
      description: 'The time up to now that the costs are of, such as `30d`. Left out, ScaleOps decides.',
    }),
    multiCluster: t.boolean({
      directives: INTERNAL,
      description:
        MULTI_CLUSTER + 'Left out, it is true when the filter names a cluster, else as the gateway is set up.',
    }),
    shouldIgnoreWorkloads: t.boolean({ directives: INTERNAL, description: IGNORE_WORKLOADS }),
  }),
});

/** What a resolver gets for an optional argument or field of an input type. */
type Filter<Input extends { readonly $inferInput: unknown }> = Input['$inferInput'] | null | undefined;

/** @throws UserInputError that names the input below `filter` and the rule it breaks. */
export function toAggregatedCostsRequest(
  filter: Filter<typeof AggregatedCostsFilter>,
  multiClusterByDefault: boolean,
): AggregatedCostsRequest {
  const { clusters, timeRange, groupBy, tags, stepSize } = filter ?? {};
  if (clusters) assertList('filter.clusters', clusters, assertName);
  if (timeRange?.between) assertWindow('filter.timeRange.between', timeRange.between);
  if (groupBy?.labels) assertList('filter.groupBy.labels', groupBy.labels, assertLabelKey);
  if (groupBy?.annotations) assertList('filter.groupBy.annotations', groupBy.annotations, assertLabelKey);
  if (tags) assertList('filter.tags', tags, assertName);
  if (stepSize != null) assertNotNegative('filter.stepSize', stepSize);

  const needsOtherClusters = clusters != null || groupBy?.cluster === true;
  return {
    report: 'aggregated',
    clusters: clusters ?? undefined,
    range: timeRange?.last ?? undefined,
    from: timeRange?.between?.from,
    to: timeRange?.between?.to,
    groupByCluster: groupBy?.cluster ?? undefined,
    groupByNamespace: groupBy?.namespace ?? undefined,
    groupByLabels: groupBy?.labels ?? undefined,
    groupByAnnotations: groupBy?.annotations ?? undefined,
    gpuWorkloadsOnly: filter?.gpuWorkloadsOnly ?? undefined,
    multiCluster: filter?.multiCluster ?? (needsOtherClusters || multiClusterByDefault ? true : undefined),
    shouldIgnoreWorkloads: filter?.shouldIgnoreWorkloads ?? undefined,
    stepSize: stepSize ?? undefined,
    tags: tags ?? undefined,
  };
}

/** @throws UserInputError that names the input below `filter` and the rule it breaks. */
export function toWorkloadCostsRequest(
  filter: Filter<typeof WorkloadCostsFilter>,
  multiClusterByDefault: boolean,
): WorkloadCostsRequest {
  const clusters = toNames('filter.clusters', filter?.clusters);
  const namespaces = toNames('filter.namespaces', filter?.namespaces);
  const workloadTypes = toNames('filter.workloadTypes', filter?.workloadTypes);
  const labels = toLabels('filter.labels', filter?.labels);
  const annotations = toLabels('filter.annotations', filter?.annotations);
  return {
    report: 'workloads',
    clusterFilters: clusters?.names,
    isClusterExclude: clusters?.exclude,
    namespaces: namespaces?.names,
    isNamespaceExclude: namespaces?.exclude,
    workloadTypes: workloadTypes?.names,
    isWorkloadTypeExclude: workloadTypes?.exclude,
    labels: labels?.texts,
    logicalLabel: labels?.operator,
    isLabelExclude: labels?.exclude,
    annotations: annotations?.texts,
    logicalAnnotation: annotations?.operator,
    isAnnotationExclude: annotations?.exclude,
    range: filter?.last ?? undefined,
    multiCluster: filter?.multiCluster ?? (clusters !== undefined || multiClusterByDefault ? true : undefined),
    shouldIgnoreWorkloads: filter?.shouldIgnoreWorkloads ?? undefined,
  };
}

// `exclude: false` and OR are our own schema's defaults, the upstream's too: as they cannot be told from a choice, they
// are not sent.
function toNames(path: string, filter: Filter<typeof NameFilter>) {
  if (filter == null) return undefined;
  assertList(`${path}.names`, filter.names, assertName);
  return { names: filter.names, exclude: filter.exclude === true ? true : undefined };
}

function toLabels(path: string, filter: Filter<typeof LabelFilter>) {
  if (filter == null) return undefined;
  assertList(`${path}.labels`, filter.labels, assertLabel);
  return {
    texts: filter.labels.map(({ key, value }) => `${key}=${value}`),
    operator: filter.operator === 'AND' ? ('AND' as const) : undefined,
    exclude: filter.exclude === true ? true : undefined,
  };
}
