// The numbers of some rows, for sums over no others: as exact as these rows let them be. A sum over decimals is exact in
// decimal, one over any doubles is not, and which of them it is must not tell of rows that nobody sees.

import { byField, NUMBER_FIELDS, type Columns } from '../columns/columns.js';
import { createNumberColumn, type NumberColumn } from '../columns/decimal-column.js';

/** Up to here whole numbers of a unit are added up without rounding. */
const MAX_EXACT = 2 ** 53;

/** By the numbers of the rows, as before; of other rows there may be none. Looked at when somebody asks. */
export function createNumbersOf({ rowCount, numbers }: Columns, rows: Uint32Array): Columns['numbers'] {
  if (rows.length === rowCount) return numbers;
  const own = byField(NUMBER_FIELDS, (field) => {
    let isSame: boolean | undefined;
    return {
      get: () => ((isSame ??= addsUpAlike(numbers[field], rows)) ? numbers[field] : createOwn(numbers[field], rows)),
    };
  });
  return Object.defineProperties({}, own) as Columns['numbers'];
}

/** Whether sums over these rows are the same as if the column had no others. */
function addsUpAlike(whole: NumberColumn, rows: Uint32Array): boolean {
  // Where numbers have no decimal unit, the scale is 1.
  if (pick(whole, rows).scale === whole.scale) return true;
  let size = 0;
  for (let at = 0; at < rows.length; at += 1) size += Math.abs(whole.units[rows[at]!]!) || 0;
  return whole.scale > 1 && size <= MAX_EXACT;
}

/** Made anew for each question: it is as long as the whole column, and such rows are rare. */
function createOwn(whole: NumberColumn, rows: Uint32Array): NumberColumn {
  const { units, scale } = pick(whole, rows);
  const spread = new Float64Array(whole.units.length).fill(Number.NaN);
  for (let at = 0; at < rows.length; at += 1) spread[rows[at]!] = units[at]!;
  return { units: spread, scale };
}

function pick({ units, scale }: NumberColumn, rows: Uint32Array): NumberColumn {
  const values = new Float64Array(rows.length);
  for (let at = 0; at < rows.length; at += 1) values[at] = units[rows[at]!]! / scale;
  return createNumberColumn(values);
}
