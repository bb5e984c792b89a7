// Numbers by row, as whole numbers of a decimal unit when all of them are such: costs in micro-dollars are stored as
// 64068345781 millionths and not as the doubles nearest to 64068.345781. Their sum is then exact in decimal, as a person
// would check it; a sum of the doubles would include their rounding errors.

/** The number of a row is `units[row] / scale`; NaN stands for null. */
export interface NumberColumn {
  readonly units: Float64Array;
  /** 1, 1,000 … 10^15; 1 also when the numbers have no common decimal unit, and are stored as doubles. */
  readonly scale: number;
}

/** The most decimal places of a unit. */
export const MAX_PLACES = 15;
const MAX_SCALE = 10 ** MAX_PLACES;
/** Up to here neighbouring units are different doubles at every scale, so dividing returns the original number. */
export const MAX_UNITS = 2 ** 51;

/** A column of finite numbers and NaN. It takes over `values`: they are its units afterwards. */
export function createNumberColumn(values: Float64Array): NumberColumn {
  const scale = findScale(values);
  if (scale > MAX_SCALE || Math.round(findLargest(values) * scale) > MAX_UNITS) return { units: values, scale: 1 };
  // At scale 1 they are whole numbers already.
  if (scale > 1) for (let row = 0; row < values.length; row += 1) values[row] = Math.round(values[row]! * scale);
  return { units: values, scale };
}

/** The scale of the smallest unit that all values are whole numbers of; above MAX_SCALE when there is none. */
function findScale(values: Float64Array): number {
  let scale = 1;
  for (let row = 0; row < values.length && scale <= MAX_SCALE; row += 1) {
    const value = values[row]!;
    while (scale <= MAX_SCALE && value === value && Math.round(value * scale) / scale !== value) scale *= 1_000;
  }
  return scale;
}

/** NaN is not larger than anything. */
function findLargest(values: Float64Array): number {
  return values.reduce((largest, value) => (Math.abs(value) > largest ? Math.abs(value) : largest), 0);
}
