// The columns of names and ids, read from bytes. Most names repeat the one in the row before, which is recognised by
// comparing bytes.

import { RowMarks } from '../warnings.js';
import { toName } from './json/values.js';
import type { Scanner } from './scanner.js';
import { StringInterner } from './interned-strings.js';
import { grow, StringColumnBuilder, type StringData } from '../columns/strings.js';

/** Reads texts at one position of a repeated structure. */
export class RepeatedValueReader {
  readonly #table: StringInterner;
  /** The last text, with its quotation marks. */
  #start = 0;
  #end = 0;
  #code = 0;

  constructor(table: StringInterner) {
    this.#table = table;
  }

  /** Starts a report: nothing to compare with. */
  begin(): void {
    this.#end = this.#start;
  }

  /** The number of the JSON-safe text that begins here; -1, without reading, for anything else. */
  read(scanner: Scanner): number {
    if (scanner.skipIfRepeated(this.#start, this.#end)) return this.#code;
    const start = scanner.at;
    if (!scanner.readPlain()) return -1;
    this.#code = this.#table.intern(scanner);
    this.#start = start;
    this.#end = scanner.at;
    return this.#code;
  }
}

/** Codes by row. */
export class CodeBuffer {
  #codes = new Uint32Array(0);

  /** Starts a report with about so many rows. Code 0, which stands for null, is that of each row until it is set. */
  begin(rowCount: number): void {
    if (this.#codes.length < rowCount) this.#codes = new Uint32Array(rowCount);
    else this.#codes.fill(0);
  }

  set(row: number, code: number): void {
    if (row >= this.#codes.length) this.#codes = grow(this.#codes, row + 1);
    this.#codes[row] = code;
  }

  codes(rowCount: number): Uint32Array {
    if (rowCount > this.#codes.length) this.#codes = grow(this.#codes, rowCount);
    return this.#codes.subarray(0, rowCount);
  }
}

/** The code of null. */
const NO_NAME = 0;

/** A column of names. */
export class NameReader {
  /** The rows whose name cannot be read. */
  readonly unreadable = new RowMarks();
  readonly #codes = new CodeBuffer();
  readonly #table = new StringInterner();
  readonly #repeated = new RepeatedValueReader(this.#table);

  begin(rowCount: number): void {
    this.#codes.begin(rowCount);
    this.#table.clear();
    this.#repeated.begin();
    this.unreadable.clear();
  }

  /** Reads the name that begins here, or null. */
  read(scanner: Scanner, row: number): void {
    const code = this.#repeated.read(scanner);
    this.#codes.set(row, code >= 0 ? code : this.#readOther(scanner, row));
  }

  column(rowCount: number): { readonly codes: Uint32Array; readonly values: StringData } {
    return { codes: this.#codes.codes(rowCount), values: this.#table.data() };
  }

  #readOther(scanner: Scanner, row: number): number {
    scanner.peek();
    if (scanner.skipNull()) return NO_NAME;
    const code = this.#repeated.read(scanner);
    if (code >= 0) return code;
    const name = toName(scanner.readValue());
    if (name === undefined) this.unreadable.add(row);
    return name == null ? NO_NAME : this.#table.internString(name);
  }
}

/** ScaleOps' ids; the empty text without one. They differ from row to row, so they are not interned. */
export class IdReader {
  readonly #texts = new StringColumnBuilder();

  begin(): void {
    this.#texts.clear();
  }

  read(scanner: Scanner): void {
    scanner.peek();
    if (scanner.skipNull()) this.addNone();
    else if (scanner.readPlain()) this.#texts.addAscii(scanner);
    else this.#texts.add(scanner.readText());
  }

  addNone(): void {
    this.#texts.add('');
  }

  texts(): StringData {
    return this.#texts.data();
  }
}
