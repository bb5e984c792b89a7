// Sums that do not drift. Each is kept as two doubles, the sum and what rounding took from it (Knuth's TwoSum), about
// 106 bits together: 100,000 costs add up to the double nearest to their true sum, and parts to exactly the whole.

/** Sums by group. `high` alone is the plain sum; `high + low` is the exact one, rounded once. */
export interface Sums {
  readonly high: Float64Array;
  readonly low: Float64Array;
}

/** Adds up `values` of the rows named by `rows`, each into the group that `groups` names. NaN, a null, adds nothing. */
export function sumByGroup(values: Float64Array, rows: Uint32Array, groups: Uint32Array, groupCount: number): Sums {
  const high = new Float64Array(groupCount);
  const low = new Float64Array(groupCount);
  for (let at = 0; at < rows.length; at += 1) {
    const value = values[rows[at]!]!;
    if (value !== value) continue;
    const group = groups[at]!;
    const sum = high[group]!;
    const next = sum + value;
    const part = next - sum;
    high[group] = next;
    low[group]! += sum - (next - part) + (value - part);
  }
  return { high, low };
}

/** Adds up `values` of the rows named by `rows`. */
export function sumRows(values: Float64Array, rows: Uint32Array): number {
  let high = 0;
  let low = 0;
  for (let at = 0; at < rows.length; at += 1) {
    const value = values[rows[at]!]!;
    if (value !== value) continue;
    const next = high + value;
    const part = next - high;
    low += high - (next - part) + (value - part);
    high = next;
  }
  return round(high, low);
}

/** The sum of group `group`. */
export function sumOf({ high, low }: Sums, group: number): number {
  return round(high[group]!, low[group]!);
}

/** Adds up the groups from place `from` on in `order`: exactly, so that parts and whole agree. */
export function sumGroups({ high, low }: Sums, order: Uint32Array, from: number): number {
  let sum = 0;
  let lost = 0;
  for (let at = from; at < order.length; at += 1) {
    const value = high[order[at]!]!;
    const next = sum + value;
    const part = next - sum;
    lost += sum - (next - part) + (value - part) + low[order[at]!]!;
    sum = next;
  }
  return round(sum, lost);
}

/** GraphQL has no infinity: a sum past the largest double stays there. */
function round(high: number, low: number): number {
  if (Number.isFinite(high)) return high + low;
  return high > 0 ? Number.MAX_VALUE : -Number.MAX_VALUE;
}
