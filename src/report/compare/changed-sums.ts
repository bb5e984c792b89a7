// The sums of two reports by group, with their exact differences.

import type { SumField } from '../columns/columns.js';
import { shareOf } from '../columns/share.js';
import { sumGroups, sumOf, type Sums } from '../query/exact-sum.js';
import type { GroupedRows } from '../query/grouped-rows.js';
import { runAll, type Steps } from '../steps.js';
import { mergeSums, type SumsPart } from './merge-sums.js';

export interface AmountChange {
  readonly current: number;
  readonly baseline: number;
  /** The double nearest to the difference of the exact sums. */
  readonly difference: number;
  /** difference / baseline; null where the baseline is 0 or less, or the quotient is not finite. */
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
  /** Whether the baseline covers both windows: what it has more than the current report is the baseline. */
  readonly isCumulative: boolean;
}

/** The sums of a field by group. */
export interface FieldSums {
  readonly current: Sums;
  readonly baseline: Sums;
  readonly difference: Sums;
}

/** The sums of all groups, by field. A group without rows on one side has sums of 0 there. */
export class ChangedSums {
  /** The number of rows of each group. */
  readonly currentRows: Uint32Array;
  readonly baselineRows: Uint32Array;
  readonly #sides: ComparedSides;
  readonly #groupCount: number;
  readonly #sums = new Map<SumField, FieldSums>();

  constructor(sides: ComparedSides, groupCount: number) {
    this.#sides = sides;
    this.#groupCount = groupCount;
    this.currentRows = spreadCounts(sides.current, groupCount);
    this.baselineRows = spreadCounts(sides.baseline, groupCount);
  }

  *get(field: SumField): Steps<FieldSums> {
    let sums = this.#sums.get(field);
    if (sums === undefined) this.#sums.set(field, (sums = yield* this.#merge(field)));
    return sums;
  }

  of(group: number): TotalsChange {
    return {
      rowCount: toChange(this.currentRows[group]!, this.baselineRows[group]!),
      sum: (field) => changeOf(runAll(this.get(field)), group),
    };
  }

  /** The changes of the groups from index `from` of `order` on, added up. */
  *total(order: Uint32Array, from: number): Steps<TotalsChange> {
    const known = new Map<SumField, AmountChange>();
    for (const field of this.#sums.keys()) known.set(field, yield* this.#totalOf(field, order, from));
    let [current, baseline] = [0, 0];
    for (let at = from; at < order.length; at += 1) {
      current += this.currentRows[order[at]!]!;
      baseline += this.baselineRows[order[at]!]!;
    }
    const rowCount = toChange(current, baseline);
    return { rowCount, sum: (field) => known.get(field) ?? runAll(this.#totalOf(field, order, from)) };
  }

  *#totalOf(field: SumField, order: Uint32Array, from: number): Steps<AmountChange> {
    const { current, baseline, difference } = yield* this.get(field);
    const now = yield* sumGroups(current, order, from);
    return toChange(now, yield* sumGroups(baseline, order, from), yield* sumGroups(difference, order, from));
  }

  *#merge(field: SumField): Steps<FieldSums> {
    const partOf = function* ({ grouped, groups }: ComparedSide, sign: 1 | -1): Steps<SumsPart> {
      return { sums: yield* grouped.sumsOf(field), groups, sign };
    };
    const current = yield* partOf(this.#sides.current, 1);
    const whole = yield* partOf(this.#sides.baseline, 1);
    const baseline: SumsPart[] = this.#sides.isCumulative ? [whole, { ...current, sign: -1 }] : [whole];
    const negated = baseline.map((part): SumsPart => ({ ...part, sign: part.sign === 1 ? -1 : 1 }));
    return {
      current: yield* mergeSums([current], this.#groupCount),
      baseline: yield* mergeSums(baseline, this.#groupCount),
      difference: yield* mergeSums([current, ...negated], this.#groupCount),
    };
  }
}

/** The change of one group. */
export function changeOf({ current, baseline, difference }: FieldSums, group: number): AmountChange {
  return toChange(sumOf(current, group), sumOf(baseline, group), sumOf(difference, group));
}

function toChange(current: number, baseline: number, difference = current - baseline): AmountChange {
  return { current, baseline, difference, ratio: baseline > 0 ? shareOf(difference, baseline) : null };
}

function spreadCounts({ grouped: { rowCounts }, groups }: ComparedSide, groupCount: number): Uint32Array {
  const counts = new Uint32Array(groupCount);
  for (let at = 0; at < groups.length; at += 1) counts[groups[at]!] = rowCounts[at]!;
  return counts;
}
