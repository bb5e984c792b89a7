// Breakdown: rows in groups by one or several dimensions, the groups in an order, and those past the first few summed
// as "others". Groups and others add up to the totals exactly.

import { itemsOf, nameOf } from '../columns/cells.js';
import { NULL_LIST, type Columns, type NameColumn, type NameField, type SumField } from '../columns/columns.js';
import { sumByGroup, sumGroups, sumOf, type Sums } from './exact-sum.js';
import { orderByRanks, type Direction } from './order.js';
import { rankNames, rankNumbers, type Ranks } from './ranks.js';
import { toTexts } from '../columns/strings.js';
import { createTotals, shareOf, type Totals } from './totals.js';

/** What to group by: a field of the row, or the value of a label key among its ownerLabels or labels. */
export type Dimension = { readonly field: NameField } | { readonly label: string };

export interface GroupOrder {
  /** A sum, or the values of the dimensions, one after the other. */
  readonly field: SumField | 'key';
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
  readonly groups: readonly Group[];
  /** Of the groups that `first` leaves out; null where it leaves out none. */
  readonly others: Totals | null;
  readonly groupCount: number;
  readonly totals: Totals;
}

/** The column of a dimension that is no field: the value of label `key`. An empty value is none. */
export function createLabelColumn(columns: Columns, key: string): NameColumn {
  const { rowCount, lists, texts } = columns;
  const valueOfList = findValues(columns, key);
  const codes = new Uint32Array(rowCount);
  /** The texts of the column; the first stands for none, in place of the empty one. */
  const values = [-1];
  const codeOf = new Map<number, number>();
  for (let row = 0; row < rowCount; row += 1) {
    const own = valueOfList[lists.ownerLabels[row]!]!;
    const text = own === NO_LABEL ? valueOfList[lists.labels[row]!]! : own;
    if (text === NO_LABEL) continue;
    let code = codeOf.get(text);
    if (code === undefined) codeOf.set(text, (code = texts.is(text, '') ? 0 : values.push(text) - 1));
    codes[row] = code;
  }
  return { codes, values: toTexts(values.map((text) => (text < 0 ? '' : texts.at(text)))) };
}

const NO_LABEL = -1;

/** For each distinct list of labels, the text that label `key` has in it, by its number: each list is looked at once. */
function findValues({ labelLists, distinctLabels, texts }: Columns, key: string): Int32Array {
  const isKey = distinctLabels.keys.map((text) => Number(texts.is(text, key)));
  return Int32Array.from(labelLists.ends, (_, list) => {
    if (list === NULL_LIST) return NO_LABEL;
    const label = itemsOf(labelLists, list).find((each) => isKey[each] === 1);
    return label === undefined ? NO_LABEL : distinctLabels.values[label]!;
  });
}

interface BreakdownOptions {
  readonly rows: Uint32Array;
  /** A column for each dimension. */
  readonly by: readonly NameColumn[];
  readonly orderBy: GroupOrder;
  readonly first?: number | undefined;
}

export function breakDown(numbers: Columns['numbers'], { rows, by, orderBy, first }: BreakdownOptions): Breakdown {
  const { groups, firstRows } = groupRows(rows, by);
  const groupCount = firstRows.length;
  const sums = new Map<SumField, Sums>();
  const sumsOf = (field: SumField): Sums => {
    let known = sums.get(field);
    if (known === undefined) sums.set(field, (known = sumByGroup(numbers[field], rows, groups, groupCount)));
    return known;
  };
  const counts = new Uint32Array(groupCount);
  for (let at = 0; at < groups.length; at += 1) counts[groups[at]!]! += 1;

  const order = orderGroups(firstRows, by, orderBy, sumsOf);
  const totalsFrom = (from: number): Totals =>
    createTotals(
      order.subarray(from).reduce((count, group) => count + counts[group]!, 0),
      (field) => sumGroups(sumsOf(field), order, from),
    );
  const totals = totalsFrom(0);
  const toGroup = (group: number): Group => {
    const own: Totals = { rowCount: counts[group]!, sum: (field) => sumOf(sumsOf(field), group) };
    return new FoundGroup(by, firstRows[group]!, own, totals);
  };
  const shown = Math.min(first ?? groupCount, groupCount);
  return {
    groups: Array.from(order.subarray(0, shown), toGroup),
    others: shown < groupCount ? totalsFrom(shown) : null,
    groupCount,
    totals,
  };
}

/** Its keys and its share are worked out for who asks. */
class FoundGroup implements Group {
  readonly totals: Totals;
  readonly #by: readonly NameColumn[];
  readonly #row: number;
  readonly #whole: Totals;

  /** @param row one of its rows, to read its keys from. */
  constructor(by: readonly NameColumn[], row: number, totals: Totals, whole: Totals) {
    this.#by = by;
    this.#row = row;
    this.totals = totals;
    this.#whole = whole;
  }

  get keys(): Group['keys'] {
    return this.#by.map((column) => nameOf(column, column.codes[this.#row]!));
  }

  get share(): Group['share'] {
    return shareOf(this.totals.sum('totalCost'), this.#whole.sum('totalCost'));
  }
}

interface Grouping {
  /** The group of the row at each place of `rows`, numbered in the order in which they appear. */
  readonly groups: Uint32Array;
  /** A row of each group, to read its keys from. */
  readonly firstRows: Uint32Array;
}

/** Splits group after group by one dimension more. */
function groupRows(rows: Uint32Array, by: readonly NameColumn[]): Grouping {
  const groups = new Uint32Array(rows.length);
  let firstRows = rows.slice(0, 1);
  for (const { codes, values } of by) {
    const numberOf = createPairNumbers(firstRows.length, values.length);
    const first: number[] = [];
    for (let at = 0; at < rows.length; at += 1) {
      const row = rows[at]!;
      const group = numberOf(groups[at]!, codes[row]!);
      if (group === first.length) first.push(row);
      groups[at] = group;
    }
    firstRows = Uint32Array.from(first);
  }
  return { groups, firstRows };
}

/** Numbers pairs (group, code) from 0 in the order in which they come: by a table where one is small, else by a map. */
function createPairNumbers(groupCount: number, codeCount: number): (group: number, code: number) => number {
  let next = 0;
  if (groupCount * codeCount > 1_048_576) {
    const known = new Map<number, number>();
    return (group, code) => {
      const pair = group * codeCount + code;
      const number = known.get(pair) ?? next;
      if (number === next) known.set(pair, next++);
      return number;
    };
  }
  // 0 is "not seen yet", so numbers are kept one higher.
  const table = new Uint32Array(groupCount * codeCount);
  return (group, code) => {
    const pair = group * codeCount + code;
    if (table[pair] === 0) table[pair] = ++next;
    return table[pair]! - 1;
  };
}

function orderGroups(
  firstRows: Uint32Array,
  by: readonly NameColumn[],
  { field, direction }: GroupOrder,
  sumsOf: (field: SumField) => Sums,
): Uint32Array {
  const groups = firstRows.map((_, group) => group);
  const ranks: Ranks[] =
    field === 'key'
      ? by.map(({ codes, values }) => rankNames({ codes: firstRows.map((row) => codes[row]!), values }))
      : [rankNumbers(Float64Array.from(groups, (group) => sumOf(sumsOf(field), group)))];
  return orderByRanks(
    groups,
    ranks.map((each) => ({ ranks: each, direction })),
  );
}
