// The rows of a report that a caller may see, and their numbers, for sums over no other rows. A column has a decimal unit, in
// which sums are exact, only when all of its numbers have one. Whether a sum is exact must not reveal numbers of hidden rows.

import { nameOf } from '../columns/cells.js';
import { byField, NUMBER_FIELDS, type Columns, type NameColumn, type NumberField } from '../columns/columns.js';
import { createNumberColumn, type NumberColumn } from '../columns/decimal-column.js';
import { inRanges, shareComputation, type Computation } from '../computation.js';
import { markDuplicates } from '../entities/duplicate-workloads.js';
import { warningsAmong, type ReportWarning } from '../warnings.js';
import type { Permissions } from './permissions.js';

export interface VisibleRows {
  readonly rows: Uint32Array;
  /** The clusters of the rows, in their order: ScaleOps may list others, and its order may depend on hidden rows. */
  readonly clusters: readonly string[];
  readonly warnings: readonly ReportWarning[];
  readonly numbersOf: ReadNumbers;
  /** Retained memory, in bytes. */
  readonly byteSize: number;
}

/** Approximate bytes of a view without its row numbers, and of a string without its characters. */
const VIEW_BYTES = 1_024;
const STRING_BYTES = 32;

/** The report to select from. */
interface VisibleRowsSource {
  readonly columns: Columns;
  readonly among: Uint32Array;
  readonly warnings: readonly ReportWarning[];
}

/** Reads each of `among` twice. */
export function* findVisible(
  { columns, among, warnings }: VisibleRowsSource,
  permissions: Permissions,
): Computation<VisibleRows> {
  const rows = yield* permissions.findRows(columns, among);
  const clusters = yield* readNames(columns.names.clusterName, rows);
  // Twice: the list, and the folded names that hasCluster compares.
  const names = clusters.reduce((sum, name) => sum + 2 * (STRING_BYTES + 2 * name.length), 0);
  return {
    rows,
    clusters,
    warnings: findVisibleWarnings(warnings, columns, rows),
    numbersOf: createRestrictedNumbers(columns, rows),
    byteSize: VIEW_BYTES + rows.byteLength + names,
  };
}

/**
 * The warnings about visible rows, counted again, and about the response as a whole. A skipped row or one with an unreadable
 * name may be a hidden one, so the number of such rows is not shown.
 */
function findVisibleWarnings(
  warnings: readonly ReportWarning[],
  { names }: Columns,
  rows: Uint32Array,
): readonly ReportWarning[] {
  return warningsAmong(warnings, rows, false).flatMap((warning) => {
    if (warning.code === 'SKIPPED_ROW' || warning.code === 'UNREADABLE_NAME') return [{ ...warning, count: 1 }];
    // The first row of a workload may be hidden, as permissions compare names with regard to case.
    return warning.code === 'DUPLICATE_ROW' ? markDuplicates(names, rows).toWarnings(warning.code, null) : [warning];
  });
}

function* readNames(column: NameColumn, rows: Uint32Array): Computation<readonly string[]> {
  const found = new Set<number>();
  yield* inRanges(rows.length, (from, to) => {
    for (let at = from; at < to; at += 1) found.add(column.codes[rows[at]!]!);
  });
  return Array.from(found, (code) => nameOf(column, code)).filter((name) => name !== null);
}

/** A column by its field. */
export type ReadNumbers = (field: NumberField) => Computation<NumberColumn>;

/** Columns with the row numbers of the report, to be read only at `rows`. Each is checked once, when it is first read. */
function createRestrictedNumbers({ rowCount, numbers }: Columns, rows: Uint32Array): ReadNumbers {
  const sumsIdentically = byField(NUMBER_FIELDS, (field) => shareComputation(() => hasSameSums(numbers[field], rows)));
  return function* (field) {
    const isShared = rows.length === rowCount || (yield* sumsIdentically[field]());
    return isShared ? numbers[field] : yield* createRestricted(numbers[field], rows);
  };
}

/**
 * Whether sums over these rows are the same as in a column without other rows. They are when the column has a decimal
 * unit, as any smaller unit gives the same sums, or when these rows have none either.
 */
function* hasSameSums(whole: NumberColumn, rows: Uint32Array): Computation<boolean> {
  // Scale 1 also stands for "no decimal unit".
  return whole.scale > 1 || (yield* gatherNumbers(whole, rows)).scale === 1;
}

/** Not cached: it is as long as the whole column, and needed only when hidden rows have numbers without a unit. */
function* createRestricted(whole: NumberColumn, rows: Uint32Array): Computation<NumberColumn> {
  const { units, scale } = yield* gatherNumbers(whole, rows);
  const spread = new Float64Array(whole.units.length);
  yield* inRanges(rows.length, (from, to) => {
    for (let at = from; at < to; at += 1) spread[rows[at]!] = units[at]!;
  });
  return { units: spread, scale };
}

function* gatherNumbers({ units, scale }: NumberColumn, rows: Uint32Array): Computation<NumberColumn> {
  const values = new Float64Array(rows.length);
  yield* inRanges(rows.length, (from, to) => {
    for (let at = from; at < to; at += 1) values[at] = units[rows[at]!]! / scale;
  });
  return createNumberColumn(values);
}
