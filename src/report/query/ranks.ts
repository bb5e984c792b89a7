// Ranks: for each row, the place of its value among the distinct values of a field. With ranks any order over any keys
// is a few counting sorts, stable and without a comparison. Ranks are kept with the report.

import type { NameColumn } from '../columns/columns.js';
import { orderNumbers } from './radix-sort.js';
import type { Texts } from '../columns/strings.js';

/** `ranks[row]` from 0, the smallest, to `distinct - 1`; `distinct` itself stands for null. */
export interface Ranks {
  readonly ranks: Uint32Array;
  readonly distinct: number;
}

export function rankNumbers(values: Float64Array): Ranks {
  const known = toKnown(values);
  const order = orderNumbers(values.length === known.length ? values : Float64Array.from(known, (row) => values[row]!));
  const ranks = new Uint32Array(values.length);
  let distinct = 0;
  let last = Number.NaN;
  for (let at = 0; at < order.length; at += 1) {
    const row = known[order[at]!]!;
    const value = values[row]!;
    // -0 and 0 are one value.
    if (value !== last) distinct += 1;
    last = value;
    ranks[row] = distinct - 1;
  }
  if (known.length < values.length) {
    for (let row = 0; row < ranks.length; row += 1) if (Number.isNaN(values[row]!)) ranks[row] = distinct;
  }
  return { ranks, distinct };
}

/** The rows whose number is not null. */
function toKnown(values: Float64Array): Uint32Array {
  const rows = new Uint32Array(values.length);
  let count = 0;
  for (let row = 0; row < values.length; row += 1) if (!Number.isNaN(values[row]!)) rows[count++] = row;
  return rows.subarray(0, count);
}

export function rankNames({ codes, values }: NameColumn): Ranks {
  const rankOfCode = rankTexts(values);
  return { ranks: codes.map((code) => rankOfCode[code]!), distinct: values.length - 1 };
}

/** The place of each text among `values`, by Unicode code point; the first of them, which stands for null, comes last. */
function rankTexts(values: Texts): Uint32Array {
  const texts = values.all();
  const sorted = sortTexts(texts.slice(1));
  const rankOf = new Map(sorted.map((text, rank) => [text, rank]));
  return Uint32Array.from(texts, (text, code) => (code === 0 ? sorted.length : rankOf.get(text)!));
}

/** JavaScript's own order, by UTF-16 code unit, is that of code points unless there are surrogates; and it is fast. */
function sortTexts(texts: string[]): string[] {
  return texts.some((text) => /[\ud800-\udfff]/.test(text)) ? texts.sort(compareCodePoints) : texts.sort();
}

/**
 * Unicode code point order, the same on every machine. UTF-16 code units would put the characters outside the basic
 * plane, which are pairs of surrogates (U+D800 to U+DFFF), before those from U+E000 to U+FFFF.
 */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at += 1) {
    if (a.charCodeAt(at) === b.charCodeAt(at)) continue;
    // A difference in its second half is one of the whole pair.
    const difference = isHighSurrogate(a.charCodeAt(at - 1)) ? compareAt(a, b, at - 1) : 0;
    return difference === 0 ? compareAt(a, b, at) : difference;
  }
  return a.length - b.length;
}

function compareAt(a: string, b: string, at: number): number {
  return a.codePointAt(at)! - b.codePointAt(at)!;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}
