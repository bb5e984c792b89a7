// Totals: exact sums over some rows.

import { shareOf } from '../columns/share.js';
import type { Columns, SumField } from '../columns/columns.js';
import type { Grouping } from './group-rows.js';

export interface Totals {
  readonly rowCount: number;
  /** How many rows have no totalCost; of rows that are sums, how many of the rows behind them. Counted when it is called. */
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

/** How many rows without totalCost a row stands for. */
function createMissingCounter({ numbers, missingCosts }: Columns): (row: number) => number {
  const counts = missingCosts?.();
  const { units } = numbers.totalCost;
  return counts === undefined ? (row) => Number(Number.isNaN(units[row]!)) : (row) => counts[row]!;
}

/** How many of these rows, or of the rows behind them, have no totalCost. */
export function countMissing(columns: Columns, rows: Uint32Array): number {
  const missingIn = createMissingCounter(columns);
  let count = 0;
  for (const row of rows) count += missingIn(row);
  return count;
}

/** The same by group. */
export function countMissingByGroup(
  columns: Columns,
  { rows, groups, firstRows }: Grouping & { readonly rows: Uint32Array },
): Uint32Array {
  const missingIn = createMissingCounter(columns);
  const counts = new Uint32Array(firstRows.length);
  for (let at = 0; at < rows.length; at += 1) counts[groups[at]!]! += missingIn(rows[at]!);
  return counts;
}
