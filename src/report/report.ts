// A cost report from ScaleOps: immutable data and the queries over it. No I/O, no GraphQL, no HTTP. How the rows are stored
// is known only in this folder.

import { foldCase } from './columns/case-folding.js';
import { nameOf } from './columns/cells.js';
import { SUM_FIELDS, type Columns, type NameColumn, type NumberField, type SumField } from './columns/columns.js';
import type { NumberColumn } from './columns/decimal-column.js';
import { DerivedCache } from './columns/derived-cache.js';
import type { Permissions } from './permissions/permissions.js';
import { groupForReAggregation, measureGroups, reAggregate, type ReAggregation } from './permissions/re-aggregate.js';
import { findVisible, type VisibleRows } from './permissions/visible-rows.js';
import { breakDown, type Breakdown, type GroupOrder } from './query/breakdown.js';
import { createCursorCodec } from './query/cursor.js';
import type { Dimension } from './query/dimension.js';
import { sumRows } from './query/exact-sum.js';
import { findRows, toCanonicalWhere, type RowsWhere } from './query/filter-rows.js';
import { groupAndSum, type GroupedRows } from './query/grouped-rows.js';
import { countLabels, createNullTest } from './query/label-lookup.js';
import { dropRepeated } from './query/order.js';
import { selectPage, type RowPage, type RowQuery } from './query/row-page.js';
import { countMissing, type Totals } from './query/totals.js';
import { toReportId } from './request.js';
import { toRow, type ReportRow, type RowOrigin, type RowSource } from './row.js';
import type { EntityRef } from './entities/entity-request.js';
import { splitRows, gatherRows } from './entities/split.js';
import { indexWorkloads, mergeRows, toWorkloadKey, WORKLOAD_ENTRY_BYTES } from './entities/workload-index.js';
import { SharedReport } from './shared-report.js';
import { identifyRows, type RowIds } from './row-ids.js';
import { precompute, runToEnd, type Computation } from './computation.js';
import { warningsAmong, type ReportWarning } from './warnings.js';
import type { ReportWindow } from './window.js';

export interface BreakdownQuery {
  readonly by: readonly Dimension[];
  readonly where?: RowsWhere | undefined;
  readonly orderBy: GroupOrder;
  readonly first?: number | undefined;
  /** The sums that will be read; all by default. Another sum is computed without yielding when it is read. */
  readonly fields?: readonly SumField[] | undefined;
}

/** Which rows of a report a view shows; all rows by default. */
interface View extends Pick<VisibleRows, 'clusters' | 'byteSize'>, Partial<Pick<VisibleRows, 'rows' | 'numbersOf'>> {
  /** Their rows are numbered as in the columns. None by default. */
  readonly warnings?: readonly ReportWarning[];
  /** Rows that were added up to the rows of this report. */
  readonly sourceRowCount?: number;
}

/**
 * A report, or a part of one. Methods that read rows are computations that can pause, see computation.ts.
 *
 * What they cost, in rows or table entries read: `scanCost` for each condition, sort key, dimension and sum, and
 * `labelScanCost` more for each label that a dimension reads. Ranks for sort keys and label columns are computed
 * once per report while they fit the bound of its derived data. A part costs what its own rows cost: indexes over the
 * tables that parts share with the whole report are built once, by the first query that needs them.
 */
export class Report {
  /** Null when ScaleOps sent no valid window. */
  readonly window: ReportWindow | null;
  readonly clusters: readonly string[];
  /** Problems in the data. A part has those of its own rows and of the response as a whole. */
  readonly warnings: readonly ReportWarning[];
  readonly rowCount: number;
  /** Retained memory in bytes, including the limit of the derived data. 0 for a part. */
  readonly byteSize: number;
  /** How many rows one pass reads; for a re-aggregated report also the rows that were added up. */
  readonly scanCost: number;
  readonly #shared: SharedReport;
  readonly #view: View;
  #clusterNames: ReadonlySet<string> | undefined;
  #cost: number | undefined;
  #labelScanCost: number | undefined;

  constructor(shared: SharedReport, view: View) {
    const { rows, clusters, byteSize, warnings = [], sourceRowCount = 0 } = view;
    this.#shared = shared;
    this.#view = view;
    this.window = shared.window;
    this.clusters = clusters;
    this.warnings = warnings;
    this.rowCount = rows?.length ?? shared.columns.rowCount;
    this.byteSize = byteSize;
    this.scanCost = this.rowCount + sourceRowCount;
  }

  /** How many labels a query over labels reads. */
  get labelScanCost(): number {
    return (this.#labelScanCost ??= countLabels(this.#shared.columns, this.#rows));
  }

  get #rows(): Uint32Array {
    return this.#view.rows ?? this.#shared.rows;
  }

  /** Caches nothing for a view of some of the rows: keys do not name the rows. */
  get #cache(): DerivedCache {
    return this.#view.rows === undefined ? this.#shared.derived : new DerivedCache(0);
  }

  /** @throws CursorError for an `after` or `before` that is not a cursor of this list. */
  *selectRows({ where, orderBy = [], origin, needsIds = false, ...page }: RowQuery): Computation<RowPage> {
    const order = dropRepeated(orderBy);
    // A cursor is looked up by ids.
    if (needsIds || page.after !== undefined || page.before !== undefined) yield* this.#shared.identifyRows();
    return yield* selectPage({
      source: yield* this.#rowSource(origin),
      rows: yield* this.#find(where),
      keys: yield* this.#shared.rank(order),
      codec: createCursorCodec(() => [toReportId(origin.request), order, toCanonicalWhere(where)]),
      page,
    });
  }

  /** Whether there are rows, and none has a value in this dimension. Reads rows up to the first value. */
  hasNoValueOf(dimension: Dimension): boolean {
    return this.rowCount > 0 && this.#rows.every(createNullTest(this.#shared.columns, dimension));
  }

  /** @param fields the sums that will be read; all by default. */
  *sumRows(where?: RowsWhere, fields: readonly SumField[] = SUM_FIELDS): Computation<Totals> {
    const rows = yield* this.#find(where);
    return {
      rowCount: rows.length,
      sum: yield* precompute(fields, (field) => this.#sum(field, rows)),
      rowsWithoutCost: () => countMissing(this.#shared.columns, rows),
    };
  }

  *breakDown({ by, where, fields = SUM_FIELDS, ...query }: BreakdownQuery): Computation<Breakdown> {
    const grouped = yield* this.groupRows(by, where);
    const ranksOf = (dimension: number) => this.#shared.ranksOf(by[dimension]!);
    return yield* breakDown({ ...query, grouped, ranksOf, fields });
  }

  /** The rows in groups, and their sums. Cached with the report, but not for a view. */
  *groupRows(by: readonly Dimension[], where?: RowsWhere): Computation<GroupedRows> {
    const columns: NameColumn[] = [];
    for (const dimension of by) columns.push(yield* this.#shared.columnOf(dimension));
    return yield* groupAndSum({
      columns: this.#shared.columns,
      by: columns,
      rows: () => this.#find(where),
      ownsRows: where !== undefined,
      numbersOf: (field) => this.#numbersOf(field),
      key: JSON.stringify([by, toCanonicalWhere(where)]),
      cache: this.#cache,
    });
  }

  /** A name of the first row; null without rows, and in a row without this name. */
  firstName(field: keyof Columns['names']): string | null {
    const [row] = this.#rows;
    const column = this.#shared.columns.names[field];
    return row === undefined ? null : nameOf(column, column.codes[row]!);
  }

  /** Whether a row names this cluster, ignoring case. The first call reads each distinct cluster name. */
  hasCluster(name: string): boolean {
    if (this.#clusterNames === undefined) {
      const { values } = this.#shared.columns.names.clusterName;
      const names = this.#view.rows === undefined ? values.slice(1) : this.clusters;
      this.#clusterNames = new Set(names.map(foldCase));
    }
    return this.#clusterNames.has(foldCase(name));
  }

  /** Whether the window is the requested one, and ScaleOps does not say that data is missing. */
  get isComplete(): boolean {
    return !this.isPartial && this.warnings.every(({ code }) => code !== 'WINDOW_MISMATCH');
  }

  /** Whether ScaleOps says that data is missing. */
  get isPartial(): boolean {
    return this.warnings.some(({ code }) => code === 'PARTIAL_ANSWER');
  }

  /**
   * The report of each entity, as ScaleOps would have returned it. Entities without rows are left out, unless this report is
   * partial: then their rows may be missing. Reads each row once.
   */
  *split(entities: readonly EntityRef[]): Computation<ReadonlyMap<EntityRef, Report>> {
    const parts = new Map<EntityRef, Report>();
    for (const { rows, spellings } of yield* splitRows(this.#shared.columns, this.#rows, entities)) {
      if (rows.length === 0 && !this.isPartial) continue;
      const columns = gatherRows(this.#shared.columns, rows);
      const clusters = columns.names.clusterName.values.slice(1);
      const part = this.#createPart(columns, { clusters, warnings: warningsAmong(this.warnings, rows, true) });
      for (const entity of spellings) parts.set(entity, part);
      yield;
    }
    return parts;
  }

  /**
   * The report of the rows that a caller may see, re-aggregated if requested. Sums and shares are those of a report without
   * any other rows.
   */
  *restrict(permissions: Permissions, reAggregation?: ReAggregation): Computation<Report> {
    const { columns } = this.#shared;
    const cache = this.#cache;
    const key = `visible to ${permissions.key}`;
    const find = () => findVisible({ columns, among: this.#rows, warnings: this.warnings }, permissions);
    const view = new Report(this.#shared, yield* cache.get(key, find, ({ byteSize }) => byteSize));
    if (reAggregation === undefined) return view;
    const group = () => groupForReAggregation(columns, view.#rows, reAggregation);
    const grouping = yield* cache.get(`groups by ${JSON.stringify(reAggregation)}, ${key}`, group, measureGroups);
    const numbersOf = (field: NumberField) => view.#numbersOf(field);
    const groups = reAggregate({ columns, rows: view.#rows, grouping, numbersOf, reAggregation });
    // Warnings number the rows that were added up, which the new report does not have.
    const warnings = view.warnings.map((warning) => ({ ...warning, rows: null }));
    return this.#createPart(groups, { clusters: view.clusters, warnings, sourceRowCount: view.rowCount });
  }

  /**
   * The row of a workload, ignoring case, in a report of one namespace; the sum of its rows where it has several;
   * null when there is none. A sum is null when one of the rows does not have the number.
   */
  *findWorkload(type: string, name: string, origin: RowOrigin): Computation<ReportRow | null> {
    const { columns } = this.#shared;
    const makeIndex = () => indexWorkloads(columns, this.#rows);
    const index = yield* this.#cache.get('workloads', makeIndex, ({ size }) => WORKLOAD_ENTRY_BYTES * size);
    const rows = index.get(toWorkloadKey(type, name));
    if (rows === undefined) return null;
    const source = yield* this.#rowSource(origin);
    if (typeof rows === 'number') return toRow(source, rows);
    const merged = yield* mergeRows(columns, rows, (field) => this.#numbersOf(field));
    const ids = yield* identifyRows(merged);
    return toRow({ ...source, columns: merged, ids: () => ids }, rows.length);
  }

  *#find(where: RowsWhere | undefined): Computation<Uint32Array> {
    return where === undefined
      ? this.#rows
      : yield* findRows(this.#shared.columns, where, this.#rows, (dimension) => this.#shared.columnOf(dimension));
  }

  *#numbersOf(field: NumberField): Computation<NumberColumn> {
    return this.#view.numbersOf === undefined
      ? this.#shared.columns.numbers[field]
      : yield* this.#view.numbersOf(field);
  }

  *#sum(field: SumField, rows: Uint32Array): Computation<number> {
    return yield* sumRows(yield* this.#numbersOf(field), rows);
  }

  *#rowSource(origin: RowOrigin): Computation<RowSource> {
    const shared = this.#shared;
    this.#cost ??= yield* this.#sum('totalCost', this.#rows);
    let rowIds: RowIds | undefined;
    const ids = () => (rowIds ??= runToEnd(shared.identifyRows()));
    return { columns: shared.columns, reportCost: this.#cost, ids, origin };
  }

  /** A part lives as long as a request, so its derived data has no limit. It shares the tables of the whole report. */
  #createPart(columns: Columns, view: Omit<View, 'byteSize'>): Report {
    const shared = new SharedReport(this.window, columns, new DerivedCache(Infinity), this.#shared);
    return new Report(shared, { ...view, byteSize: 0 });
  }
}
