// The groups of several reports, numbered by their keys: groups whose keys are the same texts are one.

import type { GroupedRows } from '../query/grouped-rows.js';
import type { Direction } from '../query/order.js';
import { compareCodePoints } from '../query/ranks.js';
import { readStrings } from '../columns/strings.js';
import { forEachIndex, type Steps } from '../steps.js';

export class GroupKeys {
  readonly #dimensions: number;
  /** More texts than all reports have. Pairs are then small numbers, which a Map finds several times faster. */
  readonly #maxTexts: number;
  /** The texts by number. Number 0, the empty text, is null. */
  readonly #texts = [''];
  readonly #numbers = new Map([['', 0]]);
  /** By dimension: the number of each pair of a group by the dimensions before, and a text. */
  readonly #pairs: readonly Map<number, number>[];
  /** The texts of each group, one per dimension. */
  readonly #keys: number[] = [];

  /** @param reports all that will be added. */
  constructor(dimensions: number, reports: readonly GroupedRows[]) {
    this.#dimensions = dimensions;
    this.#maxTexts = reports.reduce((sum, { by }) => by.reduce((each, { values }) => each + values.length, sum), 1);
    this.#pairs = Array.from({ length: dimensions }, () => new Map<number, number>());
  }

  /** How many groups there are. Without dimensions, all rows of all reports are one group, even if there are none. */
  get count(): number {
    return this.#pairs.at(-1)?.size ?? 1;
  }

  /** The number of each group of a report. */
  *add({ by, firstRows }: GroupedRows): Steps<Uint32Array> {
    const groups = new Uint32Array(firstRows.length);
    // The number of the text of each code; 0 is not known yet, or null.
    const columns = by.map(({ codes, values }) => ({ codes, values, known: new Uint32Array(values.length) }));
    // Texts are read faster all together, when most of them are needed.
    const texts: (readonly string[] | null)[] = [];
    for (const { values } of by) texts.push(values.length <= 2 * groups.length ? yield* readStrings(values) : null);
    const keys = by.map(() => 0);
    yield* forEachIndex(firstRows.length, (at) => {
      let group = 0;
      for (let dimension = 0; dimension < columns.length; dimension += 1) {
        const { codes, values, known } = columns[dimension]!;
        const code = codes[firstRows[at]!]!;
        let text = known[code]!;
        if (text === 0 && code !== 0) known[code] = text = this.#numberOf(texts[dimension]?.[code] ?? values.at(code));
        keys[dimension] = text;
        group = this.#pair(dimension, group, text);
      }
      if (group * this.#dimensions === this.#keys.length) for (const key of keys) this.#keys.push(key);
      groups[at] = group;
    });
    return groups;
  }

  keysOf(group: number): readonly (string | null)[] {
    const start = group * this.#dimensions;
    return this.#keys.slice(start, start + this.#dimensions).map((text) => this.#texts[text]! || null);
  }

  /** The order of two groups by their keys, one after the other; null comes last in both directions. */
  compare(a: number, b: number, direction: Direction): number {
    for (let dimension = 0; dimension < this.#dimensions; dimension += 1) {
      const left = this.#keys[a * this.#dimensions + dimension]!;
      const right = this.#keys[b * this.#dimensions + dimension]!;
      if (left === right) continue;
      if (left === 0 || right === 0) return left === 0 ? 1 : -1;
      const order = compareCodePoints(this.#texts[left]!, this.#texts[right]!);
      return direction === 'ASC' ? order : -order;
    }
    return 0;
  }

  #numberOf(text: string): number {
    let number = this.#numbers.get(text);
    if (number === undefined) this.#numbers.set(text, (number = this.#texts.push(text) - 1));
    return number;
  }

  #pair(dimension: number, group: number, text: number): number {
    const pairs = this.#pairs[dimension]!;
    const pair = group * this.#maxTexts + text;
    let number = pairs.get(pair);
    if (number === undefined) pairs.set(pair, (number = pairs.size));
    return number;
  }
}

/** Sorts groups by a number, null (NaN) last in both directions, and equal ones by key from A to Z. */
export function compareGroups(
  keys: GroupKeys,
  values: ArrayLike<number> | null,
  direction: Direction,
): (a: number, b: number) => number {
  if (values === null) return (a, b) => keys.compare(a, b, direction);
  const sign = direction === 'ASC' ? 1 : -1;
  return (a, b) => {
    const [left, right] = [values[a]!, values[b]!];
    // NaN is neither: where only one is NaN, that one comes last.
    if (left < right) return -sign;
    if (left > right) return sign;
    if (left !== left || right !== right) {
      const order = Number(left !== left) - Number(right !== right);
      if (order !== 0) return order;
    }
    return keys.compare(a, b, 'ASC');
  };
}
