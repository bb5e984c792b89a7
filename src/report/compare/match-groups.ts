// The groups of several reports, numbered by their keys: groups with equal keys are one.

import { groupRows } from '../query/group-rows.js';
import type { GroupedRows } from '../query/grouped-rows.js';
import type { Direction } from '../query/order.js';
import { compareCodePoints } from '../query/ranks.js';
import { range } from '../sort.js';
import { forEachIndex, type Computation } from '../computation.js';

/** The keys of all groups of all reports in one dimension. */
interface KeyColumn {
  /** The number of each key. */
  readonly codes: Uint32Array;
  /** The keys by number. Number 0, the empty text, is null. */
  readonly texts: readonly string[];
}

export class MatchedGroups {
  /** For each report, the matched group of each of its groups. */
  readonly byReport: readonly Uint32Array[];
  readonly count: number;
  readonly #keys: readonly KeyColumn[];
  /** An index into `codes` for each matched group. */
  readonly #firsts: Uint32Array;

  constructor(byReport: readonly Uint32Array[], keys: readonly KeyColumn[], firsts: Uint32Array) {
    this.byReport = byReport;
    // Without dimensions, all rows of all reports are one group, even if there are none.
    this.count = keys.length === 0 ? 1 : firsts.length;
    this.#keys = keys;
    this.#firsts = firsts;
  }

  keysOf(group: number): readonly (string | null)[] {
    return this.#keys.map(({ codes, texts }) => texts[codes[this.#firsts[group]!]!]! || null);
  }

  /**
   * Compares groups by a number, null (NaN) last in both directions, and equal ones by key from A to Z.
   * @param values undefined: by key in the given direction.
   */
  compareBy(values: ArrayLike<number> | undefined, direction: Direction): (a: number, b: number) => number {
    if (values === undefined) return (a, b) => this.#compareKeys(a, b, direction);
    const sign = direction === 'ASC' ? 1 : -1;
    return (a, b) => {
      const [left, right] = [values[a]!, values[b]!];
      if (left < right) return -sign;
      if (left > right) return sign;
      return Number(Number.isNaN(left)) - Number(Number.isNaN(right)) || this.#compareKeys(a, b, 'ASC');
    };
  }

  /** Null comes last in both directions. */
  #compareKeys(a: number, b: number, direction: Direction): number {
    for (const { codes, texts } of this.#keys) {
      const [left, right] = [codes[this.#firsts[a]!]!, codes[this.#firsts[b]!]!];
      if (left === right) continue;
      if (left === 0 || right === 0) return left === 0 ? 1 : -1;
      const order = compareCodePoints(texts[left]!, texts[right]!);
      return direction === 'ASC' ? order : -order;
    }
    return 0;
  }
}

/** Reads the keys of each group once. All reports are grouped by the same dimensions. */
export function* matchGroups(reports: readonly GroupedRows[], dimensionCount: number): Computation<MatchedGroups> {
  const keys: KeyColumn[] = [];
  for (let dimension = 0; dimension < dimensionCount; dimension += 1) keys.push(yield* readKeys(reports, dimension));
  const columns = keys.map(({ codes, texts }) => ({ codes, codeCount: texts.length }));
  const { groups, firstRows } = yield* groupRows(range(countGroups(reports)), columns);
  let end = 0;
  const byReport = reports.map(({ firstRows: own }) => groups.subarray(end, (end += own.length)));
  return new MatchedGroups(byReport, keys, firstRows);
}

function countGroups(reports: readonly GroupedRows[]): number {
  return reports.reduce((count, { firstRows }) => count + firstRows.length, 0);
}

function* readKeys(reports: readonly GroupedRows[], dimension: number): Computation<KeyColumn> {
  const codes = new Uint32Array(countGroups(reports));
  const texts = [''];
  const numbers = new Map([['', 0]]);
  let start = 0;
  for (const { by, firstRows } of reports) {
    const column = by[dimension]!;
    /** The number of the text of each code; 0 when it is not known yet, or null. */
    const numberOfCode = new Uint32Array(column.values.length);
    const first = start;
    yield* forEachIndex(firstRows.length, (group) => {
      const code = column.codes[firstRows[group]!]!;
      let number = numberOfCode[code]!;
      if (number === 0 && code !== 0) {
        const text = column.values.at(code);
        number = numbers.get(text) ?? texts.push(text) - 1;
        numbers.set(text, number);
        numberOfCode[code] = number;
      }
      codes[first + group] = number;
    });
    start += firstRows.length;
  }
  return { codes, texts };
}
