// The rows of a report that a caller may see.

import { nameOf } from '../columns/cells.js';
import type { Columns, NameColumn } from '../columns/columns.js';
import { inRanges, type Steps } from '../steps.js';
import type { Permissions } from './permissions.js';
import { createRestrictedNumbers, type ReadNumbers } from './restricted-numbers.js';

export interface VisibleRows {
  readonly rows: Uint32Array;
  /** The clusters of the rows, in their order: ScaleOps may list others, and its order may depend on hidden rows. */
  readonly clusters: readonly string[];
  readonly numbersOf: ReadNumbers;
  /** What is retained, in bytes. */
  readonly byteSize: number;
}

/** About what a view takes besides its row numbers, and a string besides its characters. */
const VIEW_BYTES = 1_024;
const STRING_BYTES = 32;

/** Reads each of `among` twice. */
export function* findVisible(columns: Columns, among: Uint32Array, permissions: Permissions): Steps<VisibleRows> {
  const rows = yield* permissions.findRows(columns, among);
  const clusters = yield* namesOf(columns.names.clusterName, rows);
  // Twice: the list, and the folded names that hasCluster compares.
  const names = clusters.reduce((sum, name) => sum + 2 * (STRING_BYTES + 2 * name.length), 0);
  return {
    rows,
    clusters,
    numbersOf: createRestrictedNumbers(columns, rows),
    byteSize: VIEW_BYTES + rows.byteLength + names,
  };
}

function* namesOf(column: NameColumn, rows: Uint32Array): Steps<readonly string[]> {
  const found = new Set<number>();
  yield* inRanges(rows.length, (from, to) => {
    for (let at = from; at < to; at += 1) found.add(column.codes[rows[at]!]!);
  });
  return Array.from(found, (code) => nameOf(column, code)).filter((name) => name !== null);
}
