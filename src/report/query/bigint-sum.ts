// Sums in whole numbers of the smallest double, 2 to the power of -1074: exact for any doubles, and slow. For the rare
// sums that a few doubles do not hold, where numbers of very different size cancel each other.

const SMALLEST_EXPONENT = -1074;
const FRACTION_BITS = 52n;
const FRACTION_MASK = (1n << FRACTION_BITS) - 1n;
const EXPONENT_MASK = 0x7ffn;
/** Fewer bits than the largest double has, and many more than one keeps. */
const KEPT_BITS = 1_000;

/** Makes functions that say what a finite double is in units. */
function createUnitReader(): (value: number) => bigint {
  const double = new Float64Array(1);
  const bits = new BigUint64Array(double.buffer);
  return (value) => {
    double[0] = Math.abs(value);
    const fraction = bits[0]! & FRACTION_MASK;
    const exponent = (bits[0]! >> FRACTION_BITS) & EXPONENT_MASK;
    const units = exponent === 0n ? fraction : (fraction | (1n << FRACTION_BITS)) << (exponent - 1n);
    return value < 0 ? -units : units;
  };
}

/** As sumByGroup, in units. */
export function sumUnitsByGroup(
  values: Float64Array,
  rows: Uint32Array,
  groups: Uint32Array,
  groupCount: number,
): readonly bigint[] {
  const toUnits = createUnitReader();
  const sums = new Array<bigint>(groupCount).fill(0n);
  for (let at = 0; at < rows.length; at += 1) {
    const value = values[rows[at]!]!;
    if (value === value) sums[groups[at]!]! += toUnits(value);
  }
  return sums;
}

export function sumUnits(values: readonly number[]): bigint {
  return values.map(createUnitReader()).reduce((sum, units) => sum + units, 0n);
}

/** The double nearest to so many units; infinite past the largest. */
export function fromUnits(units: bigint): number {
  const surplus = BigInt(Math.max(0, 4 * units.toString(16).length - KEPT_BITS));
  let kept = units >> surplus;
  // What is cut off decides only whether the rest is just half way between two doubles.
  if (kept << surplus !== units) kept |= 1n;
  return Number(kept) * 2 ** (Number(surplus) + SMALLEST_EXPONENT);
}
