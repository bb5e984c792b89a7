// Many texts in two arrays: their characters one after the other, and the end of each. 100,000 ids are then one block of
// memory that can be transferred between threads, and become strings only when they are read.

import { inRanges, ITEMS_PER_STEP, type Computation } from '../computation.js';
import { areJsonSafe, viewPadded } from './words.js';

/** A string column as plain data: one byte per character, or two when a character needs them. */
export interface StringData {
  readonly chars: Uint8Array | Uint16Array;
  readonly ends: Uint32Array;
}

export interface StringColumn {
  readonly length: number;
  at(index: number): string;
  /** The texts [start, end), in one batch; all of them by default. */
  slice(start?: number, end?: number): string[];
  /** Whether the text at `index` is this one. */
  is(index: number, text: string): boolean;
  /** Whether no text changes in lower case; undefined where that takes as long as to read them. */
  isFolded?(): boolean;
  /** The texts as JSON, to be copied; undefined when a text has to be escaped or is not ASCII. */
  jsonSafe?(): JsonSafeStrings | undefined;
}

/** Texts as JSON without their quotation marks: one after the other, and the end of each. */
export interface JsonSafeStrings {
  readonly view: DataView;
  readonly ends: Uint32Array;
}

export class PackedStrings implements StringColumn {
  readonly #chars: StringData['chars'];
  readonly #ends: Uint32Array;
  #buffer: Buffer | undefined;
  #isJsonSafe: boolean | undefined;

  constructor({ chars, ends }: StringData) {
    this.#chars = chars;
    this.#ends = ends;
  }

  get length(): number {
    return this.#ends.length;
  }

  at(index: number): string {
    return this.#read(this.#startOf(index), this.#ends[index]!);
  }

  slice(start = 0, end = this.length): string[] {
    if (start >= end) return [];
    const first = this.#startOf(start);
    // Decoded together: one call for many texts.
    const joined = this.#read(first, this.#ends[end - 1]!);
    const strings: string[] = [];
    for (let at = start; at < end; at += 1)
      strings.push(joined.slice(this.#startOf(at) - first, this.#ends[at]! - first));
    return strings;
  }

  is(index: number, text: string): boolean {
    return this.#ends[index]! - this.#startOf(index) === text.length && this.at(index) === text;
  }

  isFolded(): boolean {
    const all = this.#read(0, this.#ends.at(-1) ?? 0);
    return all === all.toLowerCase();
  }

  jsonSafe(): JsonSafeStrings | undefined {
    const chars = this.#chars;
    if (!(chars instanceof Uint8Array)) return undefined;
    this.#isJsonSafe ??= areJsonSafe(chars);
    const words = this.#isJsonSafe ? viewPadded(chars) : undefined;
    return words && { view: words.view, ends: this.#ends };
  }

  #startOf(index: number): number {
    return index === 0 ? 0 : this.#ends[index - 1]!;
  }

  #read(start: number, end: number): string {
    const { buffer, byteOffset, byteLength, BYTES_PER_ELEMENT: width } = this.#chars;
    this.#buffer ??= Buffer.from(buffer, byteOffset, byteLength);
    return this.#buffer.toString(width === 1 ? 'latin1' : 'utf16le', width * start, width * end);
  }
}

/** Texts that are made when they are read. */
export function computedStrings(length: number, at: (index: number) => string): StringColumn {
  return {
    length,
    at,
    slice: (start = 0, end = length) => Array.from({ length: end - start }, (_, index) => at(start + index)),
    is: (index, text) => at(index) === text,
  };
}

/** The texts with these numbers. */
export function gatherStrings(texts: StringColumn, indexes: ArrayLike<number>): StringColumn {
  return computedStrings(indexes.length, (index) => texts.at(indexes[index]!));
}

/** All texts as strings. */
export function* readStrings(texts: StringColumn): Computation<string[]> {
  const strings: string[] = [];
  yield* inRanges(
    texts.length,
    (from, to) => {
      for (const text of texts.slice(from, to)) strings.push(text);
    },
    ITEMS_PER_STEP,
  );
  return strings;
}

/** A text in bytes, all of them ASCII: [start, end). */
interface AsciiText {
  readonly bytes: Uint8Array;
  /** The same bytes, to be read four at a time. */
  readonly words: DataView;
  readonly start: number;
  readonly end: number;
}

const FIRST_CHARS = 1_024;
const FIRST_TEXTS = 64;

/** Builds string columns, one report after the other; each text gets the next number. */
export class StringColumnBuilder {
  #chars: Uint8Array | Uint16Array = new Uint8Array(FIRST_CHARS);
  #ends = new Uint32Array(FIRST_TEXTS);
  #viewed = this.#chars;
  #view = new DataView(this.#chars.buffer);
  #charCount = 0;
  #count = 0;

  /** Removes all texts. Data returned before becomes invalid. */
  clear(): void {
    if (this.#chars.BYTES_PER_ELEMENT > 1) this.#chars = new Uint8Array(FIRST_CHARS);
    this.#charCount = 0;
    this.#count = 0;
  }

  /** Adds a text and returns its number. */
  add(text: string): number {
    this.#makeRoom(text.length);
    for (let at = 0; at < text.length; at += 1) {
      const char = text.charCodeAt(at);
      if (char > 0xff && this.#chars.BYTES_PER_ELEMENT === 1) this.#chars = Uint16Array.from(this.#chars);
      this.#chars[this.#charCount++] = char;
    }
    return this.#end();
  }

  /** Adds an ASCII text and returns its number. */
  addAscii({ bytes, words, start, end }: AsciiText): number {
    this.#makeRoom(end - start);
    // Runs for every id, hence local variables. For such short texts a loop is faster than set().
    const chars = this.#chars;
    const shift = this.#charCount - start;
    let at = start;
    if (chars.BYTES_PER_ELEMENT === 1) {
      const view = this.#viewOf(chars);
      for (; at + 4 <= end; at += 4) view.setInt32(at + shift, words.getInt32(at, true), true);
    }
    for (; at < end; at += 1) chars[at + shift] = bytes[at]!;
    this.#charCount += end - start;
    return this.#end();
  }

  /** Whether the text with this number equals an ASCII text. */
  isAscii(number: number, { bytes, words, start, end }: AsciiText): boolean {
    const chars = this.#chars;
    const first = number === 0 ? 0 : this.#ends[number - 1]!;
    if (this.#ends[number]! - first !== end - start) return false;
    const shift = first - start;
    let at = start;
    if (chars.BYTES_PER_ELEMENT === 1) {
      const view = this.#viewOf(chars);
      for (; at + 4 <= end; at += 4) if (view.getInt32(at + shift, true) !== words.getInt32(at, true)) return false;
    }
    for (; at < end; at += 1) if (chars[at + shift] !== bytes[at]) return false;
    return true;
  }

  /** The texts; valid until the next text is added. */
  data(): StringData {
    return { chars: this.#chars.subarray(0, this.#charCount), ends: this.#ends.subarray(0, this.#count) };
  }

  /** A view of these characters, created when the array has changed. */
  #viewOf(chars: Uint8Array | Uint16Array): DataView {
    if (this.#viewed === chars) return this.#view;
    this.#viewed = chars;
    return (this.#view = new DataView(chars.buffer));
  }

  #makeRoom(more: number): void {
    if (this.#charCount + more > this.#chars.length) this.#chars = grow(this.#chars, this.#charCount + more);
    if (this.#count === this.#ends.length) this.#ends = grow(this.#ends, this.#count + 1);
  }

  #end(): number {
    this.#ends[this.#count] = this.#charCount;
    return this.#count++;
  }
}

/** Texts as a string column. */
export function toStringData(texts: Iterable<string>): StringData {
  const builder = new StringColumnBuilder();
  for (const text of texts) builder.add(text);
  return builder.data();
}

/** A copy with at least `length` elements. */
export function grow<T extends Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array>(
  array: T,
  length: number,
): T {
  const Kind = array.constructor as new (length: number) => T;
  const grown = new Kind(Math.max(length, 2 * array.length));
  grown.set(array);
  return grown;
}
