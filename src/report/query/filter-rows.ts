// Which rows a query reads. The same conditions select the same rows for pages, totals and groups.

import { foldCase } from '../columns/case-folding.js';
import type { Columns, NameColumn, NameField } from '../columns/columns.js';
import { inRanges, ITEMS_PER_STEP, type Computation } from '../computation.js';
import type { Dimension } from './dimension.js';

/** Any of these values; null and the empty text match rows without a value. */
export interface DimensionMatch {
  readonly by: Dimension;
  readonly values: readonly (string | null)[];
  /** Whether to select the other rows instead. */
  readonly exclude: boolean;
}

/** All given conditions must match. A list of names matches any of them, ignoring case. */
export interface RowsWhere {
  readonly clusterNames?: readonly string[] | undefined;
  readonly namespaces?: readonly string[] | undefined;
  readonly workloadTypes?: readonly string[] | undefined;
  readonly workloadNames?: readonly string[] | undefined;
  /** Compared exactly, as the keys of groups are. */
  readonly dimensions?: readonly DimensionMatch[] | undefined;
  /** Part of the name of the cluster, the namespace or the workload, ignoring case. No pattern. */
  readonly search?: string | undefined;
  /** Inclusive. A row without the number does not match. */
  readonly minTotalCost?: number | undefined;
  readonly maxTotalCost?: number | undefined;
  readonly minSavingsAvailable?: number | undefined;
}

/** Equal for conditions that select the same rows; null without conditions. */
export function toCanonicalWhere(where: RowsWhere | undefined): object | null {
  const entries = Object.entries(where ?? {}).filter(([, value]) => value !== undefined && value !== '');
  const canonical = entries
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => [name, toCanonical(value as Condition)]);
  return canonical.length === 0 ? null : (Object.fromEntries(canonical) as object);
}

type Condition = RowsWhere[keyof RowsWhere];

function toCanonical(value: Condition): unknown {
  if (!Array.isArray(value)) return typeof value === 'string' ? foldCase(value) : value;
  const texts = value.map((item: string | DimensionMatch) =>
    typeof item === 'string' ? foldCase(item) : JSON.stringify([item.by, item.exclude, toSet(item.values)]),
  );
  return toSet(texts);
}

/** The order and the repetitions of a list mean nothing, and null is the empty text. */
function toSet(values: readonly (string | null)[]): string[] {
  return [...new Set(values.map((value) => value ?? ''))].sort();
}

/**
 * The rows that match, in their order. Each condition reads the rows that passed the conditions before it, and each distinct
 * name once.
 * @param columnOf the column of a dimension.
 */
export function* findRows(
  columns: Columns,
  where: RowsWhere,
  rows: Uint32Array,
  columnOf: (dimension: Dimension) => Computation<NameColumn>,
): Computation<Uint32Array> {
  const { names, numbers } = columns;
  let matching = rows;
  if (where.minTotalCost !== undefined || where.maxTotalCost !== undefined) {
    matching = yield* filterRows(matching, isWithin(numbers.totalCost, where.minTotalCost, where.maxTotalCost));
  }
  if (where.minSavingsAvailable !== undefined) {
    matching = yield* filterRows(matching, isWithin(numbers.savingsAvailable, where.minSavingsAvailable));
  }
  for (const [field, list] of [
    ['clusterName', where.clusterNames],
    ['namespace', where.namespaces],
    ['workloadType', where.workloadTypes],
    ['workloadName', where.workloadNames],
  ] as const) {
    if (list !== undefined) matching = yield* filterRows(matching, isNamed(names[field], list));
  }
  for (const match of where.dimensions ?? []) {
    matching = yield* filterRows(matching, hasValue(yield* columnOf(match.by), match));
  }
  if (where.search !== undefined && where.search !== '') {
    matching = yield* filterRows(matching, contains(columns, foldCase(where.search)));
  }
  return matching;
}

/** The rows that pass the test, in their order. */
export function* filterRows(rows: Uint32Array, test: (row: number) => boolean): Computation<Uint32Array> {
  const found = new Uint32Array(rows.length);
  let count = 0;
  const testRange = (from: number, to: number): void => {
    for (let at = from; at < to; at += 1) if (test(rows[at]!)) found[count++] = rows[at]!;
  };
  yield* inRanges(rows.length, testRange, ITEMS_PER_STEP);
  return count === rows.length ? rows : found.slice(0, count);
}

type RowTest = (row: number) => boolean;

function isWithin({ units, scale }: Columns['numbers']['totalCost'], least = -Infinity, most = Infinity): RowTest {
  return (row) => {
    const value = units[row]! / scale;
    // NaN, which stands for null, is within no bounds.
    return value >= least && value <= most;
  };
}

function isNamed(column: NameColumn, list: readonly string[]): RowTest {
  const wanted = new Set(list.map(foldCase));
  return testNames(column, (name) => wanted.has(foldCase(name)));
}

function hasValue(column: NameColumn, { values, exclude }: DimensionMatch): RowTest {
  const wanted = new Set(values.map((value) => value ?? ''));
  return testNames(column, (value) => wanted.has(value) !== exclude, wanted.has('') !== exclude);
}

const SEARCHED: readonly NameField[] = ['clusterName', 'namespace', 'workloadName'];

function contains({ names }: Columns, text: string): RowTest {
  const tests = SEARCHED.map((field) => testNames(names[field], (name) => foldCase(name).includes(text)));
  return (row) => tests.some((test) => test(row));
}

const UNKNOWN = 0;
const YES = 1;
const NO = 2;

/** Tests the name of a row; each distinct name once, when the first row with it is tested. By default null does not match. */
function testNames({ codes, values }: NameColumn, test: (name: string) => boolean, matchesNull = false): RowTest {
  const results = new Uint8Array(values.length);
  results[0] = matchesNull ? YES : NO;
  return (row) => {
    const code = codes[row]!;
    if (results[code] === UNKNOWN) results[code] = test(values.at(code)) ? YES : NO;
    return results[code] === YES;
  };
}
