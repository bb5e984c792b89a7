// The aggregated cost report: one row per group, exactly the sum of its workloads. Assumed where the vendor's documentation
// is silent: without grouping there is one row; a workload without a grouping label has the value ""; `tags` select the
// workloads of any of these services; a filter without matches gives no row; stepSize changes no sum.
// Documented: namespaces are separate per cluster, so a row grouped by namespace names its cluster too.

import { addFigures, workloadFigures, type Figures } from './history/costs.js';
import type { Label, Workload } from './workload.js';
import { BadRequest, parameterTypes, parseParameters, type Parameters } from './parameters.js';
import { toRow, type Report, type RowNames } from './report.js';
import { select, type Host, type WorkloadTest } from './selection.js';

const TYPES = {
  boolean: 'gpuWorkloadsOnly groupByCluster groupByNamespace multiCluster shouldIgnoreWorkloads',
  integer: 'from stepSize to',
  range: 'range',
};
const QUERY_TYPES = parameterTypes({ ...TYPES, strings: 'clusters tags' });
const BODY_TYPES = parameterTypes({ ...TYPES, strings: 'clusters tags groupByLabels groupByAnnotations' });

/** @throws BadRequest for undocumented parameters and values. */
export function createAggregatedReport(host: Host, query: URLSearchParams, body: object): Report {
  const parameters = parseParameters(QUERY_TYPES, BODY_TYPES, query, body);
  if ((parameters.integer('stepSize') ?? 0) < 0) throw new BadRequest('stepSize is below 0');
  const { workloads, period, ...rest } = select(host, parameters, createTests(parameters));
  const grouping = parseGrouping(parameters);
  const groups = new Map<string, { readonly names: RowNames; readonly figures: Figures }>();
  for (const workload of workloads) {
    const names = toGroupNames(workload, grouping);
    const figures = workloadFigures(workload, period);
    const group = groups.get(names.id);
    if (group === undefined) groups.set(names.id, { names, figures });
    else addFigures(group.figures, figures);
  }
  const rows = [...groups.values()].map(({ names, figures }) => toRow(names, figures));
  return { rows, ...rest };
}

function createTests(parameters: Parameters): WorkloadTest[] {
  const clusters = new Set(parameters.strings('clusters'));
  const tags = new Set(parameters.strings('tags'));
  const gpuOnly = parameters.boolean('gpuWorkloadsOnly');
  return [
    (workload) => clusters.size === 0 || clusters.has(workload.clusterName),
    (workload) => tags.size === 0 || workload.services.some((service) => tags.has(service)),
    (workload) => !gpuOnly || workload.gpuThousandths > 0,
  ];
}

function parseGrouping(parameters: Parameters) {
  const byNamespace = parameters.boolean('groupByNamespace');
  return {
    byCluster: byNamespace || parameters.boolean('groupByCluster'),
    byNamespace,
    labelKeys: [...new Set(parameters.strings('groupByLabels'))],
    annotationKeys: [...new Set(parameters.strings('groupByAnnotations'))],
  };
}

function toGroupNames(workload: Workload, grouping: ReturnType<typeof parseGrouping>): RowNames {
  const clusterName = grouping.byCluster ? workload.clusterName : '';
  const namespace = grouping.byNamespace ? workload.namespace : '';
  const labels = valuesOf(workload.labels, grouping.labelKeys);
  const annotations = valuesOf(workload.annotations, grouping.annotationKeys);
  // All rows of a report have the same keys in the same order, so the values identify a group.
  const parts = [
    clusterName,
    namespace,
    ...labels.map(({ key, value }) => `label:${key}=${encodeURIComponent(value)}`),
    ...annotations.map(({ key, value }) => `annotation:${key}=${encodeURIComponent(value)}`),
  ].filter((part) => part !== '');
  return { id: parts.length === 0 ? 'all' : parts.join('/'), clusterName, namespace, labels, annotations };
}

function valuesOf(labels: readonly Label[], keys: readonly string[]): Label[] {
  return keys.map((key) => ({ key, value: labels.find((label) => label.key === key)?.value ?? '' }));
}
