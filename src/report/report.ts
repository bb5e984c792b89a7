// A cost report as ScaleOps gave it: immutable data and the questions that can be asked of it. No I/O, no GraphQL, no
// HTTP. How the rows are held is known in this folder alone.

import { breakDown, createLabelColumn, type Breakdown, type Dimension, type GroupOrder } from './breakdown.js';
import type { Columns, NameColumn, NumberField } from './columns.js';
import { createCursorCodec, type CursorCodec } from './cursor.js';
import { createDerived } from './derived.js';
import { sumRows } from './exact-sum.js';
import { dropRepeated, orderByRanks, type OrderField, type RankedKey, type RowOrder } from './order.js';
import type { Grants } from './grants.js';
import { findPage, type PageArguments } from './page.js';
import { findScopes, pickRows } from './parts.js';
import { rankNames, rankNumbers, type Ranks } from './ranks.js';
import { regroup, type Regrouping } from './regroup.js';
import { toRow, type ReportRow } from './row.js';
import { foldCase } from './names.js';
import type { Scope } from './scope.js';
import { createTotals, type Totals } from './totals.js';
import { createWorkloadFinder } from './workloads.js';
import { allRows, findRows, toCanonicalWhere, type RowsWhere } from './where.js';

/** The time a report covers, [startTime, endTime), in milliseconds since the Unix epoch. */
export interface ReportWindow {
  readonly startTime: number;
  readonly endTime: number;
}

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
}

export interface BreakdownQuestion {
  readonly by: readonly Dimension[];
  readonly where?: RowsWhere | undefined;
  readonly orderBy: GroupOrder;
  readonly first?: number | undefined;
}

export interface Report {
  /** Null when the upstream named no window that can be read. */
  readonly window: ReportWindow | null;
  readonly clusters: readonly string[];
  /** About how many bytes of memory the report takes, and what it may keep of its answers; for the cache's bound. */
  readonly byteSize: number;
  /** @throws CursorError for an `after` or `before` that is no cursor of this list. */
  selectRows(question: RowQuestion): RowPage;
  sumRows(where?: RowsWhere): Totals;
  breakDown(question: BreakdownQuestion): Breakdown;
  /** Whether there is a row of this cluster, named without regard to case. */
  hasCluster(name: string): boolean;
  /** The report of each scope alone, as the upstream would have given it; none where there is no row of it. */
  split(scopes: readonly Scope[]): ReadonlyMap<Scope, Report>;
  /** The report of what may be seen alone; its rows told apart by cluster and namespace, and then added up as said. */
  restrict(grants: Grants, regrouping?: Regrouping): Report;
  /** The row of a workload, by its names without regard to case; in a report of one namespace. Null where there is none. */
  findWorkload(type: string, name: string): ReportRow | null;
}

/** How much a report may keep of what it worked out: eight columns of row numbers. */
export const DERIVED_BYTES_PER_ROW = 32;

/** What a report is made of: columns that nobody will change, and their size as measured by who made them. */
interface ReportData {
  readonly window: ReportWindow | null;
  readonly clusters: readonly string[];
  readonly columns: Columns;
  readonly byteSize: number;
}

export function createReport(data: ReportData): Report {
  const { window, clusters, columns, byteSize } = data;
  const derived = createDerived(DERIVED_BYTES_PER_ROW * columns.rowCount);
  const everyRow = allRows(columns);
  const clusterNames = lazy(() => new Set(columns.names.clusterName.values.map((name) => name && foldCase(name))));
  const findWorkload = lazy(() => createWorkloadFinder(columns));
  const reportCost = lazy(() => sumRows(columns.numbers.totalCost, everyRow));

  const rowsWhere = (where: RowsWhere | undefined): Uint32Array =>
    where === undefined ? everyRow : findRows(columns, where);
  const ranksOf = (field: OrderField): Ranks =>
    derived.get(
      `ranks of ${field}`,
      () => rankField(columns, field),
      ({ ranks }) => ranks.byteLength,
    );
  const columnOf = (dimension: Dimension): NameColumn =>
    'field' in dimension
      ? columns.names[dimension.field]
      : derived.get(`label ${dimension.label}`, () => createLabelColumn(columns, dimension.label), measureColumn);

  const self: Report = {
    window,
    clusters,
    byteSize,
    selectRows({ where, orderBy = [], scope, ...page }) {
      const order = dropRepeated(orderBy);
      const keys = order.map(({ field, direction }) => ({ ranks: ranksOf(field), direction }));
      const codec = createCursorCodec(() => [scope?.() ?? '', order, toCanonicalWhere(where)]);
      return selectPage({ columns, rows: rowsWhere(where), keys, codec, page, reportCost });
    },
    sumRows(where) {
      const rows = rowsWhere(where);
      return createTotals(rows.length, (field) => sumRows(columns.numbers[field], rows));
    },
    breakDown: ({ by, where, ...question }) =>
      breakDown(columns, { rows: rowsWhere(where), by: by.map(columnOf), ...question }),
    hasCluster: (name) => clusterNames().has(foldCase(name)),
    split: (scopes) => split(window, columns, scopes),
    restrict: (grants, regrouping) =>
      derived.get(
        `visible to ${grants.key}, ${JSON.stringify(regrouping)}`,
        () => createVisible(self, columns, grants, regrouping),
        (visible) => (visible.byteSize === byteSize ? 0 : visible.byteSize),
      ),
    findWorkload(type, name) {
      const row = findWorkload()(type, name);
      return row === undefined ? null : toRow(columns, row, reportCost());
    },
  };
  return self;
}

/** Nobody keeps a part for longer than an answer takes, and its rows are those of the whole: it counts for nothing. */
const PART_BYTES = 0;

function split(window: ReportWindow | null, columns: Columns, scopes: readonly Scope[]): ReadonlyMap<Scope, Report> {
  const found = findScopes(columns, scopes).flatMap(({ rows, spelled }) => {
    const part = createPart(window, columns, rows);
    return spelled.map((scope) => [scope, part] as const);
  });
  return new Map(found);
}

/** About what a row of such a report takes, and what is worked out for it. */
const VISIBLE_BYTES_PER_ROW = 224;

function createVisible(whole: Report, columns: Columns, grants: Grants, regrouping: Regrouping | undefined): Report {
  const rows = grants.findRows(columns);
  // Those of the rows, in their order: ScaleOps may list clusters of which it gives none, and in the order of all rows.
  const clusters = namesOfRows(columns.names.clusterName, rows);
  if (regrouping === undefined && rows.length === columns.rowCount) return { ...whole, clusters };
  const visible = regrouping === undefined ? pickRows(columns, rows) : regroup(columns, rows, regrouping);
  const byteSize = VISIBLE_BYTES_PER_ROW * visible.rowCount;
  return createReport({ window: whole.window, clusters, columns: visible, byteSize });
}

function namesOfRows({ codes, values }: NameColumn, rows: readonly number[]): readonly string[] {
  const found = new Set(Array.from(rows, (row) => codes[row]!));
  return Array.from(found, (code) => values[code] ?? null).filter((name) => name !== null);
}

function createPart(window: ReportWindow | null, whole: Columns, rows: readonly number[]): Report {
  const columns = pickRows(whole, rows);
  const clusters = columns.names.clusterName.values.filter((name) => name !== null);
  return createReport({ window, clusters, columns, byteSize: PART_BYTES });
}

interface Selection {
  readonly columns: Columns;
  /** Those that match, in the upstream's order. */
  readonly rows: Uint32Array;
  readonly keys: readonly RankedKey[];
  readonly codec: CursorCodec;
  readonly page: PageArguments;
  readonly reportCost: () => number;
}

function selectPage({ columns, rows, keys, codec, page, reportCost }: Selection): RowPage {
  // Where nothing is counted from a cursor or from the end, only the first rows need their places.
  const isFromStart = page.after === undefined && page.before === undefined && page.last === undefined;
  const ordered = orderByRanks(rows, keys, isFromStart ? page.first : undefined);
  const list = { rows: ordered, totalCount: rows.length, ids: columns.ids, codec };
  const { start, end, hasNextPage, hasPreviousPage } = findPage(list, page);
  return {
    rowCount: end - start,
    totalCount: rows.length,
    hasNextPage,
    hasPreviousPage,
    get rows() {
      return Array.from(ordered.subarray(start, end), (row) => toRow(columns, row, reportCost()));
    },
    cursorOf: (index) => codec.encode({ place: start + index, id: columns.ids[ordered[start + index]!]! }),
  };
}

function rankField({ names, numbers }: Columns, field: OrderField): Ranks {
  return field in names
    ? rankNames(names[field as keyof typeof names])
    : rankNumbers(numbers[field as NumberField].units);
}

function measureColumn({ codes, values }: NameColumn): number {
  return codes.byteLength + 8 * values.length;
}

function lazy<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
