// Columns of some rows alone, in the order in which they are named.

import type { NameColumn } from './columns.js';
import { gatherStrings } from './strings.js';

export function gatherCodes(codes: Uint32Array, rows: ArrayLike<number>): Uint32Array {
  const picked = new Uint32Array(rows.length);
  for (let at = 0; at < picked.length; at += 1) picked[at] = codes[rows[at]!]!;
  return picked;
}

/** With no other names than these rows have. */
export function gatherNames({ codes, values }: NameColumn, rows: ArrayLike<number>): NameColumn {
  const picked = gatherCodes(codes, rows);
  /** The old code of each new one; none stays the first. */
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
