// Sums that do not drift: exact, and rounded once. Each is kept as three doubles, the sum, what rounding took from it,
// and what rounding took from that (Knuth's TwoSum), about 159 bits together: enough for any costs there are. Numbers
// that need more are noticed, and added up in whole numbers instead. So 100,000 costs add up to the double nearest to
// their true sum, and parts to exactly the whole.

import { fromUnits, sumUnits, sumUnitsByGroup } from './unit-sum.js';

/** Sums by group: `high + low + rest`, exactly. */
export interface Sums {
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly rest: Float64Array;
  /** The sums in units, where three doubles do not hold them. */
  readonly units?: readonly bigint[];
}

/** Adds up `values` of the rows named by `rows`, each into the group that `groups` names. NaN, a null, adds nothing. */
export function sumByGroup(values: Float64Array, rows: Uint32Array, groups: Uint32Array, groupCount: number): Sums {
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
      return { high, low, rest, units: sumUnitsByGroup(values, rows, groups, groupCount) };
    }
    rest[group]! += lostTwice;
  }
  return { high, low, rest };
}

/** Adds up `values` of the rows named by `rows`. */
export function sumRows(values: Float64Array, rows: Uint32Array): number {
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
export function sumOf({ high, low, rest, units }: Sums, group: number): number {
  return units === undefined ? round(high[group]!, low[group]!, rest[group]!) : toNumber(units[group]!);
}

/** Adds up the groups from place `from` on in `order`: exactly, so that parts and whole agree. */
export function sumGroups({ high, low, rest, units }: Sums, order: Uint32Array, from: number): number {
  const groups = order.subarray(from);
  if (units !== undefined) return toNumber(groups.reduce<bigint>((sum, group) => sum + units[group]!, 0n));
  const parts = new Float64Array(3 * groups.length);
  for (let at = 0; at < groups.length; at += 1) {
    parts[3 * at] = high[groups[at]!]!;
    parts[3 * at + 1] = low[groups[at]!]!;
    parts[3 * at + 2] = rest[groups[at]!]!;
  }
  return sumRows(
    parts,
    new Uint32Array(parts.length).map((_, at) => at),
  );
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
