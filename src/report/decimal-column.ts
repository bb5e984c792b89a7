// Numbers by row, as whole numbers of a decimal unit where they are ones: costs in micro-dollars are kept as 64068345781
// millionths and not as the doubles nearest to 64068.345781. Adding those up is exact in decimal, the way a person would
// check it; adding up the doubles would be exact too, but exact about their rounding errors.

/** The number of a row is `units[row] / scale`; NaN stands for null. */
export interface NumberColumn {
  readonly units: Float64Array;
  /** 1, 1,000 … 10^15; 1 also where the numbers have no common decimal unit, and are kept as they are. */
  readonly scale: number;
}

const MAX_SCALE = 1e15;
/** Up to here neighbouring units are different doubles, whatever the scale: dividing gives back the very number. */
const MAX_UNITS = 2 ** 51;

/** A column of finite numbers and NaN. */
export function createNumberColumn(values: Float64Array): NumberColumn {
  const scale = findScale(values);
  const units = values.map((value) => Math.round(value * scale));
  const isDecimal = scale <= MAX_SCALE && units.every((each) => !(Math.abs(each) > MAX_UNITS));
  return isDecimal ? { units, scale } : { units: values, scale: 1 };
}

/** The smallest unit that all values are whole numbers of; past MAX_SCALE where there is none. */
function findScale(values: Float64Array): number {
  let scale = 1;
  for (let row = 0; row < values.length; row += 1) {
    const value = values[row]!;
    while (scale <= MAX_SCALE && value === value && Math.round(value * scale) / scale !== value) scale *= 1_000;
  }
  return scale;
}
