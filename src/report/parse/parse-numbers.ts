// A column of numbers, read from bytes: the doubles that JSON.parse makes of them.

import { createNumberColumn, type NumberColumn } from '../columns/decimal-column.js';
import { toCount, toNumber } from './json/values.js';
import type { Scanner } from './scanner.js';
import { grow } from '../columns/strings.js';
import { RowMarks } from '../warnings.js';

const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const SMALL_E = 0x65;

/** Whole numbers up to here and these powers of ten are exact doubles, so one division rounds once. */
const MAX_EXACT = 2 ** 53;
const POWERS = Float64Array.from({ length: 23 }, (_, power) => Number(`1e${power}`));

export class NumberReader {
  /** The rows whose number cannot be read. */
  readonly unreadable = new RowMarks();
  readonly #isCount: boolean;
  /** By row; NaN stands for null. */
  #values = new Float64Array(0);

  constructor(isCount: boolean) {
    this.#isCount = isCount;
  }

  /** Starts a report with about so many rows. */
  begin(rowCount: number): void {
    if (this.#values.length < rowCount) this.#values = new Float64Array(rowCount);
    this.unreadable.clear();
  }

  /** Reads the number that begins here, or null. */
  read(scanner: Scanner, row: number): void {
    const { bytes, at: start } = scanner;
    const isNegative = bytes[start] === MINUS;
    const first = isNegative ? start + 1 : start;
    let at = first;
    let point = -1;
    let digits = 0;
    for (; ; at += 1) {
      const byte = bytes[at]!;
      if (byte >= ZERO && byte <= NINE) digits = 10 * digits + (byte - ZERO);
      else if (byte === POINT && point < 0) point = at;
      else break;
    }
    const integerDigits = (point < 0 ? at : point) - first;
    const places = point < 0 ? 0 : at - point - 1;
    const isPlain = integerDigits > 0 && (bytes[first] !== ZERO || integerDigits === 1) && point !== at - 1;
    if (!isPlain || (bytes[at]! | 0x20) === SMALL_E) {
      this.#readOther(scanner, row);
      return;
    }
    scanner.at = at;
    if (digits >= MAX_EXACT || places >= POWERS.length) {
      // Too many digits for exact arithmetic. Number() takes a third of the time of JSON.parse.
      this.#setValue(row, Number(bytes.toString('latin1', start, at)));
    } else {
      const value = (isNegative ? -digits : digits) / POWERS[places]!;
      if (this.#isCount) this.#setValue(row, value);
      else this.#set(row, value);
    }
  }

  setNull(row: number): void {
    this.#set(row, Number.NaN);
  }

  column(rowCount: number): NumberColumn {
    return createNumberColumn(this.#values.subarray(0, rowCount));
  }

  /** Reads white space before a number, or any other value. */
  #readOther(scanner: Scanner, row: number): void {
    const { at } = scanner;
    scanner.peek();
    if (scanner.at > at) this.read(scanner, row);
    else if (scanner.skipNull()) this.setNull(row);
    else this.#setValue(row, scanner.readValue());
  }

  #setValue(row: number, value: unknown): void {
    const number = (this.#isCount ? toCount : toNumber)(value);
    if (number === undefined) this.unreadable.add(row);
    this.#set(row, number ?? Number.NaN);
  }

  #set(row: number, value: number): void {
    if (row >= this.#values.length) this.#values = grow(this.#values, row + 1);
    this.#values[row] = value;
  }
}
