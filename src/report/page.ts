// A page of an ordered list of rows, by the rules of the Relay connection specification
// (https://relay.dev/graphql/connections.htm, "Pagination algorithm").

import type { CursorCodec } from './cursor.js';

export interface PageArguments {
  readonly first?: number | undefined;
  readonly after?: string | undefined;
  readonly last?: number | undefined;
  readonly before?: string | undefined;
}

/** [start, end) of the list. */
export interface PageBounds {
  readonly start: number;
  readonly end: number;
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
export function findPage(
  rows: Uint32Array,
  ids: readonly string[],
  codec: CursorCodec,
  { first, after, last, before }: PageArguments,
): PageBounds {
  let start = 0;
  let end = rows.length;
  if (after !== undefined) {
    const { place, isThere } = findPlace(rows, ids, codec, 'after', after);
    // Where the row has gone, the one that followed has moved into its place.
    start = Math.min(isThere ? place + 1 : place, rows.length);
  }
  if (before !== undefined) end = Math.max(start, findPlace(rows, ids, codec, 'before', before).place);
  if (first !== undefined) end = Math.min(end, start + first);
  if (last !== undefined) start = Math.max(start, end - last);
  return { start, end };
}

/**
 * Where the cursor's row is now. In the report that the cursor was made from, just where it says; in one that was
 * refreshed since, where the row of the same id has moved, the nearest where there are several.
 */
function findPlace(
  rows: Uint32Array,
  ids: readonly string[],
  codec: CursorCodec,
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
      if (row !== undefined && ids[row] === id) return { place: candidate, isThere: true };
    }
  }
  return { place, isThere: false };
}
