// The order of rows.

import type { OrderField, RowOrder } from '../../report/query/order.js';
import { builder } from '../builder.js';

/** Enum value → field of the row. */
const FIELDS = {
  TOTAL_COST: 'totalCost',
  HOURLY_COST: 'hourlyCost',
  SAVINGS_AVAILABLE: 'savingsAvailable',
  SAVINGS_AVAILABLE_WITH_REPLICAS: 'savingsAvailableWithReplicas',
  ON_DEMAND_HOURS: 'onDemandHours',
  ON_DEMAND_PERCENT: 'onDemandPercent',
  SPOT_HOURS: 'spotHours',
  SPOT_PERCENT: 'spotPercent',
  OWNER_CPU_REQUEST: 'ownerCpuRequest',
  OWNER_GPU_REQUEST: 'ownerGpuRequest',
  OWNER_MEMORY_REQUEST: 'ownerMemoryRequest',
  REPLICAS: 'replicas',
  AMOUNT_OF_WORKLOADS: 'amountOfWorkloads',
  CLUSTER_NAME: 'clusterName',
  NAMESPACE: 'namespace',
  WORKLOAD_NAME: 'workloadName',
  WORKLOAD_TYPE: 'workloadType',
} as const satisfies Record<string, OrderField>;

/** Ordering by a field a second time has no effect. */
export const MAX_ORDERS = Object.keys(FIELDS).length;

const CostRowField = builder.enumType('CostRowField', {
  description: 'What to order rows by. Names are in Unicode order, capitals before small letters.',
  values: Object.fromEntries(
    Object.entries(FIELDS).map(([name, field]) => [name, { value: field, description: `By \`${field}\`.` }]),
  ) as { [Name in keyof typeof FIELDS]: { value: (typeof FIELDS)[Name]; description: string } },
});

export const CostSortDirection = builder.enumType('CostSortDirection', {
  description: 'The direction of an order.',
  values: {
    ASC: { description: 'Smallest number or first name first.' },
    DESC: { description: 'Largest number or last name first.' },
  } as const,
});

export const CostRowOrder = builder.inputType('CostRowOrder', {
  description:
    'One key to order rows by. Rows without a value come last. Rows that are equal by all keys are ordered by `id`.',
  fields: (t) => ({
    field: t.field({ type: CostRowField, required: true, description: 'What to order by.' }),
    direction: t.field({ type: CostSortDirection, defaultValue: 'DESC', description: 'Ascending or descending.' }),
  }),
});

export function toRowOrder({ field, direction }: (typeof CostRowOrder)['$inferInput']): RowOrder {
  return { field, direction: direction ?? 'DESC' };
}
