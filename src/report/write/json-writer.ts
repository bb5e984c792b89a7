// Writes JSON into a buffer that grows. Numbers and texts are written as bytes, and texts copied four bytes at a time:
// making strings first takes longer than the rest of a large response.

import type { JsonSafeStrings } from '../columns/strings.js';
import { padBytes, PADDING, type PaddedBytes } from '../columns/words.js';
import type { RowIds } from '../row-ids.js';

const QUOTE = 0x22;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NULL = padBytes(Buffer.from('null'));
const EMPTY = Buffer.alloc(0);
const EMPTY_VIEW = new DataView(EMPTY.buffer, EMPTY.byteOffset, 0);
/** The longest text of a double. */
const MAX_NUMBER_BYTES = 32;
/** At least the characters of an id and a quotation mark. */
const ROW_ID_BYTES = 16;
/** Below this, a whole number is written without an exponent and with all digits exact. */
const MAX_PLAIN = 1e15;
const MAX_INT = 2 ** 31 - 1;

export class JsonWriter {
  readonly #firstBytes: number;
  #bytes = EMPTY;
  #view = EMPTY_VIEW;
  /** How many bytes fit the buffer besides the padding. */
  #capacity = 0;
  /** How many bytes were written since the last flush. */
  length = 0;

  /** @param firstBytes how many bytes are expected between two flushes. */
  constructor(firstBytes: number) {
    this.#firstBytes = firstBytes;
  }

  /** Returns what was written. Further bytes go to a new buffer. */
  flush(): Buffer {
    const written = this.#bytes.subarray(0, this.length);
    this.#bytes = EMPTY;
    this.#capacity = 0;
    this.length = 0;
    return written;
  }

  writeByte(byte: number): void {
    this.#reserve(1);
    this.#bytes[this.length++] = byte;
  }

  /** Writes JSON bytes. */
  copy({ view, length }: PaddedBytes): void {
    this.#reserve(length);
    this.#copy(view, 0, length);
  }

  /** Writes `opening`, which ends with a quotation mark, one of the texts, and the closing quotation mark. */
  text(opening: PaddedBytes, { view, ends }: JsonSafeStrings, index: number): void {
    const start = index === 0 ? 0 : ends[index - 1]!;
    const end = ends[index]!;
    this.#reserve(opening.length + end - start + 1);
    this.#copy(opening.view, 0, opening.length);
    this.#copy(view, start, end);
    this.#bytes[this.length++] = QUOTE;
  }

  /** Writes `opening`, which ends with a quotation mark, the id of a row, and the closing quotation mark. */
  rowId(opening: PaddedBytes, ids: RowIds, row: number): void {
    this.#reserve(opening.length + ROW_ID_BYTES);
    this.#copy(opening.view, 0, opening.length);
    this.length = ids.write(row, this.#view, this.length);
    this.#bytes[this.length++] = QUOTE;
  }

  /** Writes JSON text. */
  json(text: string): void {
    // A UTF-16 code unit takes at most three bytes in UTF-8.
    this.#reserve(3 * text.length);
    this.length += this.#bytes.write(text, this.length);
  }

  null(): void {
    this.copy(NULL);
  }

  /** Writes `units / scale`; scale is 10 to the power of `decimals`. NaN is written as null. */
  number(units: number, scale: number, decimals: number): void {
    if (units !== units) {
      this.null();
      return;
    }
    const size = Math.abs(units);
    if (!(size < MAX_PLAIN) || (scale === 1 && !Number.isInteger(size))) {
      this.json(String(units / scale));
      return;
    }
    this.#reserve(MAX_NUMBER_BYTES);
    if (units < 0) this.#bytes[this.length++] = MINUS;
    if (scale === 1) this.#digits(size);
    else this.#decimal(size, scale, decimals);
  }

  /** The caller has reserved the bytes and the padding after them. */
  #copy(source: DataView, start: number, end: number): void {
    const view = this.#view;
    const shift = this.length - start;
    for (let at = start; at < end; at += 4) view.setInt32(at + shift, source.getInt32(at, true), true);
    this.length = end + shift;
  }

  #decimal(size: number, scale: number, decimals: number): void {
    let whole = Math.floor(size / scale);
    // The division rounds, and may have reached the next whole number.
    if (whole * scale > size) whole -= 1;
    this.#digits(whole);
    const rest = size - whole * scale;
    if (rest === 0) return;
    const bytes = this.#bytes;
    bytes[this.length++] = POINT;
    const start = this.length;
    this.length += decimals;
    this.#fill(rest, start, this.length);
    while (bytes[this.length - 1] === ZERO) this.length -= 1;
  }

  /** A whole number below MAX_PLAIN. */
  #digits(value: number): void {
    const start = this.length;
    this.length += countDigits(value);
    this.#fill(value, start, this.length);
  }

  /** The digits of a whole number at the end of [start, end), with zeros before them. */
  #fill(value: number, start: number, end: number): void {
    let at = end;
    let rest = value;
    for (; rest > MAX_INT; at -= 1) {
      const next = Math.floor(rest / 10);
      this.#bytes[at - 1] = ZERO + (rest - 10 * next);
      rest = next;
    }
    // Integer arithmetic is faster.
    for (let small = rest | 0; at > start; at -= 1) {
      const next = (small / 10) | 0;
      this.#bytes[at - 1] = ZERO + (small - 10 * next);
      small = next;
    }
  }

  #reserve(count: number): void {
    const needed = this.length + count;
    if (needed > this.#capacity) this.#grow(needed);
  }

  #grow(needed: number): void {
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#bytes.length, this.#firstBytes, needed + PADDING));
    larger.set(this.#bytes.subarray(0, this.length));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer, larger.byteOffset, larger.byteLength);
    this.#capacity = larger.length - PADDING;
  }
}

function countDigits(value: number): number {
  let count = 1;
  for (let limit = 10; value >= limit; limit *= 10) count += 1;
  return count;
}
