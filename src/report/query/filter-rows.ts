// Which rows a question is about. The same conditions mean the same rows for pages, totals and groups.

import { itemsOf, labelOf } from '../columns/cells.js';
import type { Columns, NameColumn, NameField } from '../columns/columns.js';
import type { NumberColumn } from '../columns/decimal-column.js';
import type { Label } from '../columns/label.js';

/** All given conditions must hold. A list of names: any of them, exactly. */
export interface RowsWhere {
  readonly clusterNames?: readonly string[] | undefined;
  readonly namespaces?: readonly string[] | undefined;
  readonly workloadTypes?: readonly string[] | undefined;
  /** All of them, among the ownerLabels. */
  readonly labels?: readonly Label[] | undefined;
  /** A part of the cluster's, the namespace's or the workload's name, without regard to case. Plain text. */
  readonly search?: string | undefined;
  /** At least so much; a row without the number does not match. */
  readonly minTotalCost?: number | undefined;
  readonly minSavingsAvailable?: number | undefined;
}

/** Conditions that mean the same become equal; null where there are none. */
export function toCanonicalWhere(where: RowsWhere | undefined): object | null {
  const entries = Object.entries(where ?? {}).filter(([, value]) => value !== undefined && value !== '');
  const canonical = entries
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => [name, toCanonical(value as Condition)]);
  return canonical.length === 0 ? null : (Object.fromEntries(canonical) as object);
}

type Condition = RowsWhere[keyof RowsWhere];

function toCanonical(value: Condition): unknown {
  if (!Array.isArray(value)) return typeof value === 'string' ? value.toLowerCase() : value;
  // A list is a set, of names or of labels.
  const texts = value.map((item: string | Label) =>
    JSON.stringify(typeof item === 'string' ? item : [item.key, item.value]),
  );
  return [...new Set(texts)].sort();
}

/** The numbers of the rows among these that match, in the upstream's order. */
export function findRows(columns: Columns, where: RowsWhere, among: Uint32Array): Uint32Array {
  const matches = new Uint8Array(columns.rowCount);
  for (let at = 0; at < among.length; at += 1) matches[among[at]!] = 1;
  keepNamed(matches, columns.names.clusterName, where.clusterNames);
  keepNamed(matches, columns.names.namespace, where.namespaces);
  keepNamed(matches, columns.names.workloadType, where.workloadTypes);
  keepAtLeast(matches, columns.numbers.totalCost, where.minTotalCost);
  keepAtLeast(matches, columns.numbers.savingsAvailable, where.minSavingsAvailable);
  if (where.labels !== undefined) keepLabelled(matches, columns, where.labels);
  if (where.search !== undefined && where.search !== '') keepFound(matches, columns, where.search.toLowerCase());
  const count = countOf(matches);
  return count === among.length ? among : toRowNumbers(matches, count);
}

/** All rows, in the upstream's order. */
export function allRows(columns: Columns): Uint32Array {
  const rows = new Uint32Array(columns.rowCount);
  for (let row = 0; row < rows.length; row += 1) rows[row] = row;
  return rows;
}

function countOf(matches: Uint8Array): number {
  let count = 0;
  for (let row = 0; row < matches.length; row += 1) count += matches[row]!;
  return count;
}

function toRowNumbers(matches: Uint8Array, count: number): Uint32Array {
  const rows = new Uint32Array(count);
  for (let row = 0, next = 0; next < count; row += 1) if (matches[row] === 1) rows[next++] = row;
  return rows;
}

function keepNamed(matches: Uint8Array, column: NameColumn, names: readonly string[] | undefined): void {
  if (names === undefined) return;
  const wanted = new Set(names);
  const isCodeWanted = testNames(column, (value) => wanted.has(value));
  for (let row = 0; row < matches.length; row += 1) matches[row]! &= isCodeWanted[column.codes[row]!]!;
}

/** 1 or 0 for each code: a test looks at each distinct name once, however many rows have it. */
function testNames({ values }: NameColumn, test: (value: string) => boolean): Uint8Array {
  const results = new Uint8Array(values.length);
  const texts = values.all();
  // Null matches nothing.
  for (let code = 1; code < texts.length; code += 1) if (test(texts[code]!)) results[code] = 1;
  return results;
}

function keepAtLeast(matches: Uint8Array, { units, scale }: NumberColumn, least: number | undefined): void {
  if (least === undefined) return;
  // NaN, a null, is not at least anything.
  for (let row = 0; row < matches.length; row += 1) if (!(units[row]! / scale >= least)) matches[row] = 0;
}

function keepLabelled(matches: Uint8Array, columns: Columns, labels: readonly Label[]): void {
  const { labelLists, lists } = columns;
  const wanted = findLabels(columns, labels);
  // Looked at once for each distinct list, however many rows have it.
  const hasAll = Uint8Array.from(labelLists.ends, (_, list) => {
    const own = itemsOf(labelLists, list);
    return wanted?.every((label) => own.includes(label)) ? 1 : 0;
  });
  for (let row = 0; row < matches.length; row += 1) matches[row]! &= hasAll[lists.ownerLabels[row]!]!;
}

/** The numbers of these labels, each once; undefined where one of them is nowhere in the report. */
function findLabels(columns: Columns, labels: readonly Label[]): readonly number[] | undefined {
  const nameLabel = ({ key, value }: Label): string => JSON.stringify([key, value]);
  const wanted = new Set(labels.map(nameLabel));
  const found: number[] = [];
  for (let label = 0; label < columns.distinctLabels.keys.length; label += 1) {
    if (wanted.has(nameLabel(labelOf(columns, label)))) found.push(label);
  }
  return found.length === wanted.size ? found : undefined;
}

const SEARCHED: readonly NameField[] = ['clusterName', 'namespace', 'workloadName'];

function keepFound(matches: Uint8Array, { names }: Columns, text: string): void {
  const found = new Uint8Array(matches.length);
  for (const field of SEARCHED) {
    const column = names[field];
    const isFound = testNames(column, (value) => value.toLowerCase().includes(text));
    for (let row = 0; row < found.length; row += 1) found[row]! |= isFound[column.codes[row]!]!;
  }
  for (let row = 0; row < matches.length; row += 1) matches[row]! &= found[row]!;
}
