// Totals: exact sums over some rows.

import { shareOf } from '../columns/share.js';
import type { SumField } from '../columns/columns.js';
import type { NumberColumn } from '../columns/decimal-column.js';
import type { Grouping } from './group-rows.js';

export interface Totals {
  readonly rowCount: number;
  /** How many rows have no totalCost. Counted when it is called. */
  rowsWithoutCost(): number;
  /** The sum of the known numbers; 0 when no row has one. */
  sum(field: SumField): number;
}

/** Totals whose `sum` is called once per field: shares and percentages read a sum for every group. */
export function createTotals({ sum, ...rest }: Totals): Totals {
  const known = new Map<SumField, number>();
  return {
    ...rest,
    sum(field) {
      let value = known.get(field);
      if (value === undefined) known.set(field, (value = sum(field)));
      return value;
    },
  };
}

/** The share of on-demand or spot hours in all hours, in percent; null without hours. */
export function percentOfHours(totals: Pick<Totals, 'sum'>, field: 'onDemandHours' | 'spotHours'): number | null {
  const hours = totals.sum('onDemandHours') + totals.sum('spotHours');
  return shareOf(100 * totals.sum(field), hours);
}

/** How many of these rows have no number. */
export function countMissing({ units }: NumberColumn, rows: Uint32Array): number {
  let count = 0;
  for (const row of rows) if (Number.isNaN(units[row]!)) count += 1;
  return count;
}

/** The same by group. */
export function countMissingByGroup(
  { units }: NumberColumn,
  { rows, groups, firstRows }: Grouping & { readonly rows: Uint32Array },
): Uint32Array {
  const counts = new Uint32Array(firstRows.length);
  for (let at = 0; at < rows.length; at += 1) if (Number.isNaN(units[rows[at]!]!)) counts[groups[at]!]! += 1;
  return counts;
}
