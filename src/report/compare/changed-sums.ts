// The sums of two reports by group, with their exact differences.

import type { SumField } from '../columns/columns.js';
import { shareOf } from '../columns/share.js';
import { addGroups, totalsOf, type GroupTotals, type Totals } from '../query/totals.js';
import { precompute, type Computation } from '../computation.js';
import { mergeGroups, mergeSums, partOf, type ReportGroups } from './merge-sums.js';

export interface AmountChange {
  readonly current: number;
  readonly baseline: number;
  /** The double nearest to the difference of the exact sums. */
  readonly difference: number;
  /** See ratioOf. */
  readonly ratio: number | null;
}

/** The changes of totals. */
export interface TotalsChange {
  readonly rowCount: AmountChange;
  sum(field: SumField): AmountChange;
}

/** The totals of all groups. A group without rows in one of the reports has sums of 0 there. */
export interface ComparedGroups {
  readonly current: GroupTotals;
  readonly baseline: GroupTotals;
  /** Only the sums are differences. */
  readonly difference: GroupTotals;
}

/**
 * @param baselineIncludesCurrent whether the baseline covers both windows: its sums less those of `current` are then compared.
 * @param fields the sums that will be read; any other is computed without yielding.
 */
export function* compareGroups(
  current: ReportGroups,
  baseline: ReportGroups,
  baselineIncludesCurrent: boolean,
  groupCount: number,
  fields: readonly SumField[],
): Computation<ComparedGroups> {
  const baselineParts = (field: SumField, sign: 1 | -1) => [
    partOf(baseline, field, sign),
    ...(baselineIncludesCurrent ? [partOf(current, field, sign === 1 ? -1 : 1)] : []),
  ];
  const merged = yield* mergeGroups([baseline], groupCount, []);
  const baselineSums = (field: SumField) => mergeSums(baselineParts(field, 1), groupCount);
  const differences = (field: SumField) =>
    mergeSums([partOf(current, field, 1), ...baselineParts(field, -1)], groupCount);
  return {
    current: yield* mergeGroups([current], groupCount, fields),
    baseline: { ...merged, sums: yield* precompute(fields, baselineSums) },
    difference: { ...merged, sums: yield* precompute(fields, differences) },
  };
}

export function changeOfGroup({ current, baseline, difference }: ComparedGroups, group: number): TotalsChange {
  return changeOfTotals(totalsOf(current, group), totalsOf(baseline, group), totalsOf(difference, group));
}

/**
 * The changes of several groups, added up.
 * @param fields the sums that will be read; any other is computed without yielding.
 */
export function* addChanges(
  { current, baseline, difference }: ComparedGroups,
  groups: Uint32Array,
  fields: readonly SumField[],
): Computation<TotalsChange> {
  return changeOfTotals(
    yield* addGroups(current, groups, fields),
    yield* addGroups(baseline, groups, fields),
    yield* addGroups(difference, groups, fields),
  );
}

function changeOfTotals(current: Totals, baseline: Totals, difference: Totals): TotalsChange {
  return {
    rowCount: toChange(current.rowCount, baseline.rowCount),
    sum: (field) => toChange(current.sum(field), baseline.sum(field), difference.sum(field)),
  };
}

/** difference / baseline; null where the baseline is 0 or less, or the quotient is not finite. */
export function ratioOf(difference: number, baseline: number): number | null {
  return baseline > 0 ? shareOf(difference, baseline) : null;
}

function toChange(current: number, baseline: number, difference = current - baseline): AmountChange {
  return { current, baseline, difference, ratio: ratioOf(difference, baseline) };
}
