// A report as plain data, which can be made in one thread and become a Report in another: its memory changes hands, and
// nothing is copied.

import type { PackedColumns } from './columns/pack.js';
import { createReport, type Report, type ReportWindow } from './report.js';
import { toColumns } from './columns/unpack.js';
import { DERIVED_BYTES_PER_ROW } from './shared-report.js';

export interface ReportData {
  readonly window: ReportWindow | null;
  readonly clusters: readonly string[];
  readonly columns: PackedColumns;
  readonly droppedNumbers: number;
}

export interface DecodedReport {
  readonly report: Report;
  /** Numbers that were left out because they were not finite, or no whole number where one is due. */
  readonly droppedNumbers: number;
}

export function toReport({ window, clusters, columns, droppedNumbers }: ReportData): DecodedReport {
  const report = createReport({ window, clusters, columns: toColumns(columns), byteSize: measure(columns) });
  return { report, droppedNumbers };
}

/** The memory of a report's rows. */
export function bufferOf({ columns }: ReportData): ArrayBuffer {
  return columns.block;
}

// What is on V8's heap, as measured by test/bench/memory.mjs: a report without rows.
const REPORT_BYTES = 12_288;
/** The list of all rows' numbers. */
const ROW_NUMBER_BYTES = 4;

function measure({ rowCount, block }: PackedColumns): number {
  return REPORT_BYTES + block.byteLength + rowCount * (ROW_NUMBER_BYTES + DERIVED_BYTES_PER_ROW);
}
