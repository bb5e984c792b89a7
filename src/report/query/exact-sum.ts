// Sums that do not drift: exact, and rounded once, in the unit of their column. Each is kept as three doubles, the sum,
// what rounding took from it, and what rounding took from that (Knuth's TwoSum), about 159 bits together: enough for any
// costs there are. Numbers that need more are noticed, and added up in whole numbers instead. So 100,000 costs add up to
// the double nearest to their true sum, and parts to exactly the whole.

import type { NumberColumn } from '../columns/decimal-column.js';
import { fromUnits, sumUnits, sumUnitsByGroup } from './bigint-sum.js';

/** Sums by group: `(high + low + rest) / scale`, exactly. */
export interface Sums {
  readonly scale: number;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly rest: Float64Array;
  /** The sums as whole numbers of the smallest double, where three doubles do not hold them. */
  readonly smallest?: readonly bigint[];
}

/** Adds up the numbers of the rows named by `rows`, each into the group that `groups` names. A null adds nothing. */
export function sumByGroup(
  { units: values, scale }: NumberColumn,
  rows: Uint32Array,
  groups: Uint32Array,
  groupCount: number,
): Sums {
  const high = new Float64Array(groupCount);
  const low = new Float64Array(groupCount);
  const rest = new Float64Array(groupCount);
  for (let at = 0; at < rows.length; at += 1) {
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
    if (!isSumExact(rest[group]!, lostTwice)) {
      return { scale, high, low, rest, smallest: sumUnitsByGroup(values, rows, groups, groupCount) };
    }
    rest[group]! += lostTwice;
  }
  return { scale, high, low, rest };
}

/** Adds up the numbers of the rows named by `rows`. A null adds nothing. */
export function sumRows({ units, scale }: NumberColumn, rows: Uint32Array): number {
  return addUp(units, rows) / scale;
}

// The loop of sumByGroup again, for one group in local variables: half its time over 100,000 rows.
function addUp(values: Float64Array, rows: Uint32Array): number {
  let high = 0;
  let low = 0;
  let rest = 0;
  for (let at = 0; at < rows.length; at += 1) {
    const value = values[rows[at]!]!;
    if (value !== value) continue;
    const next = high + value;
    const part = next - high;
    const lost = high - (next - part) + (value - part);
    const lostNext = low + lost;
    const lostPart = lostNext - low;
    const lostTwice = low - (lostNext - lostPart) + (lost - lostPart);
    high = next;
    low = lostNext;
    if (lostTwice === 0) continue;
    if (!isSumExact(rest, lostTwice)) {
      return toNumber(sumUnitsByGroup(values, rows, new Uint32Array(rows.length), 1)[0]!);
    }
    rest += lostTwice;
  }
  return round(high, low, rest);
}

/** The sum of group `group`. */
export function sumOf({ scale, high, low, rest, smallest }: Sums, group: number): number {
  const sum = smallest === undefined ? round(high[group]!, low[group]!, rest[group]!) : toNumber(smallest[group]!);
  return sum / scale;
}

/** Adds up the groups from place `from` on in `order`: exactly, so that parts and whole agree. */
export function sumGroups({ scale, high, low, rest, smallest }: Sums, order: Uint32Array, from: number): number {
  const groups = order.subarray(from);
  if (smallest !== undefined)
    return toNumber(groups.reduce<bigint>((sum, group) => sum + smallest[group]!, 0n)) / scale;
  const parts = new Float64Array(3 * groups.length);
  for (let at = 0; at < groups.length; at += 1) {
    parts[3 * at] = high[groups[at]!]!;
    parts[3 * at + 1] = low[groups[at]!]!;
    parts[3 * at + 2] = rest[groups[at]!]!;
  }
  const everyPart = new Uint32Array(parts.length).map((_, at) => at);
  return addUp(parts, everyPart) / scale;
}

/** False also for NaN, which is left when a sum has passed the largest double. */
function isSumExact(a: number, b: number): boolean {
  const sum = a + b;
  return sum - a === b && sum - b === a;
}

function round(high: number, low: number, rest: number): number {
  return rest === 0 ? limit(high + low) : toNumber(sumUnits([high, low, rest]));
}

function toNumber(units: bigint): number {
  return limit(fromUnits(units));
}

/** GraphQL has no infinity: a sum past the largest double stays there. */
function limit(sum: number): number {
  return Math.max(-Number.MAX_VALUE, Math.min(sum, Number.MAX_VALUE));
}
