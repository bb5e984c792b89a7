// Columns of some rows, in the order of the given row numbers.

import type { NameColumn } from './columns.js';
import { gatherStrings } from './strings.js';

export function gatherCodes(codes: Uint32Array, rows: ArrayLike<number>): Uint32Array {
  const picked = new Uint32Array(rows.length);
  for (let at = 0; at < picked.length; at += 1) picked[at] = codes[rows[at]!]!;
  return picked;
}

/** The values are the names that these rows have, and no others. */
export function gatherNames({ codes, values }: NameColumn, rows: ArrayLike<number>): NameColumn {
  const picked = gatherCodes(codes, rows);
  /** The old code of each new code; 0, which stands for null, stays 0. */
  const olds = [0];
  const news = new Map<number, number>([[0, 0]]);
  for (let at = 0; at < picked.length; at += 1) {
    const old = picked[at]!;
    let code = news.get(old);
    if (code === undefined) news.set(old, (code = olds.push(old) - 1));
    picked[at] = code;
  }
  return { codes: picked, values: gatherStrings(values, olds) };
}
