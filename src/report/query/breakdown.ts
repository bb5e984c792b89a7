// Breakdown: rows in groups by one or several dimensions, in order, and the groups after the first few summed as "others".
// Groups and others add up exactly to the totals.

import { nameOf } from '../columns/cells.js';
import type { SumField } from '../columns/columns.js';
import { shareOf } from '../columns/share.js';
import { LazyList } from '../lazy-list.js';
import { range } from '../sort.js';
import { precompute, type Computation } from '../computation.js';
import { readSums } from './exact-sum.js';
import type { GroupedRows } from './grouped-rows.js';
import { orderByRanks, type Direction, type RankedKey } from './order.js';
import { rankNumbers, type Ranks } from './ranks.js';
import { addGroups, totalsOf, type GroupTotals, type Totals } from './totals.js';

export interface GroupOrder {
  /** A sum, the number of rows, or the values of the dimensions, one after the other. */
  readonly field: SumField | 'rowCount' | 'key';
  readonly direction: Direction;
}

/** One group. The n-th key belongs to the n-th dimension; null: the rows without it. */
export interface Group {
  readonly keys: readonly (string | null)[];
  readonly totals: Totals;
  /** totalCost as a part of that of all groups; null when either is unknown or the quotient is not finite. */
  readonly share: () => number | null;
}

export interface Breakdown {
  readonly groups: LazyList<Group>;
  /** The groups after `first`, added up; null when there are none. */
  readonly others: Totals | null;
  readonly groupCount: number;
  readonly totals: Totals;
}

/** What a breakdown reads. */
interface BreakdownInput {
  readonly grouped: GroupedRows;
  /** The ranks of each dimension's column. */
  readonly ranksOf: (dimension: number) => Computation<Ranks>;
  readonly orderBy: GroupOrder;
  readonly first?: number | undefined;
  /** The sums to compute. Other sums are computed without yielding when they are read. */
  readonly fields: readonly SumField[];
}

/** Reads the rows once per sum, and the groups once per key of their order. */
export function* breakDown(input: BreakdownInput): Computation<Breakdown> {
  const { grouped, fields, orderBy, first = Infinity } = input;
  const { by, firstRows } = grouped;
  const groupCount = firstRows.length;
  const all = { ...grouped, sums: yield* precompute(withOrder(fields, orderBy), grouped.sumsOf) };
  const order = yield* orderGroups(input, all);
  const totals = yield* addGroups(all, order, fields);
  const shown = Math.min(first, groupCount);
  const groups = new LazyList<Group>(shown, (at) => {
    const group = order[at]!;
    const ofGroup = totalsOf(all, group);
    return {
      keys: by.map((column) => nameOf(column, column.codes[firstRows[group]!]!)),
      totals: ofGroup,
      share: () => shareOf(ofGroup.sum('totalCost'), totals.sum('totalCost')),
    };
  });
  const others = shown < groupCount ? yield* addGroups(all, order.subarray(shown), fields) : null;
  return { groups, others, groupCount, totals };
}

/** The sums to compute: `fields`, and the one that groups are ordered by. */
export function withOrder(fields: readonly SumField[], { field }: GroupOrder): readonly SumField[] {
  return field === 'key' || field === 'rowCount' ? fields : [...fields, field];
}

function* orderGroups(
  { grouped: { by, firstRows }, ranksOf, orderBy: { field, direction } }: BreakdownInput,
  { rowCounts, sums }: GroupTotals,
): Computation<Uint32Array> {
  const keys: RankedKey[] = [];
  if (field === 'key') {
    for (let dimension = 0; dimension < by.length; dimension += 1) {
      const { ranks, distinct } = yield* ranksOf(dimension);
      keys.push({ ranks: { ranks: firstRows.map((row) => ranks[row]!), distinct }, direction });
    }
  } else {
    const values = field === 'rowCount' ? Float64Array.from(rowCounts) : yield* readSums(sums(field), firstRows.length);
    keys.push({ ranks: yield* rankNumbers(values), direction });
  }
  return yield* orderByRanks(range(firstRows.length), keys);
}
