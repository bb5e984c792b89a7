// Numbers by row, as whole numbers of a decimal unit when all of them are such: costs in micro-dollars are stored as
// 64068345781 millionths and not as the doubles nearest to 64068.345781. Their sum is then exact in decimal, as a person
// would check it; a sum of the doubles would include their rounding errors.

/** The number of a row is `units[row] / scale`; NaN stands for null. */
export interface NumberColumn {
  readonly units: Float64Array;
  /** 1, 1,000 … 10^15; 1 also when the numbers have no common decimal unit, and are stored as doubles. */
  readonly scale: number;
}

const MAX_SCALE = 1e15;
/** Up to here neighbouring units are different doubles at every scale, so dividing returns the original number. */
const MAX_UNITS = 2 ** 51;

/** A column of finite numbers and NaN. It takes over `values`: they are its units afterwards. */
export function createNumberColumn(values: Float64Array): NumberColumn {
  let scale = 1;
  let largest = 0;
  for (let row = 0; row < values.length; row += 1) {
    const value = values[row]!;
    if (Math.abs(value) > largest) largest = Math.abs(value);
    while (value === value && Math.round(value * scale) / scale !== value) {
      if (scale === MAX_SCALE) return { units: values, scale: 1 };
      scale *= 1_000;
    }
  }
  if (Math.round(largest * scale) > MAX_UNITS) return { units: values, scale: 1 };
  // At scale 1 they are whole numbers already.
  if (scale > 1) for (let row = 0; row < values.length; row += 1) values[row] = Math.round(values[row]! * scale);
  return { units: values, scale };
}
