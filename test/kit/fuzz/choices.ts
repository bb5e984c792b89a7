// Decisions for random test data, read from a list of numbers. fast-check generates the list and shrinks it when a case
// fails. After its end every decision is the first option, so callers put the simplest option first.

import fc from 'fast-check';

export interface Choices {
  /** A whole number from 0 to `count - 1`; 0 for an empty range. */
  below(count: number): number;
  pick<T>(list: readonly T[]): T;
  /** True in this percentage of cases. */
  chance(percent: number): boolean;
  /** From `min` to `max` results of `make`. */
  some<T>(min: number, max: number, make: () => T): T[];
  /** A separate part of the list, so that later decisions keep some numbers. */
  fork(count: number): Choices;
}

function createChoices(numbers: readonly number[]): Choices {
  let at = 0;
  const below = (count: number): number => (numbers[at++] ?? 0) % Math.max(count, 1);
  return {
    below,
    pick: (list) => list[below(list.length)]!,
    chance: (percent) => below(100) >= 100 - percent,
    some: (min, max, make) => Array.from({ length: min + below(max - min + 1) }, make),
    fork(count) {
      at += count;
      return createChoices(numbers.slice(at - count, at));
    },
  };
}

/** Cases that `make` builds from at most `most` decisions. */
export function anyCase<T>(make: (choices: Choices) => T, most = 200): fc.Arbitrary<T> {
  const numbers = fc.array(fc.nat(0xffff), { maxLength: most, size: 'max' });
  return fc.noBias(numbers).map((list) => make(createChoices(list)));
}
