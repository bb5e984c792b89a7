// The order of rows: several keys, null last in both directions, ties in the upstream's order.

import type { NameField, NumberField } from '../columns/columns.js';
import type { Ranks } from './ranks.js';

/** What rows can be ordered by. */
export type OrderField = NameField | NumberField;
export type Direction = 'ASC' | 'DESC';

export interface RowOrder {
  readonly field: OrderField;
  readonly direction: Direction;
}

/** Rows that are equal in a field have nothing left for it to decide: however long an order, its work is bounded. */
export function dropRepeated(orderBy: readonly RowOrder[]): readonly RowOrder[] {
  const fields = new Set<OrderField>();
  return orderBy.filter(({ field }) => fields.size < fields.add(field).size);
}

/** Ranks of a row set's keys with their directions; the first decides, each further one among equals. */
export interface RankedKey {
  readonly ranks: Ranks;
  readonly direction: Direction;
}

/**
 * `rows` in the order of `keys`, the first `limit` of them. Each pass is a stable counting sort, from the last key to
 * the first.
 */
export function orderByRanks(rows: Uint32Array, keys: readonly RankedKey[], limit = rows.length): Uint32Array {
  return keys.reduceRight((ordered, key, at) => countingSort(ordered, key, at === 0 ? limit : rows.length), rows);
}

function countingSort(rows: Uint32Array, { ranks: { ranks, distinct }, direction }: RankedKey, limit: number) {
  const counts = new Uint32Array(distinct + 1);
  for (let at = 0; at < rows.length; at += 1) counts[ranks[rows[at]!]!]! += 1;
  const starts = toStarts(counts, direction);
  const ordered = new Uint32Array(Math.min(limit, rows.length));
  for (let at = 0; at < rows.length; at += 1) {
    const row = rows[at]!;
    const rank = ranks[row]!;
    const place = starts[rank]!;
    if (place >= limit) continue;
    ordered[place] = row;
    starts[rank] = place + 1;
  }
  return ordered;
}

/** Where each rank begins in the order. The last one, null, ends it in both directions. */
function toStarts(counts: Uint32Array, direction: Direction): Uint32Array {
  const starts = new Uint32Array(counts.length);
  const last = counts.length - 1;
  let next = 0;
  for (let step = 0; step < last; step += 1) {
    const rank = direction === 'ASC' ? step : last - 1 - step;
    starts[rank] = next;
    next += counts[rank]!;
  }
  starts[last] = next;
  return starts;
}
