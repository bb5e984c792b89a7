// The `where` input that rows, totals and breakdown share.

import type { Permissions } from '../../report/permissions/permissions.js';
import type { RowsWhere } from '../../report/query/filter-rows.js';
import { builder } from '../builder.js';
import { CostLabelInput } from './filter-inputs.js';
import { assertFinite, assertLabel, assertList, assertName, assertSearch } from './validate.js';
import { assertAllowedRows } from './authorize.js';

export const CostRowsWhere = builder.inputType('CostRowsWhere', {
  description:
    'Selects rows of a report that is already loaded: no further call to ScaleOps. All conditions must match.',
  fields: (t) => ({
    clusterNames: t.stringList({ description: 'Exact names of clusters, 1 to 1,000. One must match.' }),
    namespaces: t.stringList({ description: 'Exact names of Kubernetes namespaces, 1 to 1,000. One must match.' }),
    workloadTypes: t.stringList({
      description: 'Kinds of workloads, such as `Deployment`, 1 to 1,000. One must match.',
    }),
    labels: t.field({
      type: [CostLabelInput],
      description: 'Labels in `ownerLabels`, 1 to 1,000. All must match.',
    }),
    search: t.string({
      description: 'Text in the name of the cluster, namespace or workload. Case-insensitive, at most 253 characters.',
    }),
    minTotalCost: t.float({
      description: 'The least `totalCost`, in the currency of ScaleOps. Null does not match.',
    }),
    minSavingsAvailable: t.float({
      description: 'The least `savingsAvailable`, in the currency of ScaleOps. Null does not match.',
    }),
  }),
});

/** What a filter reads of a report. */
export function toReading(where: RowsWhere | undefined): { readonly rows: number; readonly labels: number } {
  return { rows: where === undefined ? 0 : 1, labels: where?.labels === undefined ? 0 : 1 };
}

/** @throws UserInputError that names the input below `where` and the rule it breaks; FORBIDDEN for what the caller may not see. */
export function toRowsWhere(
  where: (typeof CostRowsWhere)['$inferInput'] | null | undefined,
  grants: Permissions | undefined,
): RowsWhere | undefined {
  if (where == null) return undefined;
  const { clusterNames, namespaces, workloadTypes, labels, search, minTotalCost, minSavingsAvailable } = where;
  if (clusterNames) assertList('where.clusterNames', clusterNames, assertName);
  if (namespaces) assertList('where.namespaces', namespaces, assertName);
  if (workloadTypes) assertList('where.workloadTypes', workloadTypes, assertName);
  assertAllowedRows(grants, clusterNames, namespaces);
  if (labels) assertList('where.labels', labels, assertLabel);
  if (minTotalCost != null) assertFinite('where.minTotalCost', minTotalCost);
  if (minSavingsAvailable != null) assertFinite('where.minSavingsAvailable', minSavingsAvailable);
  if (search != null) assertSearch('where.search', search);
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
