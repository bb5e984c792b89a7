// A report with synchronous queries, because tests need not share the event loop.

import { runToEnd, type Computation } from '../../src/report/computation.js';
import type { Breakdown, Group } from '../../src/report/query/breakdown.js';
import type { RowPage, RowQuery } from '../../src/report/query/row-page.js';
import type { Report } from '../../src/report/report.js';
import type { ReportRow, RowOrigin } from '../../src/report/row.js';
import type { RowMember } from '../../src/report/write/row-members.js';
import type { WrittenRows } from '../../src/report/write/row-writer.js';
import { decodeReport } from '../../src/report/parse/json-parser.js';
import type { EntityRef } from '../../src/report/entities/entity-request.js';

type Result<T> = T extends Computation<infer R> ? R : never;
type Method = 'selectRows' | 'sumRows' | 'breakDown' | 'findWorkload';

/** With all rows as objects. */
interface SyncPage extends Omit<RowPage, 'rows' | 'write'> {
  readonly rows: readonly ReportRow[];
  /** By default a field of the report is written as its name. */
  write(members: readonly RowMember[], originJson?: WrittenRows['originJson']): Iterable<Buffer>;
}
/** With all groups as objects. */
type SyncBreakdown = Omit<Breakdown, 'groups'> & { readonly groups: readonly Group[] };

/** The queries of a report, each run to its end. */
export interface SyncReport extends Pick<
  Report,
  | 'window'
  | 'clusters'
  | 'warnings'
  | 'isPartial'
  | 'rowCount'
  | 'byteSize'
  | 'scanCost'
  | 'labelScanCost'
  | 'hasCluster'
> {
  /** The report itself. */
  readonly steps: Report;
  selectRows(query: Partial<RowQuery>): SyncPage;
  sumRows(...args: Parameters<Report['sumRows']>): Result<ReturnType<Report['sumRows']>>;
  breakDown(...args: Parameters<Report['breakDown']>): SyncBreakdown;
  findWorkload(type: string, name: string): Result<ReturnType<Report['findWorkload']>>;
  split(entities: readonly EntityRef[]): ReadonlyMap<EntityRef, SyncReport>;
  restrict(...args: Parameters<Report['restrict']>): SyncReport;
}

/** The request and the time of a report that no request loaded. */
export function originOf(report: Pick<Report, 'window'>): RowOrigin {
  return { request: { report: 'workloads' }, asOf: 0, isStale: false, report };
}

/** The same object for the same report. */
function toSync(report: Report): SyncReport {
  let sync = KNOWN.get(report);
  if (sync === undefined) KNOWN.set(report, (sync = createSync(report)));
  return sync;
}

const KNOWN = new WeakMap<Report, SyncReport>();

function createSync(report: Report): SyncReport {
  const run =
    <M extends Method>(method: M) =>
    (...args: Parameters<Report[M]>): Result<ReturnType<Report[M]>> =>
      runToEnd((report[method] as (...all: typeof args) => Computation<never>)(...args));
  return {
    steps: report,
    get window() {
      return report.window;
    },
    clusters: report.clusters,
    warnings: report.warnings,
    isPartial: report.isPartial,
    rowCount: report.rowCount,
    byteSize: report.byteSize,
    get scanCost() {
      return report.scanCost;
    },
    get labelScanCost() {
      return report.labelScanCost;
    },
    hasCluster: (name) => report.hasCluster(name),
    selectRows: (query) => toSyncPage(run('selectRows')({ origin: originOf(report), ...query })),
    sumRows: run('sumRows'),
    breakDown: (query) => {
      const breakdown = run('breakDown')(query);
      return { ...breakdown, groups: [...breakdown.groups] };
    },
    findWorkload: (type, name) => run('findWorkload')(type, name, originOf(report)),
    split: (entities) =>
      new Map(Array.from(runToEnd(report.split(entities)), ([entity, part]) => [entity, toSync(part)])),
    restrict: (...args) => toSync(runToEnd(report.restrict(...args))),
  };
}

function toSyncPage(page: RowPage): SyncPage {
  const { rowCount, totalCount, hasNextPage, hasPreviousPage } = page;
  return {
    ...{ rowCount, totalCount, hasNextPage, hasPreviousPage },
    rows: [...page.rows],
    cursorOf: (index) => page.cursorOf(index),
    origin: page.origin,
    write: (members, originJson = (field) => JSON.stringify(field)) => page.write(members, originJson),
  };
}

/** Parses a JSON value to a report. */
export function readReport(json: unknown): SyncReport {
  return toSync(decodeReport(json).report);
}

/** The number of pauses of a computation. */
export function countSteps(steps: Computation<unknown>): number {
  let count = 0;
  while (steps.next().done !== true) count += 1;
  return count;
}
