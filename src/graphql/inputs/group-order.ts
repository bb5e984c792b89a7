// The order of groups.

import { SUM_FIELDS } from '../../report/columns/columns.js';
import type { GroupOrder } from '../../report/query/breakdown.js';
import { builder, type OptionalInput } from '../builder.js';
import { CostSortDirection, toEnumValues } from './row-order.js';

const CostGroupField = builder.enumType('CostGroupField', {
  description: 'What to order groups by.',
  values: {
    ...toEnumValues(SUM_FIELDS, (field) => `By the sum of \`${field}\`.`),
    ROW_COUNT: { value: 'rowCount', description: 'By the number of rows.' },
    KEY: { value: 'key', description: 'By the values of the dimensions in Unicode order. Null comes last.' },
  } as const,
});

export const CostGroupOrder = builder.inputType('CostGroupOrder', {
  description: 'The order of groups. Equal groups keep the order of their first rows.',
  fields: (t) => ({
    field: t.field({ type: CostGroupField, required: true, description: 'What to order by.' }),
    direction: t.field({ type: CostSortDirection, defaultValue: 'DESC', description: 'Ascending or descending.' }),
  }),
});

export function toGroupOrder(order: OptionalInput<typeof CostGroupOrder>): GroupOrder {
  return { field: order?.field ?? 'totalCost', direction: order?.direction ?? 'DESC' };
}
