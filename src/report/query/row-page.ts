// A page of a report's rows: which rows, in which order, and how they are returned, as objects or as JSON.

import type { Columns } from '../columns/columns.js';
import { LazyList } from '../lazy-list.js';
import { toRow, type ReportRow } from '../row.js';
import type { Steps } from '../steps.js';
import { writeRows, type RowMember } from '../write/row-writer.js';
import type { CursorCodec } from './cursor.js';
import type { RowsWhere } from './filter-rows.js';
import { orderByRanks, type RankedKey, type RowOrder } from './order.js';
import { findPage, type PageArguments, type PageBounds } from './page.js';

/** Which rows, in which order, which page. */
export interface RowQuestion extends PageArguments {
  readonly where?: RowsWhere | undefined;
  /** The first key decides, each further key among equal rows; empty: ScaleOps' order. */
  readonly orderBy?: readonly RowOrder[] | undefined;
  /** Identifies the report in cursors, so that a cursor of another report is refused. */
  readonly scope?: (() => string) | undefined;
}

interface Selection {
  readonly columns: Columns;
  /** The rows that match, in ScaleOps' order. */
  readonly rows: Uint32Array;
  readonly keys: readonly RankedKey[];
  readonly codec: CursorCodec;
  readonly page: PageArguments;
  /** totalCost of the whole report. */
  readonly reportCost: number;
}

/** @throws CursorError for an `after` or `before` that is not a cursor of this list. */
export function* selectPage(selection: Selection): Steps<RowPage> {
  const { columns, rows, keys, codec, page } = selection;
  // Without a cursor and without `last`, only the first rows have to be put in order.
  const isFromStart = page.after === undefined && page.before === undefined && page.last === undefined;
  const ordered = yield* orderByRanks(rows, keys, isFromStart ? page.first : undefined);
  const found = yield* findPage({ rows: ordered, totalCount: rows.length, ids: columns.ids, codec }, page);
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

  /** The rows of the page, made when they are read. */
  get rows(): LazyList<ReportRow> {
    const { columns, reportCost } = this.#selection;
    return new LazyList(this.rowCount, (index) => toRow(columns, this.#rows[index]!, reportCost));
  }

  /** The cursor of the n-th row of the page. */
  cursorOf(index: number): string {
    const { columns, codec } = this.#selection;
    return codec.encode({ index: this.#start + index, id: columns.ids.at(this.#rows[index]!) });
  }

  /** The rows as a JSON list of objects with these members, in pieces of some 64 KiB that are made one by one. */
  write(members: readonly RowMember[]): Iterable<Buffer> {
    const { columns, reportCost } = this.#selection;
    return writeRows({ columns, rows: this.#rows, reportCost, cursorOf: (index) => this.cursorOf(index) }, members);
  }
}
