// The filters of the two reports, and their translation into report requests. Absent and null inputs are not sent, so
// that the defaults of ScaleOps apply.

import type { AggregatedCostsRequest, WorkloadCostsRequest } from '../../report/request.js';
import { builder, type OptionalInput } from '../builder.js';
import { CostLabelFilter, CostNameFilter } from './filter-inputs.js';
import { nullsToUndefined } from './nulls-to-undefined.js';
import { CostTimeRangeInput, type ResolvedRange } from './time-range.js';
import { assertLabel, assertLabelKey, assertList, assertName, assertNotEmpty, assertNotNegative } from './validate.js';

/** For federation contracts: fields that need knowledge of ScaleOps. */
const INTERNAL = { tag: { name: 'internal' } };

const MULTI_CLUSTER =
  'True covers all clusters, false only that of ScaleOps. Default: true, unless `SCALEOPS_MULTI_CLUSTER` is off';
const IGNORE_WORKLOADS =
  'Passed to ScaleOps as `shouldIgnoreWorkloads`, which ScaleOps does not document. Default: false.';

const CostGroupByInput = builder.inputType('CostGroupByInput', {
  description: 'What the rows of an aggregated report are grouped by. Groupings combine: one row per combination.',
  fields: (t) => ({
    cluster: t.boolean({ description: 'True groups by cluster.' }),
    namespace: t.boolean({ description: 'True groups by namespace, separately per cluster.' }),
    labels: t.stringList({ description: 'Keys of Kubernetes labels, such as `team`, 1 to 1,000.' }),
    annotations: t.stringList({ description: 'Keys of Kubernetes annotations, 1 to 1,000.' }),
  }),
});

export const AggregatedCostsFilter = builder.inputType('AggregatedCostsFilter', {
  description: 'What the aggregated report covers. All conditions must match.',
  fields: (t) => ({
    clusters: t.stringList({ description: 'Exact names of clusters, 1 to 1,000. An unknown name matches nothing.' }),
    timeRange: t.field({ type: CostTimeRangeInput, description: 'The period. Default: the last 7 days.' }),
    groupBy: t.field({ type: CostGroupByInput, description: 'The grouping of rows. By default ScaleOps decides.' }),
    gpuWorkloadsOnly: t.boolean({ description: 'True lists only workloads that use GPUs. Default: false.' }),
    multiCluster: t.boolean({ description: `${MULTI_CLUSTER} and the filter neither names nor groups by clusters.` }),
    shouldIgnoreWorkloads: t.boolean({ directives: INTERNAL, description: IGNORE_WORKLOADS }),
    stepSize: t.int({
      directives: INTERNAL,
      description: 'The interval between data points that ScaleOps reads, in seconds. Default: 0, ScaleOps chooses.',
    }),
    tags: t.stringList({
      directives: INTERNAL,
      description: 'Only workloads with one of these ScaleOps tags, 1 to 1,000.',
    }),
  }),
});

export const WorkloadCostsFilter = builder.inputType('WorkloadCostsFilter', {
  description: 'Which workloads to list. All conditions must match.',
  fields: (t) => ({
    clusters: t.field({ type: CostNameFilter, description: 'Clusters to include or exclude.' }),
    namespaces: t.field({ type: CostNameFilter, description: 'Kubernetes namespaces to include or exclude.' }),
    workloadTypes: t.field({
      type: CostNameFilter,
      description: 'Kinds of workloads to include or exclude, such as `Deployment`.',
    }),
    labels: t.field({ type: CostLabelFilter, description: 'Kubernetes labels of workloads to include or exclude.' }),
    annotations: t.field({
      type: CostLabelFilter,
      description: 'Kubernetes annotations of workloads to include or exclude.',
    }),
    last: t.field({
      type: 'CostDuration',
      description: 'How far back from now: `24h`, `7d`, `30d`. By default ScaleOps decides.',
    }),
    multiCluster: t.boolean({ description: `${MULTI_CLUSTER} and the filter names no clusters.` }),
    shouldIgnoreWorkloads: t.boolean({ directives: INTERNAL, description: IGNORE_WORKLOADS }),
  }),
});

/** @param range the resolved `timeRange`. @throws UserInputError that names the input below `filter`. */
export function toAggregatedCostsRequest(
  filter: OptionalInput<typeof AggregatedCostsFilter>,
  multiClusterByDefault: boolean,
  { range, from, to }: ResolvedRange,
): AggregatedCostsRequest {
  const inputs: NonNullable<typeof filter> = filter ?? {};
  const { timeRange, groupBy, ...parameters } = nullsToUndefined(inputs);
  const { clusters, tags, stepSize } = parameters;
  if (clusters) assertList('filter.clusters', clusters, assertName);
  if (groupBy?.labels) assertList('filter.groupBy.labels', groupBy.labels, assertLabelKey);
  if (groupBy?.annotations) assertList('filter.groupBy.annotations', groupBy.annotations, assertLabelKey);
  if (tags) assertList('filter.tags', tags, assertName);
  if (stepSize !== undefined) assertNotNegative('filter.stepSize', stepSize);

  const isMultiCluster = multiClusterByDefault || clusters !== undefined || groupBy?.cluster === true;
  return {
    report: 'aggregated',
    ...parameters,
    range,
    from,
    to,
    groupByCluster: groupBy?.cluster ?? undefined,
    groupByNamespace: groupBy?.namespace ?? undefined,
    groupByLabels: groupBy?.labels ?? undefined,
    groupByAnnotations: groupBy?.annotations ?? undefined,
    multiCluster: parameters.multiCluster ?? (isMultiCluster || undefined),
  };
}

/** @throws UserInputError that names the input below `filter`. */
export function toWorkloadCostsRequest(
  filter: OptionalInput<typeof WorkloadCostsFilter>,
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
    multiCluster: filter?.multiCluster ?? (multiClusterByDefault || clusters !== undefined || undefined),
    shouldIgnoreWorkloads: filter?.shouldIgnoreWorkloads ?? undefined,
  };
}

// `exclude: false` and OR are the defaults of ScaleOps, so they are not sent.
function toNames(path: string, filter: OptionalInput<typeof CostNameFilter>) {
  if (filter == null) return undefined;
  assertNotEmpty(`${path}.names`, filter.names, `must have at least one name; omit ${path} to not filter by it.`);
  assertList(`${path}.names`, filter.names, assertName);
  return { names: filter.names, exclude: filter.exclude === true ? true : undefined };
}

function toLabels(path: string, filter: OptionalInput<typeof CostLabelFilter>) {
  if (filter == null) return undefined;
  assertNotEmpty(`${path}.labels`, filter.labels, `must have at least one entry; omit ${path} to not filter by it.`);
  assertList(`${path}.labels`, filter.labels, assertLabel);
  return {
    texts: filter.labels.map(({ key, value }) => `${key}=${value}`),
    operator: filter.operator === 'AND' ? ('AND' as const) : undefined,
    exclude: filter.exclude === true ? true : undefined,
  };
}
