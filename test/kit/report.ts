// A report that answers at once: for tests, which need not share the event loop.

import { runAll, type Steps } from '../../src/report/steps.js';
import type { Breakdown, Group } from '../../src/report/query/breakdown.js';
import type { RowPage } from '../../src/report/query/row-page.js';
import type { Report } from '../../src/report/report.js';
import type { ReportRow } from '../../src/report/row.js';
import { decodeReport } from '../../src/report/parse/json-parser.js';
import type { EntityScope } from '../../src/report/scopes/scope.js';

type Result<T> = T extends Steps<infer R> ? R : never;
type Method = 'selectRows' | 'sumRows' | 'breakDown' | 'findWorkload';

/** With all rows made. */
export type SyncPage = Omit<RowPage, 'rows'> & { readonly rows: readonly ReportRow[] };
/** With all groups made. */
export type SyncBreakdown = Omit<Breakdown, 'groups'> & { readonly groups: readonly Group[] };

/** The questions of a report, each run to its end. */
export interface SyncReport extends Pick<
  Report,
  'window' | 'clusters' | 'rowCount' | 'byteSize' | 'scanCost' | 'labelScanCost' | 'hasCluster'
> {
  /** The report itself. */
  readonly steps: Report;
  selectRows(...args: Parameters<Report['selectRows']>): SyncPage;
  sumRows(...args: Parameters<Report['sumRows']>): Result<ReturnType<Report['sumRows']>>;
  breakDown(...args: Parameters<Report['breakDown']>): SyncBreakdown;
  findWorkload(...args: Parameters<Report['findWorkload']>): Result<ReturnType<Report['findWorkload']>>;
  split(scopes: readonly EntityScope[]): ReadonlyMap<EntityScope, SyncReport>;
  restrict(...args: Parameters<Report['restrict']>): SyncReport;
}

/** The same object for the same report. */
export function toSync(report: Report): SyncReport {
  let sync = KNOWN.get(report);
  if (sync === undefined) KNOWN.set(report, (sync = createSync(report)));
  return sync;
}

const KNOWN = new WeakMap<Report, SyncReport>();

function createSync(report: Report): SyncReport {
  const run =
    <M extends Method>(method: M) =>
    (...args: Parameters<Report[M]>): Result<ReturnType<Report[M]>> =>
      runAll((report[method] as (...all: typeof args) => Steps<never>)(...args));
  return {
    steps: report,
    get window() {
      return report.window;
    },
    clusters: report.clusters,
    rowCount: report.rowCount,
    byteSize: report.byteSize,
    get scanCost() {
      return report.scanCost;
    },
    get labelScanCost() {
      return report.labelScanCost;
    },
    hasCluster: (name) => report.hasCluster(name),
    selectRows: (question) => toSyncPage(run('selectRows')(question)),
    sumRows: run('sumRows'),
    breakDown: (question) => {
      const breakdown = run('breakDown')(question);
      return { ...breakdown, groups: [...breakdown.groups] };
    },
    findWorkload: run('findWorkload'),
    split: (scopes) => new Map(Array.from(runAll(report.split(scopes)), ([scope, part]) => [scope, toSync(part)])),
    restrict: (...args) => toSync(runAll(report.restrict(...args))),
  };
}

function toSyncPage(page: RowPage): SyncPage {
  const { rowCount, totalCount, hasNextPage, hasPreviousPage } = page;
  return {
    ...{ rowCount, totalCount, hasNextPage, hasPreviousPage },
    rows: [...page.rows],
    cursorOf: (index) => page.cursorOf(index),
    write: (members) => page.write(members),
  };
}

/** The report that a JSON value is. */
export function readReport(json: unknown): SyncReport {
  return toSync(decodeReport(json).report);
}

/** How often a computation pauses until it ends. */
export function countSteps(steps: Steps<unknown>): number {
  let count = 0;
  while (steps.next().done !== true) count += 1;
  return count;
}
