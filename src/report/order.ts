// The order of rows: several keys, null last in both directions, ties in the upstream's order.

import type { ReportRow } from './report.js';

/** What rows can be ordered by. */
export type RowField = {
  [Field in keyof ReportRow]: ReportRow[Field] extends number | string | null ? Field : never;
}[Exclude<keyof ReportRow, 'id'>];

export interface RowOrder {
  readonly field: RowField;
  readonly direction: 'ASC' | 'DESC';
}

/** The rows in `order`; the first key decides, each further one among equals. Sorting is stable. */
export function sortRows(rows: readonly ReportRow[], order: readonly RowOrder[]): readonly ReportRow[] {
  if (order.length === 0) return rows;
  return rows.toSorted((a, b) => {
    for (const { field, direction } of order) {
      const difference = compareValues(a[field], b[field], direction);
      if (difference !== 0) return difference;
    }
    return 0;
  });
}

type Value = number | string | null;

function compareValues(a: Value, b: Value, direction: RowOrder['direction']): number {
  if (a === b) return 0;
  if (a === null) return 1;
  if (b === null) return -1;
  const difference = typeof a === 'string' && typeof b === 'string' ? compareCodePoints(a, b) : Number(a) - Number(b);
  return direction === 'ASC' ? difference : -difference;
}

/**
 * Unicode code point order, the same on every machine. JavaScript compares UTF-16 code units, which puts characters
 * outside the basic plane (surrogates, from U+D800) before those from U+E000 on.
 */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index += 1) {
    const unitA = a.charCodeAt(index);
    const unitB = b.charCodeAt(index);
    if (unitA === unitB) continue;
    const bothHigh = unitA >= 0xd800 && unitB >= 0xd800;
    const isSurrogateA = unitA < 0xe000;
    return bothHigh && isSurrogateA !== unitB < 0xe000 ? (isSurrogateA ? 1 : -1) : unitA - unitB;
  }
  return a.length - b.length;
}
