// Totals: exact sums over some rows.

import { shareOf } from '../columns/share.js';
import type { SumField } from '../columns/columns.js';

export interface Totals {
  readonly rowCount: number;
  /** The sum of the known numbers; 0 when no row has one. */
  sum(field: SumField): number;
}

/** Totals over `rowCount` rows. `sum` is called once per field: shares and percentages read a sum for every group. */
export function createTotals(rowCount: number, sum: (field: SumField) => number): Totals {
  const known = new Map<SumField, number>();
  return {
    rowCount,
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
