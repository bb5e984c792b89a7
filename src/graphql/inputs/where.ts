// The `where` that rows, totals and breakdown share: the same conditions, the same rows.

import type { Permissions } from '../../report/permissions/permissions.js';
import type { RowsWhere } from '../../report/query/filter-rows.js';
import { builder } from '../builder.js';
import { LabelInput } from './filter-inputs.js';
import { checkFinite, checkLabel, checkList, checkName, checkSearch } from './validate.js';
import { checkGrantedRows } from './authorize.js';

export const CostRowsWhere = builder.inputType('CostRowsWhere', {
  description:
    'Which rows of a report to look at. All given conditions must hold. It chooses among the rows that are already ' +
    'there, and costs no further call to ScaleOps.',
  fields: (t) => ({
    clusterNames: t.stringList({ description: 'Any of these clusters, by exact name: 1 to 1,000.' }),
    namespaces: t.stringList({ description: 'Any of these Kubernetes namespaces, by exact name: 1 to 1,000.' }),
    workloadTypes: t.stringList({ description: 'Any of these kinds of workloads, such as `Deployment`: 1 to 1,000.' }),
    labels: t.field({
      type: [LabelInput],
      description: 'All of these labels, among the `ownerLabels` alone: 1 to 1,000.',
    }),
    search: t.string({
      description:
        'A part of the name of the cluster, the namespace or the workload, as plain text and without regard to case. ' +
        'At most 253 characters; the empty text matches every row.',
    }),
    minTotalCost: t.float({
      description: 'Only rows that cost at least this, in the currency ScaleOps is set to. A null does not match.',
    }),
    minSavingsAvailable: t.float({
      description: 'Only rows with at least these savings, in the currency ScaleOps is set to. A null does not match.',
    }),
  }),
});

/** @throws UserInputError that names the input below `where` and the rule it breaks; FORBIDDEN for what is not granted. */
export function toRowsWhere(
  where: (typeof CostRowsWhere)['$inferInput'] | null | undefined,
  grants: Permissions | undefined,
): RowsWhere | undefined {
  if (where == null) return undefined;
  const { clusterNames, namespaces, workloadTypes, labels, search, minTotalCost, minSavingsAvailable } = where;
  if (clusterNames) checkList('where.clusterNames', clusterNames, checkName);
  if (namespaces) checkList('where.namespaces', namespaces, checkName);
  if (workloadTypes) checkList('where.workloadTypes', workloadTypes, checkName);
  checkGrantedRows(grants, clusterNames, namespaces);
  if (labels) checkList('where.labels', labels, checkLabel);
  if (minTotalCost != null) checkFinite('where.minTotalCost', minTotalCost);
  if (minSavingsAvailable != null) checkFinite('where.minSavingsAvailable', minSavingsAvailable);
  if (search != null) checkSearch('where.search', search);
  return {
    clusterNames: clusterNames ?? undefined,
    namespaces: namespaces ?? undefined,
    workloadTypes: workloadTypes ?? undefined,
    labels: labels ?? undefined,
    search: search ?? undefined,
    minTotalCost: minTotalCost ?? undefined,
    minSavingsAvailable: minSavingsAvailable ?? undefined,
  };
}
