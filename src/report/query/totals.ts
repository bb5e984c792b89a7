// Totals: exact sums over some rows.

import { shareOf } from '../columns/share.js';
import type { Columns, SumField } from '../columns/columns.js';
import { precompute, type Computation } from '../computation.js';
import { sumGroups, sumOf, type Sums } from './exact-sum.js';
import type { Grouping } from './group-rows.js';

export interface Totals {
  readonly rowCount: number;
  /** How many rows have no totalCost; of rows that are sums, how many summed rows. Counted on each call. */
  rowsWithoutCost(): number;
  /** The sum of the numbers that are not null; 0 when all are. */
  sum(field: SumField): number;
}

/** Groups of rows, with the totals of each. */
export interface GroupTotals {
  /** The number of rows of each group. */
  readonly rowCounts: ArrayLike<number>;
  readonly sums: (field: SumField) => Sums;
  /** For each group, how many rows have no totalCost. */
  readonly rowsWithoutCost: () => ArrayLike<number>;
}

export function totalsOf({ rowCounts, sums, rowsWithoutCost }: GroupTotals, group: number): Totals {
  return {
    rowCount: rowCounts[group]!,
    sum: (field) => sumOf(sums(field), group),
    rowsWithoutCost: () => rowsWithoutCost()[group]!,
  };
}

/**
 * The totals of several groups, added up.
 * @param fields the sums that will be read; any other is computed without yielding.
 */
export function* addGroups(all: GroupTotals, groups: Uint32Array, fields: Iterable<SumField>): Computation<Totals> {
  const count = (counts: ArrayLike<number>): number => groups.reduce((sum, group) => sum + counts[group]!, 0);
  return {
    rowCount: count(all.rowCounts),
    sum: yield* precompute(fields, (field) => sumGroups(all.sums(field), groups)),
    rowsWithoutCost: () => count(all.rowsWithoutCost()),
  };
}

export type HoursField = 'onDemandHours' | 'spotHours';

/** The share of on-demand or spot hours in all hours, in percent; null without hours. */
export function percentOfHours(totals: { sum(field: HoursField): number }, field: HoursField): number | null {
  const hours = totals.sum('onDemandHours') + totals.sum('spotHours');
  return shareOf(100 * totals.sum(field), hours);
}

/** Returns how many rows without totalCost a row stands for. */
function createMissingCounter({ numbers, missingCosts }: Columns): (row: number) => number {
  const counts = missingCosts?.();
  const { units } = numbers.totalCost;
  return counts === undefined ? (row) => Number(Number.isNaN(units[row]!)) : (row) => counts[row]!;
}

/** How many of these rows have no totalCost; of rows that are sums, how many summed rows. */
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
