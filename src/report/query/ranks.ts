// Ranks: for each row, the position of its value among the distinct values of a field. With ranks, any order over any
// keys is a few stable counting sorts without comparisons. Ranks are cached with the report.

import type { NameColumn } from '../columns/columns.js';
import { readStrings, type StringColumn } from '../columns/strings.js';
import { inRanges, type Computation } from '../computation.js';
import { range, sortInSteps } from '../sort.js';
import { filterRows } from './filter-rows.js';

/** `ranks[row]` from 0, the smallest, to `distinct - 1`; `distinct` itself stands for null. */
export interface Ranks {
  readonly ranks: Uint32Array;
  readonly distinct: number;
}

/** Ranks of doubles; NaN is null, and -0 equals 0. */
export function* rankNumbers(values: Float64Array): Computation<Ranks> {
  const numbered = yield* filterRows(range(values.length), (row) => !Number.isNaN(values[row]!));
  const order = yield* sortInSteps(numbered, (a, b) => values[a]! - values[b]!);
  const ranks = new Uint32Array(values.length);
  let distinct = 0;
  let last = Number.NaN;
  yield* inRanges(order.length, (from, to) => {
    for (let at = from; at < to; at += 1) {
      const value = values[order[at]!]!;
      if (value !== last) distinct += 1;
      last = value;
      ranks[order[at]!] = distinct - 1;
    }
  });
  if (numbered.length < values.length) {
    yield* inRanges(values.length, (from, to) => {
      for (let row = from; row < to; row += 1) if (Number.isNaN(values[row]!)) ranks[row] = distinct;
    });
  }
  return { ranks, distinct };
}

/** Ranks of names by Unicode code point. */
export function* rankNames({ codes, values }: NameColumn): Computation<Ranks> {
  // Code 0 stands for null, which comes last.
  const distinct = values.length - 1;
  const order = yield* orderTexts(values);
  const rankOfCode = new Uint32Array(values.length);
  let rank = 0;
  yield* inRanges(order.length, (from, to) => {
    for (let at = from; at < to; at += 1) if (order[at] !== 0) rankOfCode[order[at]!] = rank++;
  });
  rankOfCode[0] = distinct;
  const ranks = new Uint32Array(codes.length);
  yield* inRanges(codes.length, (from, to) => {
    for (let row = from; row < to; row += 1) ranks[row] = rankOfCode[codes[row]!]!;
  });
  return { ranks, distinct };
}

/** The indexes of `texts` in the order of the texts, by Unicode code point. */
function* orderTexts(texts: StringColumn): Computation<Uint32Array> {
  const strings = yield* readStrings(texts);
  return yield* sortInSteps(range(strings.length), (a, b) => compareCodePoints(strings[a]!, strings[b]!));
}

/** The number of a text; -1 when the report does not contain it. A binary search. */
export type FindText = (text: string) => number;

/** Finds a text among those of a report. Built once per report, and shared by its parts: 4 bytes per text. */
export function* indexTexts(texts: StringColumn): Computation<FindText> {
  const order = yield* orderTexts(texts);
  return (text) => {
    let low = 0;
    let high = order.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareCodePoints(texts.at(order[middle]!), text) < 0) low = middle + 1;
      else high = middle;
    }
    return low < order.length && texts.is(order[low]!, text) ? order[low]! : -1;
  };
}

/**
 * Compares strings by Unicode code point, for sort(). By UTF-16 code units, characters outside the basic plane, which are
 * pairs of surrogates (U+D800 to U+DFFF), would come before those from U+E000 to U+FFFF.
 */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at += 1) {
    if (a.charCodeAt(at) === b.charCodeAt(at)) continue;
    // A difference in the second half of a pair is a difference of the whole pair.
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
