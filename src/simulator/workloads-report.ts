// The workload cost report: one row per workload that matches the filters, in the fleet's order. Assumed where the vendor's
// documentation is silent: all filters must match, names are compared exactly, labels are the owner's labels, and
// shouldIgnoreWorkloads leaves out the workloads that their cluster marks as ignored.

import { workloadFigures } from './history/costs.js';
import type { Period } from './history/timeline.js';
import type { Label, Workload } from './workload.js';
import { parameterTypes, parseParameters, type Parameters } from './parameters.js';
import { toRow, type Report } from './report.js';
import { select, type Host, type WorkloadTest } from './selection.js';

const TYPES = {
  strings: 'clusterFilters namespaces workloadTypes',
  labels: 'annotations labels',
  operator: 'logicalAnnotation logicalLabel',
};
const FLAGS =
  'isAnnotationExclude isClusterExclude isLabelExclude isNamespaceExclude isWorkloadTypeExclude shouldIgnoreWorkloads';
const BODY_TYPES = parameterTypes({ ...TYPES, boolean: FLAGS });
// multiCluster is documented for the query string only; range is undocumented, but in use.
const QUERY_TYPES = parameterTypes({ ...TYPES, boolean: `${FLAGS} multiCluster`, range: 'range' });

/** @throws BadRequest for undocumented parameters and values. */
export function createWorkloadsReport(host: Host, query: URLSearchParams, body: object): Report {
  const parameters = parseParameters(QUERY_TYPES, BODY_TYPES, query, body);
  const tests = [
    nameTest(parameters, 'clusterFilters', 'isClusterExclude', 'clusterName'),
    nameTest(parameters, 'namespaces', 'isNamespaceExclude', 'namespace'),
    nameTest(parameters, 'workloadTypes', 'isWorkloadTypeExclude', 'type'),
    labelTest(parameters, 'labels', 'logicalLabel', 'isLabelExclude'),
    labelTest(parameters, 'annotations', 'logicalAnnotation', 'isAnnotationExclude'),
  ];
  const { workloads, period, ...rest } = select(host, parameters, tests);
  return { rows: toRows(workloads, period), ...rest };
}

function* toRows(workloads: readonly Workload[], period: Period) {
  for (const workload of workloads) {
    // In the vendor's sample, rows have null labels and annotations, and the workload's labels are `ownerLabels`.
    const names = {
      id: workload.id,
      clusterName: workload.clusterName,
      namespace: workload.namespace,
      workloadName: workload.name,
      workloadType: workload.type,
      ownerLabels: workload.labels,
      services: workload.services,
    };
    yield toRow(names, workloadFigures(workload, period));
  }
}

function nameTest(
  parameters: Parameters,
  listName: string,
  excludeName: string,
  field: 'clusterName' | 'namespace' | 'type',
): WorkloadTest {
  const names = new Set(parameters.strings(listName));
  const isExclude = parameters.boolean(excludeName);
  // Documented: an empty list filters nothing, whatever the exclude flag is.
  return (workload) => names.size === 0 || names.has(workload[field]) !== isExclude;
}

function labelTest(
  parameters: Parameters,
  field: 'labels' | 'annotations',
  operatorName: string,
  excludeName: string,
): WorkloadTest {
  const wanted = parameters.labels(field);
  const isExclude = parameters.boolean(excludeName);
  const isAll = parameters.text(operatorName) === 'AND';
  return (workload) => {
    const has = (label: Label) => workload[field].some(({ key, value }) => key === label.key && value === label.value);
    return wanted.length === 0 || (isAll ? wanted.every(has) : wanted.some(has)) !== isExclude;
  };
}
