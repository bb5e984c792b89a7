// Splits rows into groups by the codes of one or several columns.

import { inRanges, type Computation } from '../computation.js';

/** A code for each row, below `codeCount`. */
export interface CodeColumn {
  readonly codes: Uint32Array;
  readonly codeCount: number;
}

export interface Grouping {
  /** The group of the row at each index of `rows`; groups are numbered in the order of their first rows. */
  readonly groups: Uint32Array;
  /** The first row of each group. */
  readonly firstRows: Uint32Array;
}

/** Reads the rows once per column: the groups by the columns before it are split by each further column. */
export function* groupRows(rows: Uint32Array, by: readonly CodeColumn[]): Computation<Grouping> {
  const groups = new Uint32Array(rows.length);
  let firstRows = rows.slice(0, 1);
  for (const { codes, codeCount } of by) {
    const numberOf = createPairNumbers(firstRows.length, codeCount, rows.length);
    const first: number[] = [];
    yield* inRanges(rows.length, (from, to) => {
      for (let at = from; at < to; at += 1) {
        const row = rows[at]!;
        const group = numberOf(groups[at]!, codes[row]!);
        if (group === first.length) first.push(row);
        groups[at] = group;
      }
    });
    firstRows = Uint32Array.from(first);
  }
  return { groups, firstRows };
}

/** Entries per row of the largest table. Beyond it a Map takes less memory, and more time. */
const TABLE_ENTRIES_PER_ROW = 16;

/** Numbers pairs (group, code) from 0 in the order in which they are first seen. */
function createPairNumbers(
  groupCount: number,
  codeCount: number,
  rowCount: number,
): (group: number, code: number) => number {
  let next = 0;
  if (groupCount * codeCount > TABLE_ENTRIES_PER_ROW * rowCount) {
    const known = new Map<number, number>();
    return (group, code) => {
      const pair = group * codeCount + code;
      const number = known.get(pair) ?? next;
      if (number === next) known.set(pair, next++);
      return number;
    };
  }
  // 0 means "not seen yet", so the table holds each number plus one.
  const table = new Uint32Array(groupCount * codeCount);
  return (group, code) => {
    const pair = group * codeCount + code;
    if (table[pair] === 0) table[pair] = ++next;
    return table[pair]! - 1;
  };
}

/** What a grouping retains, in bytes. */
export function measureGrouping({ groups, firstRows }: Grouping): number {
  return groups.byteLength + firstRows.byteLength;
}
