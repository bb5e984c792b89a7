// A sort that can be interrupted: short runs are sorted natively, then merged pairwise.

import { inRanges, ITEMS_PER_STEP, type Computation } from './computation.js';

/** The numbers from 0 to `count - 1`. */
export function range(count: number): Uint32Array {
  const numbers = new Uint32Array(count);
  for (let at = 0; at < count; at += 1) numbers[at] = at;
  return numbers;
}

/** A sorted copy of `items`; equal ones keep their order. */
export function* sortInSteps(items: Uint32Array, compare: (a: number, b: number) => number): Computation<Uint32Array> {
  const { length } = items;
  let from = items.slice();
  let to = new Uint32Array(length);
  for (let start = 0; start < length; start += ITEMS_PER_STEP) {
    if (start > 0) yield;
    from.subarray(start, start + ITEMS_PER_STEP).sort(compare);
  }
  for (let width = ITEMS_PER_STEP; width < length; width *= 2) {
    for (let start = 0; start < length; start += 2 * width) {
      // The runs [start, middle) and [middle, end).
      const [middle, end] = [Math.min(start + width, length), Math.min(start + 2 * width, length)];
      let [left, right] = [start, middle];
      if (start > 0) yield;
      yield* inRanges(
        end - start,
        (first, last) => {
          for (let at = start + first; at < start + last; at += 1) {
            const isLeft = left < middle && (right >= end || compare(from[left]!, from[right]!) <= 0);
            to[at] = from[isLeft ? left++ : right++]!;
          }
        },
        ITEMS_PER_STEP,
      );
    }
    [from, to] = [to, from];
  }
  return from;
}
