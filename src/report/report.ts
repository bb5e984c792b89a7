// A cost report from ScaleOps: immutable data and the questions that can be asked of it. No I/O, no GraphQL, no HTTP. How
// the rows are stored is known in this folder alone.

import type { SumField } from './columns/columns.js';
import type { Permissions } from './permissions/permissions.js';
import type { ReAggregation } from './permissions/re-aggregate.js';
import type { Breakdown, Dimension, GroupOrder } from './query/breakdown.js';
import type { RowsWhere } from './query/filter-rows.js';
import type { RowPage, RowQuestion } from './query/row-page.js';
import type { Totals } from './query/totals.js';
import type { ReportRow } from './row.js';
import type { EntityScope } from './scopes/scope.js';
import type { Steps } from './steps.js';
import type { ReportWindow } from './window.js';

export interface BreakdownQuestion {
  readonly by: readonly Dimension[];
  readonly where?: RowsWhere | undefined;
  readonly orderBy: GroupOrder;
  readonly first?: number | undefined;
  /** The sums that will be read; all by default. Reading another sum is correct, and computes it in one go. */
  readonly fields?: readonly SumField[] | undefined;
}

/**
 * A report, or a part of one. Methods that read rows are computations in steps, see steps.ts.
 *
 * What they cost, in rows or table entries read: `scanCost` for each condition, sort key, dimension and sum, and
 * `labelScanCost` more for each label dimension and for `where.labels`. Ranks for sort keys and label columns are computed
 * once per report while they fit the bound of its derived data. A part costs what its own rows cost: indexes over the
 * tables that parts share with the whole report are built once, by the first question that needs them.
 */
export interface Report {
  /** Null when ScaleOps sent no window that can be read. */
  readonly window: ReportWindow | null;
  readonly clusters: readonly string[];
  readonly rowCount: number;
  /** What the report retains in memory, in bytes, with the most that its derived data may take. 0 for a part. */
  readonly byteSize: number;
  /** What one pass reads: the rows, and for a re-aggregated report also the rows that were added up. */
  readonly scanCost: number;
  /** What a question about labels reads besides the rows: the labels of the rows. */
  readonly labelScanCost: number;
  /** @throws CursorError for an `after` or `before` that is not a cursor of this list. */
  selectRows(question: RowQuestion): Steps<RowPage>;
  /** @param fields the sums that will be read; all by default. */
  sumRows(where?: RowsWhere, fields?: readonly SumField[]): Steps<Totals>;
  breakDown(question: BreakdownQuestion): Steps<Breakdown>;
  /** Whether a row names this cluster, without regard to case. The first call reads each distinct cluster name. */
  hasCluster(name: string): boolean;
  /** The report of each scope, as ScaleOps would have returned it; scopes without rows are left out. Reads each row once. */
  split(scopes: readonly EntityScope[]): Steps<ReadonlyMap<EntityScope, Report>>;
  /**
   * The report of the rows that a caller may see, re-aggregated when asked. Sums and shares are those of a report without
   * any other rows.
   */
  restrict(permissions: Permissions, reAggregation?: ReAggregation): Steps<Report>;
  /** The first row of a workload, without regard to case, in a report of one namespace; null when there is none. */
  findWorkload(type: string, name: string): Steps<ReportRow | null>;
}
