// Finds the row of a workload by its type and name, without regard to case.

import { foldCase } from '../columns/case-folding.js';
import { nameOf } from '../columns/cells.js';
import type { Columns } from '../columns/columns.js';
import { inRanges, ITEMS_PER_STEP, type Steps } from '../steps.js';

/** The first row of a workload by its key; undefined when there is none. */
export type WorkloadIndex = ReadonlyMap<string, number>;

/** What an entry of the index retains, in bytes. */
export const WORKLOAD_ENTRY_BYTES = 200;

/** Equal for types and names that differ in case alone. */
export function toWorkloadKey(type: string, name: string): string {
  return foldCase(JSON.stringify([type, name]));
}

/** Reads each of these rows once. */
export function* indexWorkloads({ names }: Columns, rows: Uint32Array): Steps<WorkloadIndex> {
  const { workloadName, workloadType } = names;
  const index = new Map<string, number>();
  yield* inRanges(
    rows.length,
    (from, to) => {
      for (const row of rows.subarray(from, to)) {
        const type = nameOf(workloadType, workloadType.codes[row]!);
        const name = nameOf(workloadName, workloadName.codes[row]!);
        if (type === null || name === null) continue;
        const key = toWorkloadKey(type, name);
        if (!index.has(key)) index.set(key, row);
      }
    },
    ITEMS_PER_STEP,
  );
  return index;
}
