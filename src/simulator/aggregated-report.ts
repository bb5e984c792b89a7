// The aggregated cost report: one row per group, exactly the sum of its workloads. Assumed where the vendor's documentation
// is silent: no grouping gives one row; a workload without a grouping label has the value ""; `tags` select workloads
// behind any of these services; a filter without matches gives no row; stepSize changes no sum.
// Documented: namespaces are separate per cluster, so a row grouped by namespace names its cluster too.

import { addFigures, workloadFigures, type Figures } from './history/costs.js';
import type { Label, Workload } from './workload.js';
import { BadRequest, parseParameters, type ParameterType, type Parameters } from './parameters.js';
import { toRow, type Report, type RowNames } from './report.js';
import { select, type Host, type WorkloadTest } from './selection.js';

const QUERY_FORMS = new Map<string, ParameterType>([
  ['clusters', 'strings'],
  ['from', 'integer'],
  ['gpuWorkloadsOnly', 'boolean'],
  ['groupByCluster', 'boolean'],
  ['groupByNamespace', 'boolean'],
  ['multiCluster', 'boolean'],
  ['range', 'range'],
  ['shouldIgnoreWorkloads', 'boolean'],
  ['stepSize', 'integer'],
  ['tags', 'strings'],
  ['to', 'integer'],
]);

const BODY_FORMS = new Map<string, ParameterType>([
  ...QUERY_FORMS,
  ['groupByLabels', 'strings'],
  ['groupByAnnotations', 'strings'],
]);

/** @throws BadRequest for what the vendor does not document. */
export function createAggregatedReport(host: Host, query: URLSearchParams, body: unknown): Report {
  const parameters = parseParameters(QUERY_FORMS, BODY_FORMS, query, body);
  if ((parameters.integer('stepSize') ?? 0) < 0) throw new BadRequest('stepSize is below 0');
  const { workloads, period, ...rest } = select(host, parameters, testsOf(parameters));
  const grouping = readGrouping(parameters);
  const groups = new Map<string, { readonly names: RowNames; readonly figures: Figures }>();
  for (const workload of workloads) {
    const names = groupNames(workload, grouping);
    const figures = workloadFigures(workload, period);
    const group = groups.get(names.id);
    if (group === undefined) groups.set(names.id, { names, figures });
    else addFigures(group.figures, figures);
  }
  const rows = [...groups.values()].map(({ names, figures }) => toRow(names, figures));
  return { rows, ...rest };
}

function testsOf(parameters: Parameters): WorkloadTest[] {
  const clusters = new Set(parameters.strings('clusters'));
  const tags = new Set(parameters.strings('tags'));
  const gpuOnly = parameters.boolean('gpuWorkloadsOnly');
  return [
    (workload) => clusters.size === 0 || clusters.has(workload.clusterName),
    (workload) => tags.size === 0 || workload.services.some((service) => tags.has(service)),
    (workload) => !gpuOnly || workload.gpuThousandths > 0,
  ];
}

function readGrouping(parameters: Parameters) {
  const byNamespace = parameters.boolean('groupByNamespace');
  return {
    byCluster: byNamespace || parameters.boolean('groupByCluster'),
    byNamespace,
    labelKeys: [...new Set(parameters.strings('groupByLabels'))],
    annotationKeys: [...new Set(parameters.strings('groupByAnnotations'))],
  };
}

function groupNames(workload: Workload, grouping: ReturnType<typeof readGrouping>): RowNames {
  const clusterName = grouping.byCluster ? workload.clusterName : '';
  const namespace = grouping.byNamespace ? workload.namespace : '';
  const labels = valuesOf(workload.labels, grouping.labelKeys);
  const annotations = valuesOf(workload.annotations, grouping.annotationKeys);
  return {
    id: groupId(clusterName, namespace, labels, annotations),
    clusterName,
    namespace,
    workloadName: '',
    workloadType: '',
    labels,
    annotations,
    ownerLabels: [],
    services: [],
  };
}

function valuesOf(labels: readonly Label[], keys: readonly string[]): Label[] {
  return keys.map((key) => ({ key, value: labels.find((label) => label.key === key)?.value ?? '' }));
}

/** All rows of a report have the same keys in the same order, so the values identify a group. */
function groupId(
  clusterName: string,
  namespace: string,
  labels: readonly Label[],
  annotations: readonly Label[],
): string {
  const parts = [
    clusterName,
    namespace,
    ...labels.map(({ key, value }) => `label:${key}=${encodeURIComponent(value)}`),
    ...annotations.map(({ key, value }) => `annotation:${key}=${encodeURIComponent(value)}`),
  ].filter((part) => part !== '');
  return parts.length === 0 ? 'all' : parts.join('/');
}
