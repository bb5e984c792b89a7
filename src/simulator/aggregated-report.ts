// The aggregated cost report: one row a group, each exactly the sum of its workloads. Where the page is silent:
// no grouping is one row; a workload without a label that is grouped by counts under the value ""; `tags` keep the
// workloads behind any of these services; a filter that leaves no workload leaves no row; stepSize changes no sum.
// As the page says, namespaces are divided within each cluster: a row grouped by namespace names its cluster too.

import { addFigures, workloadFigures, type Figures } from './costs.js';
import type { Fleet, Label, Workload } from './fleet.js';
import { BadRequest, parseParameters, type Form, type Given } from './parameters.js';
import { toRow, type Report, type RowNames } from './report.js';
import { readWindow } from './window.js';
import { clusterNamesOf, scopeTest } from './workloads-report.js';

const QUERY_FORMS = new Map<string, Form>([
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

const BODY_FORMS = new Map<string, Form>([
  ...QUERY_FORMS,
  ['groupByLabels', 'strings'],
  ['groupByAnnotations', 'strings'],
]);

interface Grouping {
  readonly byCluster: boolean;
  readonly byNamespace: boolean;
  readonly labelKeys: readonly string[];
  readonly annotationKeys: readonly string[];
}

interface Group {
  readonly names: RowNames;
  readonly figures: Figures;
}

/** Throws BadRequest where the page documents no such request. */
export function createAggregatedReport(fleet: Fleet, query: URLSearchParams, body: unknown, nowMs: number): Report {
  const given = parseParameters(QUERY_FORMS, BODY_FORMS, query, body);
  if ((given.integer('stepSize') ?? 0) < 0) throw new BadRequest('stepSize is below 0');
  const window = readWindow(given, nowMs);
  const selected = select(fleet, given);
  const grouping = readGrouping(given);
  const groups = new Map<string, Group>();
  for (const workload of selected) {
    const names = groupNames(workload, grouping);
    const figures = workloadFigures(workload, window);
    const group = groups.get(names.id);
    if (group === undefined) groups.set(names.id, { names, figures });
    else addFigures(group.figures, figures);
  }
  const rows = [...groups.values()].map(({ names, figures }) => toRow(names, figures));
  return { rows, clusterNames: clusterNamesOf(selected), window };
}

function select(fleet: Fleet, given: Given): Workload[] {
  const inScope = scopeTest(fleet, given);
  const clusters = new Set(given.strings('clusters'));
  const tags = new Set(given.strings('tags'));
  const gpuOnly = given.boolean('gpuWorkloadsOnly');
  return fleet.workloads.filter(
    (workload) =>
      inScope(workload) &&
      (clusters.size === 0 || clusters.has(workload.clusterName)) &&
      (tags.size === 0 || workload.services.some((service) => tags.has(service))) &&
      (!gpuOnly || workload.gpuThousandths > 0),
  );
}

function readGrouping(given: Given): Grouping {
  const byNamespace = given.boolean('groupByNamespace');
  return {
    byCluster: byNamespace || given.boolean('groupByCluster'),
    byNamespace,
    labelKeys: [...new Set(given.strings('groupByLabels'))],
    annotationKeys: [...new Set(given.strings('groupByAnnotations'))],
  };
}

function groupNames(workload: Workload, grouping: Grouping): RowNames {
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

/** Every row of an answer has the same keys in the same places, so only the values need to be told apart. */
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
