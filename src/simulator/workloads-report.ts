// The workload cost report: one row per workload that matches the filters, in the fleet's order. Assumed where the vendor's
// documentation is silent: all filters must match, names are compared exactly, labels are the owner's labels, and
// shouldIgnoreWorkloads leaves out the workloads that their cluster marks as ignored.

import { workloadFigures } from './costs.js';
import type { Fleet, Label, Workload } from './fleet.js';
import { parseParameters, readWindow, type ParameterType, type Parameters } from './parameters.js';
import { toRow, type Report } from './report.js';

const BODY_FORMS = new Map<string, ParameterType>([
  ['annotations', 'labels'],
  ['clusterFilters', 'strings'],
  ['isAnnotationExclude', 'boolean'],
  ['isClusterExclude', 'boolean'],
  ['isLabelExclude', 'boolean'],
  ['isNamespaceExclude', 'boolean'],
  ['isWorkloadTypeExclude', 'boolean'],
  ['labels', 'labels'],
  ['logicalAnnotation', 'operator'],
  ['logicalLabel', 'operator'],
  ['namespaces', 'strings'],
  ['shouldIgnoreWorkloads', 'boolean'],
  ['workloadTypes', 'strings'],
]);

// multiCluster is documented for the query string only; range is undocumented, but in use.
const QUERY_FORMS = new Map<string, ParameterType>([...BODY_FORMS, ['multiCluster', 'boolean'], ['range', 'range']]);

type Test = (workload: Workload) => boolean;

/** @throws BadRequest for what the vendor does not document. */
export function createWorkloadsReport(fleet: Fleet, query: URLSearchParams, body: unknown, nowMs: number): Report {
  const parameters = parseParameters(QUERY_FORMS, BODY_FORMS, query, body);
  const window = readWindow(parameters, nowMs);
  const tests = [
    scopeTest(fleet, parameters),
    nameTest(parameters, 'clusterFilters', 'isClusterExclude', (workload) => workload.clusterName),
    nameTest(parameters, 'namespaces', 'isNamespaceExclude', (workload) => workload.namespace),
    nameTest(parameters, 'workloadTypes', 'isWorkloadTypeExclude', (workload) => workload.type),
    labelTest(parameters, 'labels', 'logicalLabel', 'isLabelExclude', (workload) => workload.labels),
    labelTest(
      parameters,
      'annotations',
      'logicalAnnotation',
      'isAnnotationExclude',
      (workload) => workload.annotations,
    ),
  ];
  const selected = fleet.workloads.filter((workload) => tests.every((test) => test(workload)));
  return { rows: toRows(selected, window), clusterNames: clusterNamesOf(selected), window };
}

/** The selection that both reports share: the host's own cluster or all, with or without ignored workloads. */
export function scopeTest(fleet: Fleet, parameters: Parameters): Test {
  const [ownCluster] = fleet.clusterNames;
  const isEveryCluster = parameters.boolean('multiCluster');
  const withIgnored = !parameters.boolean('shouldIgnoreWorkloads');
  return (workload) => (isEveryCluster || workload.clusterName === ownCluster) && (withIgnored || !workload.isIgnored);
}

/** The clusters of these workloads, in the fleet's order. */
export function clusterNamesOf(workloads: readonly Workload[]): string[] {
  return [...new Set(workloads.map((workload) => workload.clusterName))];
}

function* toRows(workloads: readonly Workload[], window: Report['window']) {
  for (const workload of workloads) {
    // In the vendor's sample rows have null labels and annotations; the workload's own labels are `ownerLabels`.
    const names = {
      id: workload.id,
      clusterName: workload.clusterName,
      namespace: workload.namespace,
      workloadName: workload.name,
      workloadType: workload.type,
      labels: [],
      annotations: [],
      ownerLabels: workload.labels,
      services: workload.services,
    };
    yield toRow(names, workloadFigures(workload, window));
  }
}

function nameTest(
  parameters: Parameters,
  listName: string,
  excludeName: string,
  nameOf: (workload: Workload) => string,
): Test {
  const names = new Set(parameters.strings(listName));
  const isExclude = parameters.boolean(excludeName);
  // Documented: an empty list filters nothing, whatever the exclude flag says.
  return names.size === 0 ? () => true : (workload) => names.has(nameOf(workload)) !== isExclude;
}

function labelTest(
  parameters: Parameters,
  listName: string,
  operatorName: string,
  excludeName: string,
  labelsOf: (workload: Workload) => readonly Label[],
): Test {
  const wanted = parameters.labels(listName);
  if (wanted.length === 0) return () => true;
  const isExclude = parameters.boolean(excludeName);
  const isAll = parameters.text(operatorName) === 'AND';
  return (workload) => {
    const labels = labelsOf(workload);
    const has = (label: Label) => labels.some(({ key, value }) => key === label.key && value === label.value);
    return (isAll ? wanted.every(has) : wanted.some(has)) !== isExclude;
  };
}
