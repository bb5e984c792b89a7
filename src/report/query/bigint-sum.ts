// Sums in units of the smallest double, 2 to the power of -1074: exact for any doubles, and slow. For the rare sums that
// three doubles cannot represent, where numbers of very different size cancel each other.

import { forEachIndex, type Computation } from '../computation.js';

const SMALLEST_EXPONENT = -1074;
/** A unit is 5^1074 times 10^-1074. */
const FIVES = 5n ** BigInt(-SMALLEST_EXPONENT);
const FRACTION_BITS = 52n;
const FRACTION_MASK = (1n << FRACTION_BITS) - 1n;
const EXPONENT_MASK = 0x7ffn;
/** Fewer bits than the largest double has, and many more than a double retains. */
const RETAINED_BITS = 1_000;

/** Creates a function from a finite double to its number of units. */
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

/** The same as sumByGroup, in units. */
export function* sumUnitsByGroup(
  values: Float64Array,
  rows: Uint32Array,
  groups: Uint32Array,
  groupCount: number,
): Computation<readonly bigint[]> {
  const toUnits = createUnitReader();
  const sums = new Array<bigint>(groupCount).fill(0n);
  yield* forEachIndex(rows.length, (at) => {
    const value = values[rows[at]!]!;
    if (!Number.isNaN(value)) sums[groups[at]!]! += toUnits(value);
  });
  return sums;
}

export function sumUnits(values: readonly number[]): bigint {
  return values.map(createUnitReader()).reduce((sum, units) => sum + units, 0n);
}

/** The double nearest to so many units, divided by a power of ten; infinite past the largest double. */
export function fromUnits(units: bigint, scale = 1): number {
  // As a decimal number with all its digits, which is rounded once.
  if (scale > 1) return Number(`${units * FIVES}e${SMALLEST_EXPONENT - Math.round(Math.log10(scale))}`);
  const surplus = BigInt(Math.max(0, 4 * units.toString(16).length - RETAINED_BITS));
  let retained = units >> surplus;
  // The bits that are cut off decide only whether the rest is just half way between two doubles.
  if (retained << surplus !== units) retained |= 1n;
  return Number(retained) * 2 ** (Number(surplus) + SMALLEST_EXPONENT);
}
