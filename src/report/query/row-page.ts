// A page of a report's rows: which rows, in which order, and how they are returned, as objects or as JSON.

import { LazyList } from '../lazy-list.js';
import { toRow, type ReportRow, type RowOrigin, type RowSource } from '../row.js';
import type { Computation } from '../computation.js';
import type { RowMember } from '../write/row-members.js';
import { writeRows, type WrittenRows } from '../write/row-writer.js';
import type { CursorCodec } from './cursor.js';
import type { RowsWhere } from './filter-rows.js';
import { orderByRanks, type RankedKey, type RowOrder } from './order.js';
import { findPage, type PageArguments, type PageBounds } from './page.js';

/** Which rows, in which order, which page. */
export interface RowQuery extends PageArguments {
  readonly where?: RowsWhere | undefined;
  /** The first key decides, each further key among equal rows, and then their ids; empty: ScaleOps' order. */
  readonly orderBy?: readonly RowOrder[] | undefined;
  readonly origin: RowOrigin;
  /** Whether ids or cursors will be read. Otherwise they are computed without yielding when they are read. */
  readonly needsIds?: boolean | undefined;
}

interface Selection {
  readonly source: RowSource;
  /** The rows that match, in ScaleOps' order. */
  readonly rows: Uint32Array;
  readonly keys: readonly RankedKey[];
  readonly codec: CursorCodec;
  readonly page: PageArguments;
}

/** @throws CursorError for an `after` or `before` that is not a cursor of this list. */
export function* selectPage(selection: Selection): Computation<RowPage> {
  const { source, rows, keys, codec, page } = selection;
  // Without a cursor and without `last`, only the first rows have to be put in order.
  const isFromStart = page.after === undefined && page.before === undefined && page.last === undefined;
  const ordered = yield* orderByRanks(rows, keys, isFromStart ? page.first : undefined);
  const found = yield* findPage({ rows: ordered, totalCount: rows.length, ids: source.ids, codec }, page);
  return new RowPage(selection, ordered, found);
}

/** A page of rows; `totalCount` counts the rows of all pages. */
export class RowPage {
  readonly rowCount: number;
  readonly totalCount: number;
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  readonly #selection: Selection;
  readonly #rows: Uint32Array;
  readonly #start: number;

  /** @param ordered the rows of all pages, in order, at least up to the end of this page. */
  constructor(selection: Selection, ordered: Uint32Array, { start, end, hasNextPage, hasPreviousPage }: PageBounds) {
    this.rowCount = end - start;
    this.totalCount = selection.rows.length;
    this.hasNextPage = hasNextPage;
    this.hasPreviousPage = hasPreviousPage;
    this.#selection = selection;
    this.#rows = ordered.subarray(start, end);
    this.#start = start;
  }

  /** The report that the rows are in. */
  get origin(): RowOrigin {
    return this.#selection.source.origin;
  }

  /** The rows of the page, made when they are read. */
  get rows(): LazyList<ReportRow> {
    return new LazyList(this.rowCount, (index) => toRow(this.#selection.source, this.#rows[index]!));
  }

  /** The cursor of the n-th row of the page. */
  cursorOf(index: number): string {
    const { source, codec } = this.#selection;
    return codec.encode({ index: this.#start + index, id: source.ids().at(this.#rows[index]!) });
  }

  /**
   * The rows as a JSON list of objects with these members, in chunks of about 64 KiB that are made on demand.
   * @param originJson a field of the rows' report, as JSON.
   */
  write(members: readonly RowMember[], originJson: WrittenRows['originJson']): Iterable<Buffer> {
    const { source } = this.#selection;
    return writeRows({ source, rows: this.#rows, originJson, cursorOf: (index) => this.cursorOf(index) }, members);
  }
}
