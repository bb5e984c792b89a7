// A sort that can be interrupted: short runs are sorted natively, then merged pairwise.

import { ITEMS_PER_STEP, type Steps } from './steps.js';

/** A sorted copy of `items`; equal ones keep their order. */
export function* sortInSteps(items: Uint32Array, compare: (a: number, b: number) => number): Steps<Uint32Array> {
  const { length } = items;
  let from = items.slice();
  let to = new Uint32Array(length);
  for (let start = 0; start < length; start += ITEMS_PER_STEP) {
    if (start > 0) yield;
    from.subarray(start, start + ITEMS_PER_STEP).sort(compare);
  }
  for (let width = ITEMS_PER_STEP; width < length; width *= 2) {
    const merger = new Merger(from, to, compare);
    for (let start = 0; start < length; start += 2 * width) {
      merger.open(start, Math.min(start + width, length), Math.min(start + 2 * width, length));
      while (merger.advance(ITEMS_PER_STEP)) yield;
    }
    [from, to] = [to, from];
  }
  return from;
}

/** Merges two adjacent sorted runs of `from` into `to`, a part at a time. */
class Merger {
  readonly #from: Uint32Array;
  readonly #to: Uint32Array;
  readonly #compare: (a: number, b: number) => number;
  #left = 0;
  #right = 0;
  #middle = 0;
  #end = 0;

  constructor(from: Uint32Array, to: Uint32Array, compare: (a: number, b: number) => number) {
    this.#from = from;
    this.#to = to;
    this.#compare = compare;
  }

  /** The runs [start, middle) and [middle, end). */
  open(start: number, middle: number, end: number): void {
    this.#left = start;
    this.#right = middle;
    this.#middle = middle;
    this.#end = end;
  }

  /** Moves up to `count` items; false after the last one. */
  advance(count: number): boolean {
    const [from, to, middle, end] = [this.#from, this.#to, this.#middle, this.#end];
    let [left, right] = [this.#left, this.#right];
    const first = left + right - middle;
    const last = Math.min(first + count, end);
    for (let at = first; at < last; at += 1) {
      const isLeft = left < middle && (right >= end || this.#compare(from[left]!, from[right]!) <= 0);
      to[at] = from[isLeft ? left++ : right++]!;
    }
    this.#left = left;
    this.#right = right;
    return last < end;
  }
}
