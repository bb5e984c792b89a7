// The order of rows.

import { NAME_FIELDS, NUMBER_FIELDS } from '../../report/columns/columns.js';
import type { RowOrder } from '../../report/query/order.js';
import { builder } from '../builder.js';

type EnumName<Field extends string> = Field extends `${infer First}${infer Rest}`
  ? First extends Lowercase<First>
    ? `${Uppercase<First>}${EnumName<Rest>}`
    : `_${First}${EnumName<Rest>}`
  : '';

/** Returns the enum values of fields: TOTAL_COST for totalCost. */
export function toEnumValues<Field extends string>(fields: readonly Field[], describe: (field: Field) => string) {
  return Object.fromEntries(
    fields.map((field) => [
      field.replaceAll(/[A-Z]/g, '_$&').toUpperCase(),
      { value: field, description: describe(field) },
    ]),
  ) as { readonly [Name in Field as EnumName<Name>]: { readonly value: Name; readonly description: string } };
}

const FIELDS = [...NUMBER_FIELDS, ...NAME_FIELDS] as const;

/** Ordering by a field a second time has no effect. */
export const MAX_ORDERS = FIELDS.length;

const CostRowField = builder.enumType('CostRowField', {
  description: 'What to order rows by. Names are in Unicode order: upper case before lower case.',
  values: toEnumValues(FIELDS, (field) => `By \`${field}\`.`),
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
    'A field to order rows by. Rows without a value come last. Rows that are equal in all fields are ordered by `id`.',
  fields: (t) => ({
    field: t.field({ type: CostRowField, required: true, description: 'What to order by.' }),
    direction: t.field({ type: CostSortDirection, defaultValue: 'DESC', description: 'Ascending or descending.' }),
  }),
});

export function toRowOrder({ field, direction }: (typeof CostRowOrder)['$inferInput']): RowOrder {
  return { field, direction: direction ?? 'DESC' };
}
