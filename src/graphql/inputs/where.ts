// The `where` input that rows, totals and breakdown share.

import type { Permissions } from '../../report/permissions/permissions.js';
import type { RowsWhere } from '../../report/query/filter-rows.js';
import { builder, type OptionalInput } from '../builder.js';
import { CostDimensionMatch, toMatches } from './dimensions.js';
import { assertFinite, assertLength, assertList, assertName } from './validate.js';
import { assertAllowedRows } from './authorize.js';

const NAMES = '1 to 1,000, case-insensitive. One must match.';

export const CostRowsWhere = builder.inputType('CostRowsWhere', {
  description: 'Selects rows of a report, without a further call to ScaleOps. All conditions must match.',
  fields: (t) => ({
    clusterNames: t.stringList({ description: `Names of clusters, ${NAMES}` }),
    namespaces: t.stringList({ description: `Names of Kubernetes namespaces, ${NAMES}` }),
    workloadTypes: t.stringList({ description: `Kinds of workloads, such as \`Deployment\`, ${NAMES}` }),
    workloadNames: t.stringList({ description: `Names of workloads, ${NAMES}` }),
    dimensions: t.field({
      type: [CostDimensionMatch],
      description: 'Values of dimensions, such as a label, at most 10 entries. All entries must match.',
    }),
    search: t.string({
      description: 'Text in the name of the cluster, namespace or workload. Case-insensitive, at most 253 characters.',
    }),
    minTotalCost: t.float({ description: 'Minimum `totalCost`, in the currency of ScaleOps. Null does not match.' }),
    maxTotalCost: t.float({ description: 'Maximum `totalCost`, in the currency of ScaleOps. Null does not match.' }),
    minSavingsAvailable: t.float({
      description: 'Minimum `savingsAvailable`, in the currency of ScaleOps. Null does not match.',
    }),
  }),
});

/** @throws UserInputError that names the input below `where`; GatewayError FORBIDDEN for a name that the caller may not see. */
export function toRowsWhere(
  where: OptionalInput<typeof CostRowsWhere>,
  permissions: Permissions | undefined,
): RowsWhere | undefined {
  if (where == null) return undefined;
  for (const field of ['clusterNames', 'namespaces', 'workloadTypes', 'workloadNames'] as const) {
    if (where[field]) assertList(`where.${field}`, where[field], assertName);
  }
  for (const field of ['minTotalCost', 'maxTotalCost', 'minSavingsAvailable'] as const) {
    if (where[field] != null) assertFinite(`where.${field}`, where[field]);
  }
  if (where.search != null) assertLength('where.search', where.search);
  const dimensions = where.dimensions == null ? undefined : toMatches(where.dimensions);
  assertAllowedRows(permissions, where.clusterNames, where.namespaces);
  return {
    clusterNames: where.clusterNames ?? undefined,
    namespaces: where.namespaces ?? undefined,
    workloadTypes: where.workloadTypes ?? undefined,
    workloadNames: where.workloadNames ?? undefined,
    dimensions,
    search: where.search ?? undefined,
    minTotalCost: where.minTotalCost ?? undefined,
    maxTotalCost: where.maxTotalCost ?? undefined,
    minSavingsAvailable: where.minSavingsAvailable ?? undefined,
  };
}
