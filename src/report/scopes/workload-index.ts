// Which row is a workload's, by its type and name without regard to case.

import { nameOf } from '../columns/cells.js';
import type { Columns } from '../columns/columns.js';
import { foldCase, indexNames } from '../columns/case-folding.js';

/** A lookup of the first row of a workload among these; undefined where there is none. */
export function createWorkloadFinder(
  { rowCount, names: { workloadName, workloadType } }: Columns,
  among: Uint32Array,
): (type: string, name: string) => number | undefined {
  const codesOf = indexNames(workloadName.values);
  // The rows of each name as a chain, -1 at its end: the first by code, each next by the one before.
  const first = new Int32Array(workloadName.values.length).fill(-1);
  const next = new Int32Array(rowCount);
  for (let at = among.length - 1; at >= 0; at -= 1) {
    const row = among[at]!;
    const code = workloadName.codes[row]!;
    next[row] = first[code]!;
    first[code] = row;
  }
  const isOfType = (row: number, type: string): boolean => {
    const own = nameOf(workloadType, workloadType.codes[row]!);
    return own !== null && foldCase(own) === type;
  };
  return (type, name) => {
    const wanted = foldCase(type);
    const rows = (codesOf.get(foldCase(name)) ?? []).map((code) => {
      let row = first[code]!;
      while (row >= 0 && !isOfType(row, wanted)) row = next[row]!;
      return row;
    });
    const found = rows.filter((row) => row >= 0);
    return found.length === 0 ? undefined : Math.min(...found);
  };
}
