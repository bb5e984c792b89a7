// Reads JSON from bytes, value by value and as strictly as JSON.parse: what it accepts means the same. Anything else is an
// UnsupportedInputError. Texts are read four bytes at a time.

import { addToHash, HASH_OF_NOTHING } from './hash-table.js';
import { UnsupportedInputError } from './unsupported-input.js';
import { isJsonSafeByte, isJsonSafeWord, toWord } from '../columns/words.js';

const QUOTE = 0x22;
const COMMA = 0x2c;
export const COLON = 0x3a;
export const OPEN_LIST = 0x5b;
export const CLOSE_LIST = 0x5d;
export const OPEN_OBJECT = 0x7b;
export const CLOSE_OBJECT = 0x7d;
const BACKSLASH = 0x5c;
const SMALL_N = 0x6e;

/** The bytes that need no escape in a text. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, byte) => Number(isJsonSafeByte(byte)));
/** The bytes of numbers, true, false and null. */
const WORD = Uint8Array.from({ length: 256 }, (_, byte) => Number(/[\w+.-]/.test(String.fromCharCode(byte))));

const NULL = toWord('null');

export class Scanner {
  readonly bytes: Buffer;
  /** The same bytes, to be read four at a time. */
  readonly words: DataView;
  readonly #length: number;
  /** The offset of the next byte. */
  at = 0;
  /** The last value, [start, end), and its hash when it is a JSON-safe text. */
  start = 0;
  end = 0;
  hash = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#length = bytes.length;
  }

  /** The next byte that is not white space; undefined at the end. */
  peek(): number | undefined {
    for (;;) {
      const byte = this.bytes[this.at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return byte;
      this.at += 1;
    }
  }

  /** Skips the next byte, which must be this one. */
  expect(byte: number): void {
    if (this.peek() !== byte) throw new UnsupportedInputError();
    this.at += 1;
  }

  /** Skips a comma, or the end of a list or object; whether there is more. */
  hasMore(close: number): boolean {
    const byte = this.peek();
    if (byte !== COMMA && byte !== close) throw new UnsupportedInputError();
    this.at += 1;
    return byte === COMMA;
  }

  /** Skips null; false, without skipping, for anything else. */
  skipNull(): boolean {
    const { words, at } = this;
    if (this.bytes[at] !== SMALL_N || at + 4 > this.#length || words.getInt32(at, true) !== NULL) return false;
    this.at = at + 4;
    return true;
  }

  /** Skips bytes that equal the earlier bytes [start, end); false, without skipping, when they differ. */
  skipIfRepeated(start: number, end: number): boolean {
    const { words, at } = this;
    const shift = at - start;
    if (end + shift > this.#length) return false;
    const last = end - 4;
    if (last < start) return end > start && this.skipRepeatedBytes(start, end);
    for (let each = start; each < last; each += 4) {
      if (words.getInt32(each, true) !== words.getInt32(each + shift, true)) return false;
    }
    // The last word may overlap the word before.
    if (words.getInt32(last, true) !== words.getInt32(last + shift, true)) return false;
    this.at = end + shift;
    return true;
  }

  private skipRepeatedBytes(start: number, end: number): boolean {
    const { bytes, at } = this;
    for (let each = start; each < end; each += 1) if (bytes[each] !== bytes[at - start + each]) return false;
    this.at = at + end - start;
    return true;
  }

  /** Reads a JSON-safe text; false, without reading, for anything else. */
  readPlain(): boolean {
    const { bytes, words } = this;
    let at = this.at;
    if (bytes[at] !== QUOTE) return false;
    at += 1;
    const last = this.#length - 4;
    let hash = HASH_OF_NOTHING;
    while (at <= last) {
      const word = words.getInt32(at, true);
      if (!isJsonSafeWord(word)) break;
      hash = addToHash(hash, word);
      at += 4;
    }
    let byte = bytes[at]!;
    while (PLAIN[byte] === 1) {
      hash = addToHash(hash, byte);
      at += 1;
      byte = bytes[at]!;
    }
    if (byte !== QUOTE) return false;
    this.start = this.at + 1;
    this.end = at;
    this.hash = hash;
    this.at = at + 1;
    return true;
  }

  /** Skips a text, list or object by its quotes and brackets. It may still be invalid JSON. */
  skipValue(): void {
    const { bytes } = this;
    const { length } = bytes;
    let at = this.at;
    let depth = 0;
    do {
      if (at >= length) throw new UnsupportedInputError();
      const byte = bytes[at]!;
      at += 1;
      if (byte === QUOTE) {
        for (let char = bytes[at]!; char !== QUOTE && at < length; char = bytes[at]!) at += char === BACKSLASH ? 2 : 1;
        at += 1;
      } else if (byte === OPEN_LIST || byte === OPEN_OBJECT) depth += 1;
      else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) depth -= 1;
    } while (depth > 0);
    if (at > length) throw new UnsupportedInputError();
    this.start = this.at;
    this.end = at;
    this.at = at;
  }

  /** Skips the opening bracket of a list, or all of an empty list; whether there are elements. */
  beginList(): boolean {
    this.expect(OPEN_LIST);
    if (this.peek() !== CLOSE_LIST) return true;
    this.at += 1;
    return false;
  }

  /** The last value as a string; for JSON-safe texts. */
  toString(): string {
    return this.bytes.toString('latin1', this.start, this.end);
  }

  /** The last value, parsed. */
  parse(): unknown {
    try {
      return JSON.parse(this.bytes.toString('utf8', this.start, this.end));
    } catch {
      throw new UnsupportedInputError();
    }
  }

  /** Reads any text. */
  readText(): string {
    if (this.bytes[this.at] !== QUOTE) throw new UnsupportedInputError();
    if (this.readPlain()) return this.toString();
    this.skipValue();
    return this.parse() as string;
  }

  /** Reads any value. */
  readValue(): unknown {
    const byte = this.peek();
    if (byte === QUOTE) return this.readText();
    if (byte === OPEN_LIST || byte === OPEN_OBJECT) this.skipValue();
    else this.readLiteral();
    return this.parse();
  }

  /** Skips a number, null, true or false. */
  private readLiteral(): void {
    this.start = this.at;
    while (WORD[this.bytes[this.at] ?? 0] === 1) this.at += 1;
    this.end = this.at;
  }
}
