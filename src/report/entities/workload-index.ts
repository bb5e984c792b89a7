// Finds the rows of a workload by its type and name, ignoring case.

import { foldCase } from '../columns/case-folding.js';
import { nameOf } from '../columns/cells.js';
import { NAME_FIELDS, type Columns } from '../columns/columns.js';
import { sumNumbers } from '../permissions/re-aggregate.js';
import type { ReadNumbers } from '../permissions/visible-rows.js';
import { forEachIndex, type Computation } from '../computation.js';
import { gatherRows } from './split.js';

/** The row of a workload by its key, or its rows; undefined when there is none. */
type WorkloadIndex = ReadonlyMap<string, number | readonly number[]>;

/** What an entry of the index retains, in bytes. */
export const WORKLOAD_ENTRY_BYTES = 200;

/** Equal for types and names that differ only in case. */
export function toWorkloadKey(type: string, name: string): string {
  return foldCase(JSON.stringify([type, name]));
}

/** Reads each of these rows once. */
export function* indexWorkloads({ names }: Columns, rows: Uint32Array): Computation<WorkloadIndex> {
  const { workloadName, workloadType } = names;
  const index = new Map<string, number | number[]>();
  yield* forEachIndex(rows.length, (at) => {
    const row = rows[at]!;
    const type = nameOf(workloadType, workloadType.codes[row]!);
    const name = nameOf(workloadName, workloadName.codes[row]!);
    if (type === null || name === null) return;
    const key = toWorkloadKey(type, name);
    const known = index.get(key);
    if (known === undefined) index.set(key, row);
    else if (typeof known === 'number') index.set(key, [known, row]);
    else known.push(row);
  });
  return index;
}

/**
 * These rows of one workload, followed by their sum: a row with the names and lists of one of them. Identified together, all
 * have different ids. A sum is null when one of the rows does not have the number.
 */
export function* mergeRows(columns: Columns, rows: readonly number[], numbersOf: ReadNumbers): Computation<Columns> {
  const listed = [...rows, yield* findLeast(columns, rows)];
  const groups = Uint32Array.from([...rows.keys(), ...rows.map(() => rows.length)]);
  const grouping = { groups, firstRows: Uint32Array.from(listed) };
  const source = { rows: Uint32Array.from([...rows, ...rows]), grouping, numbersOf, needsAll: true };
  return { ...gatherRows(columns, listed), numbers: sumNumbers(source) };
}

/** The row whose names and id come first by code unit, so that the order of the rows decides nothing. */
function* findLeast({ names, ids }: Columns, rows: readonly number[]): Computation<number> {
  let least = rows[0]!;
  let leastTexts: string | undefined;
  yield* forEachIndex(rows.length, (at) => {
    const row = rows[at]!;
    const texts = JSON.stringify([
      ...NAME_FIELDS.map((field) => nameOf(names[field], names[field].codes[row]!)),
      ids.at(row),
    ]);
    if (leastTexts !== undefined && texts >= leastTexts) return;
    leastTexts = texts;
    least = row;
  });
  return least;
}
