// The inputs of a comparison: its baseline, and the kinds and the order of changes.

import type { ChangeField, ChangeKind, ChangeQuery } from '../../report/compare/compare-reports.js';
import type { BaselineShift } from '../../report/time/baseline.js';
import { builder, type OptionalInput } from '../builder.js';
import { CostSortDirection } from './row-order.js';
import { CostTimeWindowInput } from './time-range.js';

const CostBaselineShift = builder.enumType('CostBaselineShift', {
  description: 'Where the baseline lies before the window of the report.',
  values: {
    PREVIOUS_PERIOD: {
      description:
        'The period just before: January for February, the seven days before for the last seven days, ' +
        'the first ten days of last month for the first ten days of this one.',
    },
    WEEK_BEFORE: { description: 'The same window a week earlier.' },
    MONTH_BEFORE: { description: 'The same window a month earlier; at most to the last day of that month.' },
    YEAR_BEFORE: { description: 'The same window a year earlier.' },
  } as const satisfies Record<BaselineShift, { description: string }>,
});

export const CostBaselineInput = builder.inputType('CostBaselineInput', {
  description: 'What a report is compared with. Set exactly one field, such as `{shift: WEEK_BEFORE}`.',
  isOneOf: true,
  fields: (t) => ({
    shift: t.field({ type: CostBaselineShift, description: 'An earlier window, such as `WEEK_BEFORE`.' }),
    between: t.field({ type: CostTimeWindowInput, description: 'A fixed window that does not overlap the report.' }),
  }),
});

const KINDS = {
  INCREASED: { description: 'It costs more than in the baseline.' },
  DECREASED: { description: 'It costs less than in the baseline.' },
  UNCHANGED: { description: 'It costs the same.' },
  APPEARED: { description: 'No row of the baseline is in the group. It may have existed without costs.' },
  VANISHED: { description: 'No row of the report is in the group. It may still exist without costs.' },
} satisfies Record<ChangeKind, { description: string }>;

export const CHANGE_KINDS = Object.keys(KINDS);

export const CostChangeKind = builder.enumType('CostChangeKind', {
  description: 'How the `totalCost` of a group changed.',
  values: KINDS,
});

const FIELDS = {
  DIFFERENCE: { value: 'difference', description: 'By the difference: increases first with DESC, decreases with ASC.' },
  ABSOLUTE_DIFFERENCE: { value: 'absoluteDifference', description: 'By the size of the difference, up or down.' },
  RATIO: { value: 'ratio', description: 'By the relative change. Groups without a ratio come last.' },
  CURRENT: { value: 'current', description: 'By the cost in the report.' },
  BASELINE: { value: 'baseline', description: 'By the cost in the baseline.' },
  KEY: { value: 'key', description: 'By the values of the dimensions in Unicode order. Null comes last.' },
} as const satisfies Record<string, { value: ChangeField; description: string }>;

const CostChangeField = builder.enumType('CostChangeField', {
  description: 'What to order changes by. All but `KEY` refer to `totalCost`.',
  values: FIELDS,
});

export const CostChangeOrder = builder.inputType('CostChangeOrder', {
  description: 'The order of changes. Equal ones are ordered by their keys.',
  fields: (t) => ({
    field: t.field({ type: CostChangeField, required: true, description: 'What to order by.' }),
    direction: t.field({ type: CostSortDirection, defaultValue: 'DESC', description: 'Ascending or descending.' }),
  }),
});

export function toChangeOrder(order: OptionalInput<typeof CostChangeOrder>): ChangeQuery['orderBy'] {
  return order == null ? undefined : { field: order.field, direction: order.direction ?? 'DESC' };
}
