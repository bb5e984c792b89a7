// Finds the row of a workload by its type and name, without regard to case.

import { foldCase, indexNames } from '../columns/case-folding.js';
import { nameOf } from '../columns/cells.js';
import type { Columns } from '../columns/columns.js';
import { inRanges, type Steps } from '../steps.js';

/** The first row of a workload; undefined when there is none. */
export type FindWorkloadRow = (type: string, name: string) => number | undefined;

/** What the lookup retains, in bytes: an entry of a Map per name, and 4 bytes per name and row. */
export function measureWorkloadIndex({ rowCount, names: { workloadName } }: Columns): number {
  return 160 * workloadName.values.length + 4 * rowCount;
}

/** Builds the lookup over these rows. Reads each row and each distinct workload name once. */
export function* indexWorkloads(
  { rowCount, names: { workloadName, workloadType } }: Columns,
  rows: Uint32Array,
): Steps<FindWorkloadRow> {
  const codesOf = yield* indexNames(workloadName.values);
  // The rows of each name as a linked list that ends with -1: `first` by code, `next` by the row before.
  const first = new Int32Array(workloadName.values.length).fill(-1);
  const next = new Int32Array(rowCount);
  yield* inRanges(rows.length, (from, to) => {
    for (let at = from; at < to; at += 1) {
      const row = rows[rows.length - 1 - at]!;
      const code = workloadName.codes[row]!;
      next[row] = first[code]!;
      first[code] = row;
    }
  });
  const isOfType = (row: number, type: string): boolean => {
    const own = nameOf(workloadType, workloadType.codes[row]!);
    return own !== null && foldCase(own) === type;
  };
  return (type, name) => {
    const wanted = foldCase(type);
    const found = (codesOf.get(foldCase(name)) ?? []).map((code) => {
      let row = first[code]!;
      while (row >= 0 && !isOfType(row, wanted)) row = next[row]!;
      return row;
    });
    const existing = found.filter((row) => row >= 0);
    return existing.length === 0 ? undefined : Math.min(...existing);
  };
}
