// Finds the rows of a workload by its type and name, without regard to case.

import { foldCase } from '../columns/case-folding.js';
import { nameOf } from '../columns/cells.js';
import type { Columns } from '../columns/columns.js';
import { sumNumbers } from '../permissions/re-aggregate.js';
import type { ReadNumbers } from '../permissions/visible-rows.js';
import { inRanges, ITEMS_PER_STEP, type Steps } from '../steps.js';
import { gatherRows } from './split.js';

/** The row of a workload by its key, or its rows; undefined when there is none. */
export type WorkloadIndex = ReadonlyMap<string, number | readonly number[]>;

/** What an entry of the index retains, in bytes. */
export const WORKLOAD_ENTRY_BYTES = 200;

/** Equal for types and names that differ in case alone. */
export function toWorkloadKey(type: string, name: string): string {
  return foldCase(JSON.stringify([type, name]));
}

/** Reads each of these rows once. */
export function* indexWorkloads({ names }: Columns, rows: Uint32Array): Steps<WorkloadIndex> {
  const { workloadName, workloadType } = names;
  const index = new Map<string, number | number[]>();
  yield* inRanges(
    rows.length,
    (from, to) => {
      for (const row of rows.subarray(from, to)) {
        const type = nameOf(workloadType, workloadType.codes[row]!);
        const name = nameOf(workloadName, workloadName.codes[row]!);
        if (type === null || name === null) continue;
        const key = toWorkloadKey(type, name);
        const known = index.get(key);
        if (known === undefined) index.set(key, row);
        else if (typeof known === 'number') index.set(key, [known, row]);
        else known.push(row);
      }
    },
    ITEMS_PER_STEP,
  );
  return index;
}

/**
 * These rows of one workload, and after them their sum: a row with the names and lists of the first. It stands beside them,
 * so that it is told from each.
 */
export function mergeRows(columns: Columns, rows: readonly number[], numbersOf: ReadNumbers): Columns {
  const listed = [...rows, ...rows.slice(0, 1)];
  const groups = Uint32Array.from([...rows.keys(), ...rows.map(() => rows.length)]);
  const grouping = { groups, firstRows: Uint32Array.from(listed) };
  const numbers = sumNumbers({ rows: Uint32Array.from([...rows, ...rows]), grouping, numbersOf });
  return { ...gatherRows(columns, listed), numbers };
}
