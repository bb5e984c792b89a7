// What rows are ordered by.

import type { OrderField, RowOrder } from '../../report/query/order.js';
import { builder } from '../builder.js';

/** The enum's values, and the fields of a row that they name. */
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

/** To order by a field a second time changes nothing. */
export const MAX_ORDERS = Object.keys(FIELDS).length;

const CostRowField = builder.enumType('CostRowField', {
  description: 'What rows can be ordered by. Names are ordered by Unicode code point, capitals before small letters.',
  values: Object.fromEntries(
    Object.entries(FIELDS).map(([name, field]) => [name, { value: field, description: `By \`${field}\`.` }]),
  ) as { [Name in keyof typeof FIELDS]: { value: (typeof FIELDS)[Name]; description: string } },
});

export const SortDirection = builder.enumType('SortDirection', {
  description: 'Which end of an order comes first.',
  values: {
    ASC: { description: 'The smallest number, or the first name of the alphabet, comes first.' },
    DESC: { description: 'The largest number, or the last name of the alphabet, comes first.' },
  } as const,
});

export const CostRowOrder = builder.inputType('CostRowOrder', {
  description: 'One key to order rows by. Rows that are equal in it keep their order; rows without a value come last.',
  fields: (t) => ({
    field: t.field({ type: CostRowField, required: true, description: 'What to order by.' }),
    direction: t.field({ type: SortDirection, defaultValue: 'DESC', description: 'Which end comes first.' }),
  }),
});

export function toRowOrder({ field, direction }: (typeof CostRowOrder)['$inferInput']): RowOrder {
  return { field, direction: direction ?? 'DESC' };
}
