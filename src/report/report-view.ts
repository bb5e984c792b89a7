// Answers the questions of a report from its columns. A view shows all rows, or the rows that a caller may see.

import { foldCase } from './columns/case-folding.js';
import { SUM_FIELDS, type Columns, type NameColumn, type NumberField, type SumField } from './columns/columns.js';
import type { NumberColumn } from './columns/decimal-column.js';
import { DerivedCache } from './columns/derived-cache.js';
import type { Permissions } from './permissions/permissions.js';
import { groupForReAggregation, reAggregate, type ReAggregation } from './permissions/re-aggregate.js';
import { findVisible, type VisibleRows } from './permissions/visible-rows.js';
import { breakDown, type Breakdown } from './query/breakdown.js';
import { createCursorCodec } from './query/cursor.js';
import { sumRows } from './query/exact-sum.js';
import { findRows, toCanonicalWhere, type RowsWhere } from './query/filter-rows.js';
import { measureGrouping, type Grouping } from './query/group-rows.js';
import { countLabels } from './query/label-lookup.js';
import { dropRepeated } from './query/order.js';
import { selectPage, type RowPage, type RowQuestion } from './query/row-page.js';
import { createTotals, type Totals } from './query/totals.js';
import { toRow, type ReportRow } from './row.js';
import type { EntityScope } from './scopes/scope.js';
import { findScopes, gatherRows } from './scopes/split.js';
import { indexWorkloads } from './scopes/workload-index.js';
import { DERIVED_BYTES_PER_ROW, SharedReport } from './shared-report.js';
import { runAll, type Steps } from './steps.js';
import type { ReportWindow } from './window.js';

import type { BreakdownQuestion, Report } from './report.js';

/** What a report is made of. The columns never change. */
interface ReportOptions {
  readonly window: ReportWindow | null;
  readonly clusters: readonly string[];
  readonly columns: Columns;
  /** With the most that the derived data may take. */
  readonly byteSize: number;
}

export function createReport({ window, columns, ...rest }: ReportOptions): Report {
  const derived = new DerivedCache(DERIVED_BYTES_PER_ROW * columns.rowCount);
  return new ReportView(new SharedReport(window, columns, derived), rest);
}

/** Which rows of a report a view shows; all rows by default. */
interface View extends Pick<VisibleRows, 'clusters' | 'byteSize'>, Partial<Pick<VisibleRows, 'rows' | 'numbersOf'>> {
  /** Rows that were added up to the rows of this report. */
  readonly sourceRowCount?: number;
}

class ReportView implements Report {
  readonly clusters: readonly string[];
  readonly byteSize: number;
  readonly #shared: SharedReport;
  readonly #view: View;
  #clusterNames: ReadonlySet<string> | undefined;
  #cost: number | undefined;
  #labelScanCost: number | undefined;

  constructor(shared: SharedReport, view: View) {
    this.#shared = shared;
    this.#view = view;
    this.clusters = view.clusters;
    this.byteSize = view.byteSize;
  }

  get window(): ReportWindow | null {
    return this.#shared.window;
  }

  get rowCount(): number {
    return this.#view.rows?.length ?? this.#shared.columns.rowCount;
  }

  get scanCost(): number {
    return this.rowCount + (this.#view.sourceRowCount ?? 0);
  }

  get labelScanCost(): number {
    return (this.#labelScanCost ??= countLabels(this.#shared.columns, this.#rows));
  }

  get #rows(): Uint32Array {
    return this.#view.rows ?? this.#shared.rows;
  }

  *selectRows({ where, orderBy = [], scope, ...page }: RowQuestion): Steps<RowPage> {
    const order = dropRepeated(orderBy);
    return yield* selectPage({
      columns: this.#shared.columns,
      rows: yield* this.#find(where),
      keys: yield* this.#shared.rank(order),
      codec: createCursorCodec(() => [scope?.() ?? '', order, toCanonicalWhere(where)]),
      page,
      reportCost: yield* this.#reportCost(),
    });
  }

  *sumRows(where?: RowsWhere, fields: readonly SumField[] = SUM_FIELDS): Steps<Totals> {
    const rows = yield* this.#find(where);
    const sums = new Map<SumField, number>();
    for (const field of fields) sums.set(field, yield* this.#sum(field, rows));
    return createTotals(rows.length, (field) => sums.get(field) ?? runAll(this.#sum(field, rows)));
  }

  *breakDown({ by, where, fields = SUM_FIELDS, ...question }: BreakdownQuestion): Steps<Breakdown> {
    const rows = yield* this.#find(where);
    const columns: NameColumn[] = [];
    for (const dimension of by) columns.push(yield* this.#shared.columnOf(dimension));
    return yield* breakDown({
      ...question,
      rows,
      by: columns,
      ranksOf: (dimension) => this.#shared.ranksOf(by[dimension]!),
      numbersOf: (field) => this.#numbersOf(field),
      fields,
    });
  }

  hasCluster(name: string): boolean {
    const { values } = this.#shared.columns.names.clusterName;
    const names = this.#view.rows === undefined ? values.slice(1) : this.clusters;
    this.#clusterNames ??= new Set(names.map(foldCase));
    return this.#clusterNames.has(foldCase(name));
  }

  *split(scopes: readonly EntityScope[]): Steps<ReadonlyMap<EntityScope, Report>> {
    const found = yield* findScopes(this.#shared.columns, this.#rows, scopes);
    const parts = new Map<EntityScope, Report>();
    for (const { rows, spelled } of found) {
      const part = createPart(this.#shared, rows);
      for (const scope of spelled) parts.set(scope, part);
      yield;
    }
    return parts;
  }

  *restrict(permissions: Permissions, reAggregation?: ReAggregation): Steps<Report> {
    // Only views of all rows are cached: the keys name the permissions alone.
    const isWhole = this.#view.rows === undefined;
    const key = `visible to ${permissions.key}`;
    const { derived } = this.#shared;
    const find = () => findVisible(this.#shared.columns, this.#rows, permissions);
    const visible = isWhole ? yield* derived.get(key, find, ({ byteSize }) => byteSize) : yield* find();
    const view = new ReportView(this.#shared, visible);
    if (reAggregation === undefined) return view;
    const makeGroups = () => groupForReAggregation(this.#shared.columns, view.#rows, reAggregation);
    const grouping = isWhole
      ? yield* derived.get(`groups by ${JSON.stringify(reAggregation)}, ${key}`, makeGroups, measureGrouping)
      : yield* makeGroups();
    return view.#reAggregate(grouping, reAggregation);
  }

  *findWorkload(type: string, name: string): Steps<ReportRow | null> {
    const { columns } = this.#shared;
    // The index of the whole report is shared, that of a view is not.
    const find =
      this.#view.rows === undefined ? yield* this.#shared.indexWorkloads() : yield* indexWorkloads(columns, this.#rows);
    const row = find(type, name);
    return row === undefined ? null : toRow(columns, row, yield* this.#reportCost());
  }

  *#find(where: RowsWhere | undefined): Steps<Uint32Array> {
    return where === undefined
      ? this.#rows
      : yield* findRows(this.#shared.columns, where, this.#rows, this.#shared.findText);
  }

  *#numbersOf(field: NumberField): Steps<NumberColumn> {
    return this.#view.numbersOf === undefined
      ? this.#shared.columns.numbers[field]
      : yield* this.#view.numbersOf(field);
  }

  *#sum(field: SumField, rows: Uint32Array): Steps<number> {
    return yield* sumRows(yield* this.#numbersOf(field), rows);
  }

  *#reportCost(): Steps<number> {
    return (this.#cost ??= yield* this.#sum('totalCost', this.#rows));
  }

  #reAggregate(grouping: Grouping, reAggregation: ReAggregation): Report {
    const { columns, window } = this.#shared;
    const rows = this.#rows;
    const own = reAggregate({ columns, rows, grouping, numbersOf: (field) => this.#numbersOf(field), reAggregation });
    // Made for one request: its derived data goes with it.
    const shared = new SharedReport(window, own, new DerivedCache(Infinity), this.#shared);
    return new ReportView(shared, { clusters: this.clusters, byteSize: PART_BYTES, sourceRowCount: rows.length });
  }
}

/** A part is never cached: it lives as long as a request, and its tables are those of the whole report. */
const PART_BYTES = 0;

function createPart(whole: SharedReport, rows: readonly number[]): Report {
  const columns = gatherRows(whole.columns, rows);
  const clusters = columns.names.clusterName.values.slice(1);
  const shared = new SharedReport(whole.window, columns, new DerivedCache(Infinity), whole);
  return new ReportView(shared, { clusters, byteSize: PART_BYTES });
}
