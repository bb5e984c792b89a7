// A page of a report's rows: which ones, in which order, and how they are handed out, as rows or as JSON.

import type { Columns, NameField } from '../columns/columns.js';
import type { CursorCodec } from './cursor.js';
import { orderByRanks, type RankedKey, type RowOrder } from './order.js';
import { findPage, type PageArguments, type PageBounds } from './page.js';
import { writeRows, type RowMember } from '../write/row-writer.js';
import { toRow, type ReportRow } from '../row.js';
import type { PlainTexts } from '../columns/strings.js';
import type { RowsWhere } from './filter-rows.js';

/** Which rows, in which order, which page. */
export interface RowQuestion extends PageArguments {
  readonly where?: RowsWhere | undefined;
  /** The first key decides, each further one among equals; empty: the upstream's order. */
  readonly orderBy?: readonly RowOrder[] | undefined;
  /** Names the report in cursors, so that a cursor of another one is refused. */
  readonly scope?: (() => string) | undefined;
}

/** A page of rows; `totalCount` counts those of all pages. */
export interface RowPage {
  readonly rowCount: number;
  readonly totalCount: number;
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  /** The rows, made when asked for. */
  readonly rows: readonly ReportRow[];
  /** The cursor of the page's n-th row. */
  cursorOf(index: number): string;
  /** The rows as a JSON list of objects with these members, in pieces that are made when they are asked for. */
  write(members: readonly RowMember[]): Iterable<Buffer>;
}

export interface Selection {
  readonly columns: Columns;
  /** Those that match, in the upstream's order. */
  readonly rows: Uint32Array;
  readonly keys: readonly RankedKey[];
  readonly codec: CursorCodec;
  readonly page: PageArguments;
  readonly reportCost: () => number;
  /** The names of a column as JSON. */
  readonly textsOf: (field: NameField) => PlainTexts;
}

/** @throws CursorError for an `after` or `before` that is no cursor of this list. */
export function selectPage(selection: Selection): RowPage {
  const { columns, rows, keys, codec, page } = selection;
  // Where nothing is counted from a cursor or from the end, only the first rows need their places.
  const isFromStart = page.after === undefined && page.before === undefined && page.last === undefined;
  const ordered = orderByRanks(rows, keys, isFromStart ? page.first : undefined);
  const found = findPage({ rows: ordered, totalCount: rows.length, ids: columns.ids, codec }, page);
  return new SelectedPage(selection, ordered, found);
}

class SelectedPage implements RowPage {
  readonly rowCount: number;
  readonly totalCount: number;
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  readonly #selection: Selection;
  readonly #own: Uint32Array;
  readonly #start: number;

  /** @param ordered the rows of all pages, in their order, at least up to the end of this one. */
  constructor(selection: Selection, ordered: Uint32Array, { start, end, hasNextPage, hasPreviousPage }: PageBounds) {
    this.rowCount = end - start;
    this.totalCount = selection.rows.length;
    this.hasNextPage = hasNextPage;
    this.hasPreviousPage = hasPreviousPage;
    this.#selection = selection;
    this.#own = ordered.subarray(start, end);
    this.#start = start;
  }

  get rows(): readonly ReportRow[] {
    const { columns, reportCost } = this.#selection;
    return Array.from(this.#own, (row) => toRow(columns, row, reportCost()));
  }

  cursorOf(index: number): string {
    const { columns, codec } = this.#selection;
    return codec.encode({ place: this.#start + index, id: columns.ids.at(this.#own[index]!) });
  }

  write(members: readonly RowMember[]): Iterable<Buffer> {
    const { columns, reportCost, textsOf } = this.#selection;
    const cursorOf = (index: number) => this.cursorOf(index);
    return writeRows({ columns, rows: this.#own, cursorOf, reportCost, textsOf }, members);
  }
}
