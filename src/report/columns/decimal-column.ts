// Numbers by row, as whole numbers of a decimal unit where they are ones: costs in micro-dollars are kept as 64068345781
// millionths and not as the doubles nearest to 64068.345781. Adding those up is exact in decimal, the way a person would
// check it; adding up the doubles would be exact too, but exact about their rounding errors.

/** The number of a row is `units[row] / scale`; NaN stands for null. */
export interface NumberColumn {
  readonly units: Float64Array;
  /** 1, 1,000 … 10^15; 1 also where the numbers have no common decimal unit, and are kept as they are. */
  readonly scale: number;
}

/** Of a decimal unit, after the point. */
export const MAX_PLACES = 15;
const MAX_SCALE = 10 ** MAX_PLACES;
/** Up to here neighbouring units are different doubles, whatever the scale: dividing gives back the very number. */
export const MAX_UNITS = 2 ** 51;

/** A column of finite numbers and NaN. It is made in place: `values` are its units afterwards. */
export function createNumberColumn(values: Float64Array): NumberColumn {
  const scale = findScale(values);
  if (scale > MAX_SCALE || Math.round(findLargest(values) * scale) > MAX_UNITS) return { units: values, scale: 1 };
  // At scale 1 they are whole numbers already.
  if (scale > 1) for (let row = 0; row < values.length; row += 1) values[row] = Math.round(values[row]! * scale);
  return { units: values, scale };
}

/** The smallest unit that all values are whole numbers of; past MAX_SCALE where there is none. */
function findScale(values: Float64Array): number {
  let scale = 1;
  for (let row = 0; row < values.length && scale <= MAX_SCALE; row += 1) {
    const value = values[row]!;
    while (scale <= MAX_SCALE && value === value && Math.round(value * scale) / scale !== value) scale *= 1_000;
  }
  return scale;
}

function findLargest(values: Float64Array): number {
  let largest = 0;
  for (let row = 0; row < values.length; row += 1) {
    const size = Math.abs(values[row]!);
    if (size > largest) largest = size;
  }
  return largest;
}
