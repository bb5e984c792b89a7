// Breakdown: rows in groups by one or several dimensions, the groups in an order, and the groups past the first few
// summed as "others". Groups and others add up to the totals exactly.

import { nameOf } from '../columns/cells.js';
import type { NameColumn, SumField } from '../columns/columns.js';
import { shareOf } from '../columns/share.js';
import { LazyList } from '../lazy-list.js';
import { inRanges, ITEMS_PER_STEP, runAll, type Steps } from '../steps.js';
import { sumGroups, sumOf, type Sums } from './exact-sum.js';
import type { GroupedRows } from './grouped-rows.js';
import { orderByRanks, type Direction } from './order.js';
import { rankNumbers, type Ranks } from './ranks.js';
import { createTotals, type Totals } from './totals.js';

export interface GroupOrder {
  /** A sum, the number of rows, or the values of the dimensions, one after the other. */
  readonly field: SumField | 'rowCount' | 'key';
  readonly direction: Direction;
}

/** One group. The n-th key belongs to the n-th dimension; null: the rows without it. */
export interface Group {
  readonly keys: readonly (string | null)[];
  readonly totals: Totals;
  /** totalCost as a part of all groups'; null where there is no such part. */
  readonly share: number | null;
}

export interface Breakdown {
  readonly groups: LazyList<Group>;
  /** Of the groups that `first` leaves out; null where it leaves out none. */
  readonly others: Totals | null;
  readonly groupCount: number;
  readonly totals: Totals;
}

/** What a breakdown reads. */
interface BreakdownInput {
  readonly grouped: GroupedRows;
  /** The ranks of each dimension's column. */
  readonly ranksOf: (dimension: number) => Steps<Ranks>;
  readonly orderBy: GroupOrder;
  readonly first?: number | undefined;
  /** The sums to compute. Other sums are computed in one go when they are read. */
  readonly fields: readonly SumField[];
}

/** Reads the rows once per sum, and the groups once per key of their order. */
export function* breakDown(input: BreakdownInput): Steps<Breakdown> {
  const { by, firstRows } = input.grouped;
  const groupCount = firstRows.length;
  const sums = new GroupSums(input.grouped);
  for (const field of input.fields) yield* sums.get(field);
  const order = yield* orderGroups(input, sums);

  const totals = yield* sums.total(order, 0);
  const shown = Math.min(input.first ?? groupCount, groupCount);
  const found = new LazyList<Group>(shown, (at) => {
    const group = order[at]!;
    return new FoundGroup(by, firstRows[group]!, sums.of(group), totals);
  });
  const others = shown < groupCount ? yield* sums.total(order, shown) : null;
  return { groups: found, others, groupCount, totals };
}

/** The sums of all groups, by field. */
class GroupSums {
  readonly #grouped: GroupedRows;
  readonly #sums = new Map<SumField, Sums>();

  constructor(grouped: GroupedRows) {
    this.#grouped = grouped;
  }

  *get(field: SumField): Steps<Sums> {
    let sums = this.#sums.get(field);
    if (sums === undefined) this.#sums.set(field, (sums = yield* this.#grouped.sumsOf(field)));
    return sums;
  }

  /** What groups are ordered by: a sum or the number of rows, of each group. */
  *valuesOf(field: SumField | 'rowCount'): Steps<Float64Array> {
    if (field === 'rowCount') return Float64Array.from(this.#grouped.rowCounts);
    const sums = yield* this.get(field);
    const values = new Float64Array(this.#grouped.firstRows.length);
    yield* inRanges(
      values.length,
      (from, to) => {
        for (let group = from; group < to; group += 1) values[group] = sumOf(sums, group);
      },
      ITEMS_PER_STEP,
    );
    return values;
  }

  of(group: number): Totals {
    return {
      rowCount: this.#grouped.rowCounts[group]!,
      sum: (field) => sumOf(runAll(this.get(field)), group),
      rowsWithoutCost: () => this.#grouped.rowsWithoutCost()[group]!,
    };
  }

  /** Of the groups from index `from` of `order` on. */
  *total(order: Uint32Array, from: number): Steps<Totals> {
    const { rowCounts } = this.#grouped;
    let rowCount = 0;
    yield* inRanges(order.length - from, (start, end) => {
      for (let at = start; at < end; at += 1) rowCount += rowCounts[order[from + at]!]!;
    });
    const known = new Map<SumField, number>();
    for (const [field, sums] of this.#sums) known.set(field, yield* sumGroups(sums, order, from));
    return createTotals({
      rowCount,
      sum: (field) => known.get(field) ?? runAll(this.#totalOf(field, order, from)),
      rowsWithoutCost: () => {
        const missing = this.#grouped.rowsWithoutCost();
        return order.subarray(from).reduce((count, group) => count + missing[group]!, 0);
      },
    });
  }

  *#totalOf(field: SumField, order: Uint32Array, from: number): Steps<number> {
    return yield* sumGroups(yield* this.get(field), order, from);
  }
}

/** Its keys and its share are computed when they are read. */
class FoundGroup implements Group {
  readonly totals: Totals;
  readonly #by: readonly NameColumn[];
  readonly #row: number;
  readonly #all: Totals;

  /** @param row a row of the group, to read its keys from. @param all the totals of all groups. */
  constructor(by: readonly NameColumn[], row: number, totals: Totals, all: Totals) {
    this.#by = by;
    this.#row = row;
    this.totals = totals;
    this.#all = all;
  }

  get keys(): Group['keys'] {
    return this.#by.map((column) => nameOf(column, column.codes[this.#row]!));
  }

  get share(): Group['share'] {
    return shareOf(this.totals.sum('totalCost'), this.#all.sum('totalCost'));
  }
}

function* orderGroups(
  { grouped: { by, firstRows }, ranksOf, orderBy: { field, direction } }: BreakdownInput,
  sums: GroupSums,
): Steps<Uint32Array> {
  const groups = firstRows.map((_, group) => group);
  const keys: Ranks[] = [];
  if (field === 'key') {
    for (let dimension = 0; dimension < by.length; dimension += 1) {
      const { ranks, distinct } = yield* ranksOf(dimension);
      keys.push({ ranks: firstRows.map((row) => ranks[row]!), distinct });
    }
  } else {
    keys.push(yield* rankNumbers(yield* sums.valuesOf(field)));
  }
  return yield* orderByRanks(
    groups,
    keys.map((ranks) => ({ ranks, direction })),
  );
}
