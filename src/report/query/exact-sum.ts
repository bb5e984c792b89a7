// Exact sums. Each is stored as three doubles: the sum, its rounding error, and the rounding error of that (Knuth's TwoSum),
// about 159 bits together. Numbers that need more are added up as BigInts instead. The result is rounded once: costs add up
// to the double nearest to their true sum, and groups add up exactly to the total.

import type { NumberColumn } from '../columns/decimal-column.js';
import { forEachIndex, inRanges, type Computation } from '../computation.js';
import { fromUnits, sumUnits, sumUnitsByGroup } from './bigint-sum.js';

/** Sums by group: `(high + low + rest) / scale`, exactly. */
export interface Sums {
  readonly scale: number;
  readonly high: Float64Array;
  /** Omitted, with `rest`, when both are 0 in all groups. */
  readonly low?: Float64Array;
  readonly rest?: Float64Array;
  /** The sums in units of the smallest double, when three doubles are not enough. */
  readonly bigintUnits?: readonly bigint[];
}

/** Adds up the numbers of `rows`, each into the group at the same index of `groups`. A null adds nothing. */
export function* sumByGroup(
  { units: values, scale }: NumberColumn,
  rows: Uint32Array,
  groups: Uint32Array,
  groupCount: number,
): Computation<Sums> {
  const high = new Float64Array(groupCount);
  const low = new Float64Array(groupCount);
  const rest = new Float64Array(groupCount);
  const state = { isExact: true };
  yield* inRanges(rows.length, (from, to) => {
    for (let at = from; at < to && state.isExact; at += 1) {
      const value = values[rows[at]!]!;
      if (value !== value) continue;
      const group = groups[at]!;
      const sum = high[group]!;
      const next = sum + value;
      const part = next - sum;
      const lost = sum - (next - part) + (value - part);
      const lostSum = low[group]!;
      const lostNext = lostSum + lost;
      const lostPart = lostNext - lostSum;
      const lostTwice = lostSum - (lostNext - lostPart) + (lost - lostPart);
      high[group] = next;
      low[group] = lostNext;
      if (lostTwice === 0) continue;
      state.isExact = isSumExact(rest[group]!, lostTwice);
      rest[group]! += lostTwice;
    }
  });
  if (!state.isExact) return { scale, high, bigintUnits: yield* sumUnitsByGroup(values, rows, groups, groupCount) };
  return isZero(low) && isZero(rest) ? { scale, high } : { scale, high, low, rest };
}

function isZero(numbers: Float64Array): boolean {
  return numbers.every((each) => each === 0);
}

/** Adds up the numbers of `rows`. A null adds nothing. */
export function* sumRows(column: NumberColumn, rows: Uint32Array): Computation<number> {
  return sumOf(yield* sumByGroup(column, rows, new Uint32Array(rows.length), 1), 0);
}

/** The sum of one group. */
export function sumOf({ scale, high, low, rest, bigintUnits }: Sums, group: number): number {
  if (bigintUnits !== undefined) return limit(fromUnits(bigintUnits[group]!, scale));
  return low === undefined ? limit(high[group]!) / scale : round(high[group]!, low[group]!, rest![group]!, scale);
}

/** The sum of one group in units of the smallest double, not divided by the scale. */
export function unitsOf({ high, low, rest, bigintUnits }: Sums, group: number): bigint {
  return bigintUnits?.[group] ?? sumUnits([high[group]!, low?.[group] ?? 0, rest?.[group] ?? 0]);
}

/** Approximate size of a BigInt for a sum of doubles. */
const UNITS_BYTES = 160;

/** Retained memory, in bytes. */
export function measureSums({ high, low, bigintUnits }: Sums): number {
  return high.byteLength * (low === undefined ? 1 : 3) + UNITS_BYTES * (bigintUnits?.length ?? 0);
}

/** The sum of each of `groupCount` groups. */
export function* readSums(sums: Sums, groupCount: number): Computation<Float64Array> {
  const values = new Float64Array(groupCount);
  yield* forEachIndex(groupCount, (group) => {
    values[group] = sumOf(sums, group);
  });
  return values;
}

/** Adds up some of the groups: exactly, so that groups and their total agree. */
export function* sumGroups({ scale, high, low, rest, bigintUnits }: Sums, groups: Uint32Array): Computation<number> {
  if (bigintUnits !== undefined) {
    let total = 0n;
    yield* forEachIndex(groups.length, (at) => {
      total += bigintUnits[groups[at]!]!;
    });
    return limit(fromUnits(total, scale));
  }
  if (low === undefined) return yield* sumRows({ units: high, scale }, groups);
  const parts = [high, low, rest!];
  const units = new Float64Array(parts.length * high.length);
  parts.forEach((part, at) => {
    units.set(part, at * high.length);
  });
  const rows = new Uint32Array(parts.length * groups.length);
  yield* inRanges(groups.length, (start, end) => {
    for (let part = 0; part < parts.length; part += 1)
      for (let at = start; at < end; at += 1) rows[part * groups.length + at] = part * high.length + groups[at]!;
  });
  return yield* sumRows({ units, scale }, rows);
}

/** False also for NaN, the result of a sum that passed the largest double. */
function isSumExact(a: number, b: number): boolean {
  const sum = a + b;
  return sum - a === b && sum - b === a;
}

/** The double nearest to `(high + low + rest) / scale`. */
function round(high: number, low: number, rest: number, scale: number): number {
  if (low === 0 && rest === 0) return limit(high) / scale;
  // Units of a decimal column are whole numbers. Dividing their rounded sum would round twice.
  if (scale > 1) return Number(`${BigInt(high) + BigInt(low) + BigInt(rest)}e-${Math.round(Math.log10(scale))}`);
  return rest === 0 ? limit(high + low) : limit(fromUnits(sumUnits([high, low, rest])));
}

/** GraphQL has no infinity: a sum past the largest double becomes the largest double. */
function limit(sum: number): number {
  return Math.max(-Number.MAX_VALUE, Math.min(sum, Number.MAX_VALUE));
}
