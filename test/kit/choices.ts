// Decisions for making things up, read from a list of numbers: fast-check makes up the list and, when a case fails, makes
// it shorter and its numbers smaller. Past its end every decision is the first one, so callers put the plainest first.

import fc from 'fast-check';

export interface Choices {
  /** A whole number from 0 to `count - 1`; 0 where there is none. */
  below(count: number): number;
  pick<T>(list: readonly T[]): T;
  /** True in so many percent of the cases. */
  chance(percent: number): boolean;
  /** From `min` to `max` of what `make` makes. */
  some<T>(min: number, max: number, make: () => T): T[];
  /** The next few for themselves, so that what is decided later has some left. */
  apart(count: number): Choices;
}

export function createChoices(numbers: readonly number[]): Choices {
  let at = 0;
  const below = (count: number): number => (numbers[at++] ?? 0) % Math.max(count, 1);
  return {
    below,
    pick: (list) => list[below(list.length)]!,
    chance: (percent) => below(100) >= 100 - percent,
    some: (min, max, make) => Array.from({ length: min + below(max - min + 1) }, make),
    apart(count) {
      at += count;
      return createChoices(numbers.slice(at - count, at));
    },
  };
}

/** Cases that `make` makes of up to `most` decisions. */
export function anyCase<T>(make: (choices: Choices) => T, most = 200): fc.Arbitrary<T> {
  const numbers = fc.array(fc.nat(0xffff), { maxLength: most, size: 'max' });
  return fc.noBias(numbers).map((list) => make(createChoices(list)));
}
