// Totals: exact sums of the fields that can be added, over some rows. Each is worked out when it is asked for, once.

import type { SumField } from '../columns/columns.js';

export interface Totals {
  readonly rowCount: number;
  /** The sum of what is known; 0 where nothing is. */
  sum(field: SumField): number;
}

/** Totals over `rowCount` rows. `sum` is asked once a field: a share or a percentage asks again for every group. */
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

/** `part` of `whole`; null where that is 0, or so near to it (credits) that the part is no number. */
export function shareOf(part: number, whole: number): number | null {
  const share = part / whole;
  return whole === 0 || !Number.isFinite(share) ? null : share;
}

/** The part of the hours that were on demand, or spot, in percent; null where there are no hours. */
export function percentOfHours(totals: Totals, field: 'onDemandHours' | 'spotHours'): number | null {
  const hours = totals.sum('onDemandHours') + totals.sum('spotHours');
  return shareOf(100 * totals.sum(field), hours);
}
