// The workload cost report: which workloads a request's filters leave, one row each, in the fleet's order.
// Where the page is silent: filters on different things must all hold, names are compared exactly, labels are the
// owner's labels, and shouldIgnoreWorkloads leaves out the workloads that their cluster marks as ignored.

import { workloadFigures } from './costs.js';
import type { Fleet, Label, Workload } from './fleet.js';
import { parseParameters, type Form, type Given } from './parameters.js';
import { toRow, type Report } from './report.js';
import { readWindow } from './window.js';

const BODY_FORMS = new Map<string, Form>([
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

// multiCluster is documented for the query string alone; range is not on the page, but in use there.
const QUERY_FORMS = new Map<string, Form>([...BODY_FORMS, ['multiCluster', 'boolean'], ['range', 'range']]);

type Test = (workload: Workload) => boolean;

/** Throws BadRequest where the page documents no such request. */
export function createWorkloadsReport(fleet: Fleet, query: URLSearchParams, body: unknown, nowMs: number): Report {
  const given = parseParameters(QUERY_FORMS, BODY_FORMS, query, body);
  const window = readWindow(given, nowMs);
  const tests = [
    scopeTest(fleet, given),
    nameTest(given, 'clusterFilters', 'isClusterExclude', (workload) => workload.clusterName),
    nameTest(given, 'namespaces', 'isNamespaceExclude', (workload) => workload.namespace),
    nameTest(given, 'workloadTypes', 'isWorkloadTypeExclude', (workload) => workload.type),
    labelTest(given, 'labels', 'logicalLabel', 'isLabelExclude', (workload) => workload.labels),
    labelTest(given, 'annotations', 'logicalAnnotation', 'isAnnotationExclude', (workload) => workload.annotations),
  ];
  const selected = fleet.workloads.filter((workload) => tests.every((test) => test(workload)));
  return { rows: toRows(selected, window), clusterNames: clusterNamesOf(selected), window };
}

/** What both reports know: the host's own cluster or all, with the ignored workloads or without. */
export function scopeTest(fleet: Fleet, given: Given): Test {
  const [ownCluster] = fleet.clusterNames;
  const isEveryCluster = given.boolean('multiCluster');
  const withIgnored = !given.boolean('shouldIgnoreWorkloads');
  return (workload) => (isEveryCluster || workload.clusterName === ownCluster) && (withIgnored || !workload.isIgnored);
}

/** The clusters of these workloads, in the fleet's order. */
export function clusterNamesOf(workloads: readonly Workload[]): string[] {
  return [...new Set(workloads.map((workload) => workload.clusterName))];
}

function* toRows(workloads: readonly Workload[], window: Report['window']) {
  for (const workload of workloads) {
    // The page's sample has null labels and annotations on a row; the workload's own labels are `ownerLabels`.
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

function nameTest(given: Given, listName: string, excludeName: string, nameOf: (workload: Workload) => string): Test {
  const names = new Set(given.strings(listName));
  const isExclude = given.boolean(excludeName);
  // Documented: an empty list filters nothing, whatever the exclude flag says.
  return names.size === 0 ? () => true : (workload) => names.has(nameOf(workload)) !== isExclude;
}

function labelTest(
  given: Given,
  listName: string,
  operatorName: string,
  excludeName: string,
  labelsOf: (workload: Workload) => readonly Label[],
): Test {
  const wanted = given.labels(listName);
  if (wanted.length === 0) return () => true;
  const isExclude = given.boolean(excludeName);
  const isAll = given.text(operatorName) === 'AND';
  return (workload) => {
    const labels = labelsOf(workload);
    const has = (label: Label) => labels.some(({ key, value }) => key === label.key && value === label.value);
    return (isAll ? wanted.every(has) : wanted.some(has)) !== isExclude;
  };
}
