// A page of an ordered list of rows, by the rules of the Relay connection specification
// (https://relay.dev/graphql/connections.htm, "Pagination algorithm").

import type { CursorCodec } from './cursor.js';
import type { RowIds } from '../row-ids.js';
import { forEachIndex, type Computation } from '../computation.js';

export interface PageArguments {
  readonly first?: number | undefined;
  readonly after?: string | undefined;
  readonly last?: number | undefined;
  readonly before?: string | undefined;
}

/** An ordered list of rows. */
interface OrderedRows {
  /** All rows when the page has a cursor or a `last`; else at least the `first` rows. */
  readonly rows: Uint32Array;
  readonly totalCount: number;
  readonly ids: () => RowIds;
  readonly codec: CursorCodec;
}

/** [start, end) of the list. */
export interface PageBounds {
  readonly start: number;
  readonly end: number;
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
}

/** Not a cursor of this list: forged, cut short, or of another report, filter or order. */
export class CursorError extends Error {
  override readonly name = 'CursorError';
  readonly argument: 'after' | 'before';

  constructor(argument: 'after' | 'before') {
    super('not a cursor of this list');
    this.argument = argument;
  }
}

/** @throws CursorError */
export function* findPage(list: OrderedRows, { first, after, last, before }: PageArguments): Computation<PageBounds> {
  let from = 0;
  let to = list.totalCount;
  if (after !== undefined) {
    const { index, isFound } = yield* findRow(list, 'after', after);
    // When the row is gone, the row that followed it has moved to its index.
    from = isFound ? index + 1 : index;
  }
  if (before !== undefined) {
    const { index } = yield* findRow(list, 'before', before);
    // By the specification `before` is searched after `after`, and ignored when it is not found there.
    if (index >= from) to = index;
  }
  const count = to - from;
  const end = first !== undefined && count > first ? from + first : to;
  const start = last !== undefined && end - from > last ? end - last : from;
  return {
    start,
    end,
    // `first` and `last` apply only to the rows between the cursors.
    hasNextPage: first === undefined ? to < list.totalCount : count > first,
    hasPreviousPage: last === undefined ? from > 0 : count > last,
  };
}

/**
 * The index of a cursor's row: the nearest row with the same id, as a refresh may have moved it. When no row has the id,
 * `isFound` is false, and `index` is the index in the cursor, at most the end of the list.
 */
function* findRow({ rows, ids, codec }: OrderedRows, argument: 'after' | 'before', cursor: string) {
  const decoded = codec.decode(cursor);
  if (decoded === null) throw new CursorError(argument);
  const { id } = decoded;
  const index = Math.min(decoded.index, rows.length);
  const idOf = ids();
  let found: number | undefined;
  yield* forEachIndex(rows.length + 1, (distance) => {
    found ??= [index - distance, index + distance].find((at) => rows[at] !== undefined && idOf.at(rows[at]) === id);
  });
  return { index: found ?? index, isFound: found !== undefined };
}
