// A column of numbers, read from bytes: digits become whole numbers of the column's decimal unit, and the unit becomes
// smaller when a number needs it. Without a common unit they are the doubles of JSON.parse.

import { createNumberColumn, MAX_PLACES, MAX_UNITS, type NumberColumn } from '../columns/decimal-column.js';
import { toCount, toNumber } from './json/values.js';
import type { Scanner } from './scanner.js';
import { grow } from '../columns/strings.js';
import { RowMarks } from '../warnings.js';
import { UnsupportedInputError } from './unsupported-input.js';

const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const SMALL_E = 0x65;

/** Whole numbers up to here and these powers of ten are exact doubles, so one division rounds once. */
const MAX_EXACT = 2 ** 53;
const POWERS = Float64Array.from({ length: 23 }, (_, power) => Number(`1e${power}`));

export class NumberReader {
  /** The rows whose number cannot be read. */
  readonly unreadable = new RowMarks();
  readonly #toValue: typeof toNumber;
  /** By row: whole numbers of 10 to the power of minus `#places`, or doubles. */
  #units = new Float64Array(0);
  #places = 0;
  #isDecimal = true;

  constructor(isCount: boolean) {
    this.#toValue = isCount ? toCount : toNumber;
  }

  /** Starts a report with about so many rows. */
  begin(rowCount: number): void {
    if (this.#units.length < rowCount) this.#units = new Float64Array(rowCount);
    this.#places = 0;
    this.#isDecimal = true;
    this.unreadable.clear();
  }

  /** Reads the number that begins here, or null. */
  read(scanner: Scanner, row: number): void {
    const { bytes, at: start } = scanner;
    const isNegative = bytes[start] === MINUS;
    const first = isNegative ? start + 1 : start;
    let at = first;
    let whole = 0;
    let digit = bytes[at]! - ZERO;
    while (digit >= 0 && digit <= 9) {
      whole = 10 * whole + digit;
      at += 1;
      digit = bytes[at]! - ZERO;
    }
    if (at === first || (bytes[first] === ZERO && at > first + 1)) {
      this.#readOther(scanner, row);
      return;
    }
    let places = 0;
    if (bytes[at] === POINT) {
      at += 1;
      const point = at;
      digit = bytes[at]! - ZERO;
      while (digit >= 0 && digit <= 9) {
        whole = 10 * whole + digit;
        at += 1;
        digit = bytes[at]! - ZERO;
      }
      places = at - point;
      if (places === 0) throw new UnsupportedInputError();
    }
    if ((bytes[at]! | 0x20) === SMALL_E) {
      this.#setOther(row, this.#toValue(scanner.readValue()));
      return;
    }
    scanner.at = at;
    if (whole >= MAX_EXACT || places >= POWERS.length) {
      // Too many digits for exact arithmetic. Number() takes a third of the time of JSON.parse.
      this.#setOther(row, this.#toValue(Number(bytes.toString('latin1', start, at))));
      return;
    }
    this.#set(row, isNegative ? -whole : whole, places);
  }

  /** Reads white space before a number, or any other value. */
  #readOther(scanner: Scanner, row: number): void {
    const { at } = scanner;
    scanner.peek();
    if (scanner.at > at) this.read(scanner, row);
    else if (scanner.skipNull()) this.setNull(row);
    else this.#setOther(row, this.#toValue(scanner.readValue()));
  }

  setNull(row: number): void {
    if (row >= this.#units.length) this.#units = grow(this.#units, row + 1);
    this.#units[row] = Number.NaN;
  }

  column(rowCount: number): NumberColumn {
    const units = this.#units.subarray(0, rowCount);
    return this.#isDecimal ? { units, scale: POWERS[this.#places]! } : createNumberColumn(units);
  }

  #set(row: number, whole: number, places: number): void {
    if (row >= this.#units.length) this.#units = grow(this.#units, row + 1);
    if (this.#toValue === toCount) this.#setOther(row, toCount(whole / POWERS[places]!));
    else if (places === this.#places && this.#isDecimal && whole <= MAX_UNITS && whole >= -MAX_UNITS)
      this.#units[row] = whole;
    else this.#setUnequal(row, whole, places);
  }

  /** Sets a number with other decimal places than the column's, or too large for its unit. */
  #setUnequal(row: number, whole: number, places: number): void {
    let [digits, needed] = [whole, places];
    // 1.500 needs no more places than 1.5.
    for (; needed > this.#places && digits % 10 === 0; needed -= 1) digits /= 10;
    if (this.#isDecimal && needed > this.#places) this.#refine(row, needed);
    const units = digits * POWERS[Math.max(0, this.#places - needed)]!;
    if (this.#isDecimal && Math.abs(units) > MAX_UNITS) this.#giveUp(row);
    this.#units[row] = this.#isDecimal ? units : whole / POWERS[places]!;
  }

  /** Sets a double. Counts are whole numbers, and stay in units of 1. */
  #setOther(row: number, value: number | null | undefined): void {
    if (value === undefined) this.unreadable.add(row);
    if (value === null || value === undefined) {
      this.setNull(row);
      return;
    }
    if (row >= this.#units.length) this.#units = grow(this.#units, row + 1);
    if (this.#toValue !== toCount) this.#giveUp(row);
    this.#units[row] = value;
  }

  /** Makes the unit small enough for so many places, if the numbers read so far fit it. */
  #refine(rowCount: number, places: number): void {
    const refined = 3 * Math.ceil(places / 3);
    const units = this.#units;
    const factor = POWERS[refined - this.#places]!;
    let isFitting = refined <= MAX_PLACES;
    for (let row = 0; row < rowCount && isFitting; row += 1) isFitting = !(Math.abs(units[row]! * factor) > MAX_UNITS);
    if (!isFitting) {
      this.#giveUp(rowCount);
      return;
    }
    for (let row = 0; row < rowCount; row += 1) units[row]! *= factor;
    this.#places = refined;
  }

  /** Turns the column into doubles. */
  #giveUp(rowCount: number): void {
    if (!this.#isDecimal) return;
    this.#isDecimal = false;
    const scale = POWERS[this.#places]!;
    for (let row = 0; row < rowCount; row += 1) this.#units[row]! /= scale;
  }
}
