// What rows are grouped by, and how groups are ordered.

import { UserInputError } from '../../errors.js';
import type { Dimension, GroupOrder } from '../../report/query/breakdown.js';
import { builder } from '../builder.js';
import { SortDirection } from './row-order.js';
import { assertCount, assertLabelKey } from './validate.js';

export const MAX_DIMENSIONS = 5;

/** Enum value → field of the row. */
const DIMENSIONS = {
  CLUSTER: 'clusterName',
  NAMESPACE: 'namespace',
  WORKLOAD_TYPE: 'workloadType',
  WORKLOAD_NAME: 'workloadName',
} as const;

const CostDimension = builder.enumType('CostDimension', {
  description: 'A field to group rows by.',
  values: {
    CLUSTER: { description: 'By `clusterName`.' },
    NAMESPACE: { description: 'By `namespace`. Namespaces of the same name in several clusters are one group.' },
    WORKLOAD_TYPE: { description: 'By `workloadType`.' },
    WORKLOAD_NAME: { description: 'By `workloadName`.' },
  } as const,
});

export const CostDimensionInput = builder.inputType('CostDimensionInput', {
  description: 'One dimension. Set exactly one field.',
  isOneOf: true,
  fields: (t) => ({
    field: t.field({ type: CostDimension, description: 'Groups by a field of the row.' }),
    label: t.string({
      description:
        'Groups by the value of this Kubernetes label, such as `team`, in `ownerLabels`, else in `labels`. ' +
        'Rows without a value are one group.',
    }),
  }),
});

const CostGroupField = builder.enumType('CostGroupField', {
  description: 'What to order groups by.',
  values: {
    TOTAL_COST: { value: 'totalCost', description: 'By the sum of `totalCost`.' },
    HOURLY_COST: { value: 'hourlyCost', description: 'By the sum of `hourlyCost`.' },
    SAVINGS_AVAILABLE: { value: 'savingsAvailable', description: 'By the sum of `savingsAvailable`.' },
    SAVINGS_AVAILABLE_WITH_REPLICAS: {
      value: 'savingsAvailableWithReplicas',
      description: 'By the sum of `savingsAvailableWithReplicas`.',
    },
    AMOUNT_OF_WORKLOADS: { value: 'amountOfWorkloads', description: 'By the sum of `amountOfWorkloads`.' },
    KEY: {
      value: 'key',
      description: 'By the values of the dimensions in Unicode order. Null comes last.',
    },
  } as const,
});

export const CostGroupOrder = builder.inputType('CostGroupOrder', {
  description: 'The order of groups. Equal groups keep the order of their first rows.',
  fields: (t) => ({
    field: t.field({ type: CostGroupField, required: true, description: 'What to order by.' }),
    direction: t.field({ type: SortDirection, defaultValue: 'DESC', description: 'Ascending or descending.' }),
  }),
});

export function toGroupOrder(order: (typeof CostGroupOrder)['$inferInput'] | null | undefined): GroupOrder {
  return { field: order?.field ?? 'totalCost', direction: order?.direction ?? 'DESC' };
}

interface NamedDimension {
  readonly name: string;
  readonly dimension: Dimension;
}

/** @throws UserInputError for an empty list, too many dimensions, a repeated one, or a label key that is none. */
export function toDimensions(by: readonly (typeof CostDimensionInput)['$inferInput'][]): NamedDimension[] {
  if (by.length === 0) throw new UserInputError('by', 'must not be an empty list.');
  assertCount('by', by, MAX_DIMENSIONS);
  const named = by.map(toDimension);
  const repeated = named.findIndex(({ name }, index) => named.findIndex((other) => other.name === name) < index);
  if (repeated >= 0) throw new UserInputError(`by[${repeated}]`, 'must not repeat a dimension.');
  return named;
}

function toDimension({ field, label }: (typeof CostDimensionInput)['$inferInput'], index: number): NamedDimension {
  if (field != null) return { name: field, dimension: { field: DIMENSIONS[field] } };
  assertLabelKey(`by[${index}].label`, label);
  return { name: `label:${label}`, dimension: { label } };
}
