// A report as plain data: made in one thread and turned into a Report in another. Its memory is transferred, not copied.

import { NAME_FIELDS } from './columns/columns.js';
import { countTexts, stringsAt, toColumns, type PackedColumns } from './columns/pack.js';
import { DerivedCache } from './columns/derived-cache.js';
import { Report } from './report.js';
import { SharedReport } from './shared-report.js';
import type { ReportWarning } from './warnings.js';
import type { ReportWindow } from './window.js';

export interface ReportData {
  readonly window: ReportWindow | null;
  readonly clusters: readonly string[];
  readonly columns: PackedColumns;
  readonly warnings: readonly ReportWarning[];
}

export function toReport(data: ReportData): Report {
  const { window, clusters, columns, warnings } = data;
  const derived = new DerivedCache(DERIVED_BYTES_PER_ROW * columns.rowCount);
  const shared = new SharedReport(window, toColumns(columns), derived);
  return new Report(shared, { clusters, warnings, byteSize: measure(data) });
}

/** The memory of a report's rows, to be transferred. */
export function bufferOf({ columns }: ReportData): ArrayBuffer {
  return columns.block;
}

/** The bound of a report's DerivedCache: eight columns of row numbers. */
const DERIVED_BYTES_PER_ROW = 32;
// What a report without rows takes on V8's heap, as measured by test/bench/memory.mjs.
const REPORT_BYTES = 12_288;
/** The list of all row numbers, and the order of all texts: one number each. */
const INDEX_BYTES = 4;
/** A string of a list, and an entry of a Set, besides the characters. */
const STRING_BYTES = 32;
const SET_ENTRY_BYTES = 32;
/** A warning without its rows. */
const WARNING_BYTES = 200;

/** What the report retains, with the most that it may compute and cache later. */
function measure({ clusters, columns, warnings }: ReportData): number {
  const { rowCount, block } = columns;
  return (
    REPORT_BYTES +
    block.byteLength +
    rowCount * (INDEX_BYTES + DERIVED_BYTES_PER_ROW) +
    INDEX_BYTES * countTexts(columns) +
    clusters.reduce((bytes, name) => bytes + STRING_BYTES + 2 * name.length, 0) +
    warnings.reduce((bytes, { rows }) => bytes + WARNING_BYTES + (rows?.byteLength ?? 0), 0) +
    measureClusterNames(columns)
  );
}

/** The folded names that hasCluster compares. */
function measureClusterNames(columns: PackedColumns): number {
  const { chars, ends } = stringsAt(columns, NAME_FIELDS.indexOf('clusterName'));
  return (STRING_BYTES + SET_ENTRY_BYTES) * ends.length + chars.byteLength;
}
