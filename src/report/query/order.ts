// The order of rows: several keys, null last in both directions. Rows that are equal by all keys are in the order of their
// ids, so that pages agree when ScaleOps returns the same rows in another order.

import type { NameField, NumberField } from '../columns/columns.js';
import { DIGIT_VALUES, ID_DIGITS, type RowIds } from '../row-ids.js';
import { range } from '../sort.js';
import { inRanges, type Computation } from '../computation.js';
import type { Ranks } from './ranks.js';

/** What rows can be ordered by. */
export type OrderField = NameField | NumberField;
export type Direction = 'ASC' | 'DESC';

export interface RowOrder {
  readonly field: OrderField;
  readonly direction: Direction;
}

/** Drops repeated fields: only rows that are equal in the field would be left to order. */
export function dropRepeated(orderBy: readonly RowOrder[]): readonly RowOrder[] {
  const fields = new Set<OrderField>();
  return orderBy.filter(({ field }) => fields.size < fields.add(field).size);
}

/** Ranks with a direction; the first key decides, each further key among equal rows. */
export interface RankedKey {
  readonly ranks: Ranks;
  readonly direction: Direction;
}

/**
 * `rows` in the order of `keys`, the first `limit` of them. Each pass is a stable counting sort, from the last key to the
 * first, and reads the rows twice and the distinct values of the key once.
 */
export function* orderByRanks(
  rows: Uint32Array,
  keys: readonly RankedKey[],
  limit = rows.length,
): Computation<Uint32Array> {
  let ordered = rows;
  for (let at = keys.length - 1; at >= 0; at -= 1) {
    ordered = yield* countingSort(ordered, keys[at]!, at === 0 ? limit : rows.length);
  }
  return ordered;
}

/** Ranks of the rows by their ids, which are opaque: in the order of their digits. Each pass sorts by one digit. */
export function* rankIds(ids: RowIds, rowCount: number): Computation<Ranks> {
  let ordered = range(rowCount);
  const ranks = new Uint32Array(rowCount);
  for (let digit = 0; digit < ID_DIGITS; digit += 1) {
    yield* inRanges(rowCount, (from, to) => {
      ids.readDigits(digit, ranks, from, to);
    });
    ordered = yield* countingSort(ordered, { ranks: { ranks, distinct: DIGIT_VALUES }, direction: 'ASC' }, rowCount);
  }
  yield* inRanges(rowCount, (from, to) => {
    for (let at = from; at < to; at += 1) ranks[ordered[at]!] = at;
  });
  return { ranks, distinct: rowCount };
}

function* countingSort(rows: Uint32Array, { ranks: { ranks, distinct }, direction }: RankedKey, limit: number) {
  const counts = new Uint32Array(distinct + 1);
  yield* inRanges(rows.length, (from, to) => {
    for (let at = from; at < to; at += 1) counts[ranks[rows[at]!]!]! += 1;
  });
  // Where each rank begins in the order. The last rank, null, comes last in both directions.
  const starts = new Uint32Array(distinct + 1);
  let next = 0;
  yield* inRanges(distinct, (from, to) => {
    for (let at = from; at < to; at += 1) {
      const rank = direction === 'ASC' ? at : distinct - 1 - at;
      starts[rank] = next;
      next += counts[rank]!;
    }
  });
  starts[distinct] = next;
  const ordered = new Uint32Array(Math.min(limit, rows.length));
  yield* inRanges(rows.length, (from, to) => {
    for (let at = from; at < to; at += 1) {
      const row = rows[at]!;
      const rank = ranks[row]!;
      const position = starts[rank]!;
      if (position >= limit) continue;
      ordered[position] = row;
      starts[rank] = position + 1;
    }
  });
  return ordered;
}
