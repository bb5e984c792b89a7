// The sums of two reports by group, with their exact differences.

import type { SumField } from '../columns/columns.js';
import { shareOf } from '../columns/share.js';
import { sumGroups, sumOf, type Sums } from '../query/exact-sum.js';
import type { GroupedRows } from '../query/grouped-rows.js';
import { precompute, type Steps } from '../steps.js';
import { mergeSums, type SumsPart } from './merge-sums.js';

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

/** One of the two reports. */
interface ComparedSide {
  readonly grouped: GroupedRows;
  /** The number, in both reports, of each of its groups. */
  readonly groups: Uint32Array;
}

/** The reports of a comparison. */
interface ComparedSides {
  readonly current: ComparedSide;
  readonly baseline: ComparedSide;
  /** Whether the baseline covers both windows: its sums less those of the current report are then compared. */
  readonly isCumulative: boolean;
}

/** The sums of a field by group. A group without rows on one side has a sum of 0 there. */
export interface FieldSums {
  readonly current: Sums;
  readonly baseline: Sums;
  readonly difference: Sums;
}

/** All groups of a comparison. */
export interface ComparedGroups {
  /** The number of rows of each group. */
  readonly currentRows: Uint32Array;
  readonly baselineRows: Uint32Array;
  readonly sums: (field: SumField) => FieldSums;
}

/** @param fields the sums that will be read; any other is computed in one go. */
export function* compareSums(
  sides: ComparedSides,
  groupCount: number,
  fields: Iterable<SumField>,
): Steps<ComparedGroups> {
  return {
    currentRows: spreadCounts(sides.current, groupCount),
    baselineRows: spreadCounts(sides.baseline, groupCount),
    sums: yield* precompute(fields, (field) => compareField(sides, groupCount, field)),
  };
}

function* compareField(sides: ComparedSides, groupCount: number, field: SumField): Steps<FieldSums> {
  const partOf = function* ({ grouped, groups }: ComparedSide): Steps<SumsPart> {
    return { sums: yield* grouped.sumsOf(field), groups, sign: 1 };
  };
  const current = yield* partOf(sides.current);
  const whole = yield* partOf(sides.baseline);
  const baseline = sides.isCumulative ? [whole, negate(current)] : [whole];
  return {
    current: yield* mergeSums([current], groupCount),
    baseline: yield* mergeSums(baseline, groupCount),
    difference: yield* mergeSums([current, ...baseline.map(negate)], groupCount),
  };
}

function negate({ sign, ...part }: SumsPart): SumsPart {
  return { ...part, sign: sign === 1 ? -1 : 1 };
}

export function changeOfGroup({ currentRows, baselineRows, sums }: ComparedGroups, group: number): TotalsChange {
  return {
    rowCount: toChange(currentRows[group]!, baselineRows[group]!),
    sum(field) {
      const { current, baseline, difference } = sums(field);
      return toChange(sumOf(current, group), sumOf(baseline, group), sumOf(difference, group));
    },
  };
}

/**
 * The changes of several groups, added up.
 * @param fields the sums that will be read; any other is computed in one go.
 */
export function* addChanges(
  { currentRows, baselineRows, sums }: ComparedGroups,
  groups: Uint32Array,
  fields: Iterable<SumField>,
): Steps<TotalsChange> {
  const count = (rows: Uint32Array): number => groups.reduce((sum, group) => sum + rows[group]!, 0);
  const change = function* (field: SumField): Steps<AmountChange> {
    const { current, baseline, difference } = sums(field);
    const now = yield* sumGroups(current, groups);
    return toChange(now, yield* sumGroups(baseline, groups), yield* sumGroups(difference, groups));
  };
  return {
    rowCount: toChange(count(currentRows), count(baselineRows)),
    sum: yield* precompute(fields, change),
  };
}

/** difference / baseline; null where the baseline is 0 or less, or the quotient is not finite. */
export function ratioOf(difference: number, baseline: number): number | null {
  return baseline > 0 ? shareOf(difference, baseline) : null;
}

function toChange(current: number, baseline: number, difference = current - baseline): AmountChange {
  return { current, baseline, difference, ratio: ratioOf(difference, baseline) };
}

function spreadCounts({ grouped: { rowCounts }, groups }: ComparedSide, groupCount: number): Uint32Array {
  const counts = new Uint32Array(groupCount);
  groups.forEach((group, at) => (counts[group] = rowCounts[at]!));
  return counts;
}
