// Totals: exact sums of the fields that can be added, over some rows. Each is worked out when it is asked for, once.

import type { NumberField } from './columns.js';

/** The fields that can be added up. Percentages cannot: they are worked out from the hours. */
export const SUM_FIELDS = [
  'amountOfWorkloads',
  'totalCost',
  'hourlyCost',
  'savingsAvailable',
  'savingsAvailableWithReplicas',
  'onDemandHours',
  'spotHours',
  'ownerCpuRequest',
  'ownerGpuRequest',
  'ownerMemoryRequest',
  'replicas',
] as const satisfies readonly NumberField[];
export type SumField = (typeof SUM_FIELDS)[number];

export interface Totals {
  readonly rowCount: number;
  /** The sum of what is known; 0 where nothing is. */
  sum(field: SumField): number;
}

/** The part of the hours that were on demand, or spot, in percent; null where there are no hours. */
export function percentOfHours(totals: Totals, field: 'onDemandHours' | 'spotHours'): number | null {
  const hours = totals.sum('onDemandHours') + totals.sum('spotHours');
  return hours === 0 ? null : (totals.sum(field) / hours) * 100;
}
