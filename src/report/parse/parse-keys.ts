// Which field comes next in a row. A Go server writes the fields of every row in the same order, so the bytes of the key and
// its separators are compared with those at the same position in the row before.

import { LIST_FIELDS, NAME_FIELDS, NUMBER_FIELDS } from '../columns/columns.js';
import { CLOSE_OBJECT, COLON, OPEN_OBJECT, type Scanner } from './scanner.js';

/** The fields that are read, by number. */
export const FIELDS: readonly string[] = [...NUMBER_FIELDS, ...NAME_FIELDS, ...LIST_FIELDS, 'id'];
/** The number of all other fields. */
export const OTHER_FIELD = FIELDS.length;
/** Returned at the end of the row. */
export const NO_FIELD = FIELDS.length + 1;

/** Keys at later positions are read without comparing. */
const MAX_POSITIONS = 100;

export class KeyReader {
  /** Start (comma or brace) and end (colon) of the last key at each position, and its field. */
  readonly #starts = new Uint32Array(MAX_POSITIONS);
  readonly #ends = new Uint32Array(MAX_POSITIONS);
  readonly #fields = new Uint8Array(MAX_POSITIONS);

  /** Starts a report. */
  begin(): void {
    this.#ends.set(this.#starts);
  }

  /** Reads the key at this position of the row, or the row's end; returns the number of its field. */
  read(scanner: Scanner, position: number): number {
    if (position < MAX_POSITIONS && scanner.skipIfRepeated(this.#starts[position]!, this.#ends[position]!))
      return this.#fields[position]!;
    return this.#readOther(scanner, position);
  }

  #readOther(scanner: Scanner, position: number): number {
    const start = scanner.at;
    if (position === 0) scanner.expect(OPEN_OBJECT);
    else if (!scanner.hasMore(CLOSE_OBJECT)) return NO_FIELD;
    scanner.peek();
    const field = FIELD_OF.get(scanner.readText()) ?? OTHER_FIELD;
    scanner.expect(COLON);
    if (position < MAX_POSITIONS) {
      this.#starts[position] = start;
      this.#ends[position] = scanner.at;
      this.#fields[position] = field;
    }
    return field;
  }
}

const FIELD_OF = new Map(FIELDS.map((field, number) => [field, number]));
