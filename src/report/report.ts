// A cost report as ScaleOps gave it: immutable data and the questions that can be asked of it. No I/O, no GraphQL, no
// HTTP. How the rows are held is known in this folder alone.

import { breakDown, createLabelColumn, type Breakdown, type Dimension, type GroupOrder } from './breakdown.js';
import { nameOf } from './cells.js';
import type { Columns, NameColumn, NameField, NumberField } from './columns.js';
import { createCursorCodec } from './cursor.js';
import { createDerived, type Derived } from './derived.js';
import { sumRows } from './exact-sum.js';
import { toJsonTexts } from './json-sink.js';
import { dropRepeated, type OrderField } from './order.js';
import type { Grants } from './grants.js';
import { createNumbersOf } from './numbers-of.js';
import { findScopes, pickRows, type FoundScope } from './parts.js';
import { rankNames, rankNumbers, type Ranks } from './ranks.js';
import { regroup, type Regrouping } from './regroup.js';
import { selectPage, type RowPage, type RowQuestion, type Selection } from './row-page.js';
import { createWriting, type Writing } from './row-writing.js';
import { toRow, type ReportRow } from './row.js';
import { foldCase } from './names.js';
import type { Scope } from './scope.js';
import type { PlainTexts } from './texts.js';
import { createTotals, type Totals } from './totals.js';
import { createWorkloadFinder } from './workloads.js';
import { allRows, findRows, toCanonicalWhere, type RowsWhere } from './where.js';

export type { RowPage, RowQuestion };

/** The time a report covers, [startTime, endTime), in milliseconds since the Unix epoch. */
export interface ReportWindow {
  readonly startTime: number;
  readonly endTime: number;
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
  /** How many rows it has. */
  readonly rowCount: number;
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

export function createReport({ window, clusters, columns, byteSize }: ReportData): Report {
  const derived = createDerived(DERIVED_BYTES_PER_ROW * columns.rowCount);
  const whole: Whole = {
    window,
    columns,
    derived,
    ranksOf: (field) =>
      derived.get(
        `ranks of ${field}`,
        () => rankField(columns, field),
        ({ ranks }) => ranks.byteLength,
      ),
    columnOf: (dimension) =>
      'field' in dimension
        ? columns.names[dimension.field]
        : derived.get(`label ${dimension.label}`, () => createLabelColumn(columns, dimension.label), measureColumn),
    textsOf: (field) => derived.get(`JSON of ${field}`, () => toTextsOf(columns.names[field]), measureTexts),
    write: createWriting(),
  };
  return createView(whole, { clusters, byteSize, rows: allRows(columns), numbers: columns.numbers });
}

/** What all who see something of a report share: its columns, and what was worked out of them. */
interface Whole extends Pick<ReportData, 'window' | 'columns'> {
  readonly derived: Derived;
  readonly ranksOf: (field: OrderField) => Ranks;
  readonly columnOf: (dimension: Dimension) => NameColumn;
  /** The names of a column as JSON. */
  readonly textsOf: (field: NameField) => PlainTexts;
  readonly write: Writing;
}

/** What of a report somebody sees: these rows and no others. */
interface View extends Pick<ReportData, 'clusters' | 'byteSize'> {
  readonly rows: Uint32Array;
  /** For sums over no other rows than these. */
  readonly numbers: Columns['numbers'];
}

function createView(whole: Whole, { clusters, rows, numbers, byteSize }: View): Report {
  const { window, columns, ranksOf, columnOf, textsOf } = whole;
  const clusterNames = lazy(() => new Set(namesOf(columns.names.clusterName, rows).map(foldCase)));
  const findWorkload = lazy(() => createWorkloadFinder(columns, rows));
  const reportCost = lazy(() => sumRows(numbers.totalCost, rows));
  const rowsWhere = (where: RowsWhere | undefined): Uint32Array =>
    where === undefined ? rows : findRows(columns, where, rows);

  return {
    window,
    clusters,
    rowCount: rows.length,
    byteSize,
    selectRows({ where, orderBy = [], scope, texts, ...page }) {
      const order = dropRepeated(orderBy);
      const keys = order.map(({ field, direction }) => ({ ranks: ranksOf(field), direction }));
      const codec = createCursorCodec(() => [scope?.() ?? '', order, toCanonicalWhere(where)]);
      const write: Selection['write'] = (written, members) => whole.write(written, members, texts);
      return selectPage({ columns, rows: rowsWhere(where), keys, codec, page, write, reportCost, textsOf });
    },
    sumRows(where) {
      const found = rowsWhere(where);
      return createTotals(found.length, (field) => sumRows(numbers[field], found));
    },
    breakDown: ({ by, where, ...question }) =>
      breakDown(numbers, { rows: rowsWhere(where), by: by.map(columnOf), ...question }),
    hasCluster: (name) => clusterNames().has(foldCase(name)),
    split: (scopes) => split(window, columns, findScopes(columns, rows, scopes)),
    restrict: (grants, regrouping) => restrict(whole, rows, grants, regrouping),
    findWorkload(type, name) {
      const row = findWorkload()(type, name);
      return row === undefined ? null : toRow(columns, row, reportCost());
    },
  };
}

/** Nobody keeps a part for longer than an answer takes, and its rows are those of the whole: it counts for nothing. */
const PART_BYTES = 0;

function split(window: ReportWindow | null, whole: Columns, found: readonly FoundScope[]): ReadonlyMap<Scope, Report> {
  const parts = found.flatMap(({ rows, spelled }) => {
    const columns = pickRows(whole, rows);
    const clusters = columns.names.clusterName.values.all().slice(1);
    const part = createReport({ window, clusters, columns, byteSize: PART_BYTES });
    return spelled.map((scope) => [scope, part] as const);
  });
  return new Map(parts);
}

/** About what a view takes beside the numbers of its rows, and a row that was added up. */
const VIEW_BYTES = 6_144;
const ADDED_UP_BYTES_PER_ROW = 224;

function restrict(whole: Whole, among: Uint32Array, grants: Grants, regrouping: Regrouping | undefined): Report {
  const { window, columns, derived } = whole;
  const make = (): Report => {
    const rows = grants.findRows(columns, among);
    // Those of the rows, in their order: ScaleOps may list clusters of which it gives none, and in the order of all rows.
    const clusters = namesOf(columns.names.clusterName, rows);
    if (regrouping === undefined) {
      const byteSize = VIEW_BYTES + rows.byteLength;
      return createView(whole, { clusters, rows, numbers: createNumbersOf(columns, rows), byteSize });
    }
    const added = regroup(columns, rows, regrouping);
    const byteSize = VIEW_BYTES + ADDED_UP_BYTES_PER_ROW * added.rowCount;
    return createReport({ window, clusters, columns: added, byteSize });
  };
  // What is kept is of all rows.
  if (among.length < columns.rowCount) return make();
  return derived.get(`visible to ${grants.key}, ${JSON.stringify(regrouping)}`, make, ({ byteSize }) => byteSize);
}

function namesOf(column: NameColumn, rows: Uint32Array): readonly string[] {
  const found = new Set<number>();
  for (let at = 0; at < rows.length; at += 1) found.add(column.codes[rows[at]!]!);
  return Array.from(found, (code) => nameOf(column, code)).filter((name) => name !== null);
}

function rankField({ names, numbers }: Columns, field: OrderField): Ranks {
  return field in names
    ? rankNames(names[field as keyof typeof names])
    : rankNumbers(numbers[field as NumberField].units);
}

function toTextsOf({ values }: NameColumn): PlainTexts {
  return values.plain?.() ?? toJsonTexts(values.all());
}

/** Also where it is the column's own memory. */
function measureTexts({ view, ends }: PlainTexts): number {
  return view.byteLength + ends.byteLength;
}

function measureColumn({ codes, values }: NameColumn): number {
  return codes.byteLength + 8 * values.length;
}

function lazy<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
