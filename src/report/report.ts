// A cost report as ScaleOps gave it: immutable data and the questions that can be asked of it. No I/O, no GraphQL, no
// HTTP. How the rows are held is known in this folder alone.

import { breakDown, type Breakdown, type Dimension, type GroupOrder } from './query/breakdown.js';
import { nameOf } from './columns/cells.js';
import type { Columns, NameColumn } from './columns/columns.js';
import { createCursorCodec } from './query/cursor.js';
import { sumRows } from './query/exact-sum.js';
import { dropRepeated } from './query/order.js';
import type { Grants } from './permissions/permissions.js';
import { createNumbersOf } from './permissions/restricted-numbers.js';
import { findScopes, pickRows, type FoundScope } from './scopes/split.js';
import { regroup, type Regrouping } from './permissions/re-aggregate.js';
import { selectPage, type RowPage, type RowQuestion } from './query/row-page.js';
import { toRow, type ReportRow } from './row.js';
import { foldCase } from './columns/case-folding.js';
import type { Scope } from './scopes/scope.js';
import { createTotals, type Totals } from './query/totals.js';
import { createWorkloadFinder } from './scopes/workload-index.js';
import { allRows, findRows, toCanonicalWhere, type RowsWhere } from './query/filter-rows.js';
import { Whole } from './shared-report.js';

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

/** What a report is made of: columns that nobody will change, and their size as measured by who made them. */
interface ReportData {
  readonly window: ReportWindow | null;
  readonly clusters: readonly string[];
  readonly columns: Columns;
  readonly byteSize: number;
}

export function createReport({ window, clusters, columns, byteSize }: ReportData): Report {
  return new ReportView(new Whole(window, columns), { clusters, byteSize, numbers: columns.numbers });
}

/** What of a report somebody sees: these rows and no others. */
interface View extends Pick<ReportData, 'clusters' | 'byteSize'> {
  /** All, where they are left out. */
  readonly rows?: Uint32Array;
  /** For sums over no other rows than these. */
  readonly numbers: Columns['numbers'];
}

class ReportView implements Report {
  readonly clusters: readonly string[];
  readonly byteSize: number;
  readonly #whole: Whole;
  readonly #numbers: Columns['numbers'];
  #rows: Uint32Array | undefined;
  #clusterNames: ReadonlySet<string> | undefined;
  #workloads: ReturnType<typeof createWorkloadFinder> | undefined;
  #cost: number | undefined;

  constructor(whole: Whole, { clusters, byteSize, rows, numbers }: View) {
    this.#whole = whole;
    this.clusters = clusters;
    this.byteSize = byteSize;
    this.#rows = rows;
    this.#numbers = numbers;
  }

  get window(): ReportWindow | null {
    return this.#whole.window;
  }

  get rowCount(): number {
    return this.#rows?.length ?? this.#whole.columns.rowCount;
  }

  selectRows({ where, orderBy = [], scope, ...page }: RowQuestion): RowPage {
    const { columns } = this.#whole;
    const order = dropRepeated(orderBy);
    return selectPage({
      columns,
      rows: this.#rowsWhere(where),
      keys: order.map(({ field, direction }) => ({ ranks: this.#whole.ranksOf(field), direction })),
      codec: createCursorCodec(() => [scope?.() ?? '', order, toCanonicalWhere(where)]),
      page,
      reportCost: () => this.#reportCost(),
      textsOf: (field) => this.#whole.textsOf(field),
    });
  }

  sumRows(where?: RowsWhere): Totals {
    const found = this.#rowsWhere(where);
    return createTotals(found.length, (field) => sumRows(this.#numbers[field], found));
  }

  breakDown({ by, where, ...question }: BreakdownQuestion): Breakdown {
    const columns = by.map((dimension) => this.#whole.columnOf(dimension));
    return breakDown(this.#numbers, { rows: this.#rowsWhere(where), by: columns, ...question });
  }

  hasCluster(name: string): boolean {
    const { names } = this.#whole.columns;
    this.#clusterNames ??= new Set(namesOf(names.clusterName, this.#ownRows()).map(foldCase));
    return this.#clusterNames.has(foldCase(name));
  }

  split(scopes: readonly Scope[]): ReadonlyMap<Scope, Report> {
    const { window, columns } = this.#whole;
    return split(window, columns, findScopes(columns, this.#ownRows(), scopes));
  }

  restrict(grants: Grants, regrouping?: Regrouping): Report {
    return restrict(this.#whole, this.#ownRows(), grants, regrouping);
  }

  findWorkload(type: string, name: string): ReportRow | null {
    const { columns } = this.#whole;
    this.#workloads ??= createWorkloadFinder(columns, this.#ownRows());
    const row = this.#workloads(type, name);
    return row === undefined ? null : toRow(columns, row, this.#reportCost());
  }

  #ownRows(): Uint32Array {
    return (this.#rows ??= allRows(this.#whole.columns));
  }

  #rowsWhere(where: RowsWhere | undefined): Uint32Array {
    return where === undefined ? this.#ownRows() : findRows(this.#whole.columns, where, this.#ownRows());
  }

  #reportCost(): number {
    return (this.#cost ??= sumRows(this.#numbers.totalCost, this.#ownRows()));
  }
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
      return new ReportView(whole, { clusters, rows, numbers: createNumbersOf(columns, rows), byteSize });
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
