// A page of an ordered list of rows, by the rules of the Relay connection specification
// (https://relay.dev/graphql/connections.htm, "Pagination algorithm").

import type { CursorCodec } from './cursor.js';
import type { Texts } from '../columns/strings.js';

export interface PageArguments {
  readonly first?: number | undefined;
  readonly after?: string | undefined;
  readonly last?: number | undefined;
  readonly before?: string | undefined;
}

/** A list of rows in its order. */
export interface OrderedRows {
  /** Where there is a cursor or a `last`, all of them; else at least the `first`. */
  readonly rows: Uint32Array;
  readonly totalCount: number;
  readonly ids: Texts;
  readonly codec: CursorCodec;
}

/** [start, end) of the list. */
export interface PageBounds {
  readonly start: number;
  readonly end: number;
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
}

/** A cursor that is none of this list: forged, cut short, or of another report, filter or order. */
export class CursorError extends Error {
  override readonly name = 'CursorError';
  readonly argument: 'after' | 'before';

  constructor(argument: 'after' | 'before') {
    super('not a cursor of this list');
    this.argument = argument;
  }
}

/** @throws CursorError */
export function findPage(list: OrderedRows, { first, after, last, before }: PageArguments): PageBounds {
  let from = 0;
  let to = list.totalCount;
  if (after !== undefined) {
    const { place, isThere } = findPlace(list, 'after', after);
    // Where the row has gone, the one that followed has moved into its place.
    from = isThere ? place + 1 : place;
  }
  if (before !== undefined) {
    const { place } = findPlace(list, 'before', before);
    // By the specification `before` is looked for after `after`, and says nothing where it is not found there.
    if (place >= from) to = place;
  }
  const count = to - from;
  const end = first !== undefined && count > first ? from + first : to;
  const start = last !== undefined && end - from > last ? end - last : from;
  return {
    start,
    end,
    // `first` and `last` speak of the rows between the cursors alone.
    hasNextPage: first === undefined ? to < list.totalCount : count > first,
    hasPreviousPage: last === undefined ? from > 0 : count > last,
  };
}

/**
 * Where the cursor's row is now. In the report that the cursor was made from, just where it says; in one that was
 * refreshed since, where the row of the same id has moved, the nearest where there are several.
 */
function findPlace(
  { rows, ids, codec }: OrderedRows,
  argument: 'after' | 'before',
  cursor: string,
): { readonly place: number; readonly isThere: boolean } {
  const named = codec.decode(cursor);
  if (named === null) throw new CursorError(argument);
  const { id } = named;
  const place = Math.min(named.place, rows.length);
  for (let distance = 0; distance <= rows.length; distance += 1) {
    for (const candidate of [place - distance, place + distance]) {
      const row = rows[candidate];
      if (row !== undefined && ids.is(row, id)) return { place: candidate, isThere: true };
    }
  }
  return { place, isThere: false };
}
