// Which field comes next in a row. A Go server writes the fields of every row in the same order, so the key that comes is
// compared with the one that stood in its place in the row before, together with what separates it from the field before.

import { LIST_FIELDS, NAME_FIELDS, NUMBER_FIELDS } from '../columns/columns.js';
import { CLOSE_OBJECT, COLON, OPEN_OBJECT, type Scanner } from './scanner.js';

/** The fields that are read, by their numbers. */
export const FIELDS: readonly string[] = [...NUMBER_FIELDS, ...NAME_FIELDS, ...LIST_FIELDS, 'id'];
/** Stands for all others. */
export const OTHER_FIELD = FIELDS.length;
/** Stands for the end of the row. */
export const NO_FIELD = FIELDS.length + 1;

/** Keys that stand further behind in their rows are read each time. */
const MAX_PLACES = 100;

export class KeyReader {
  /** Where the last key in each place began, with its comma or brace, and ended, with its colon; and its field. */
  readonly #starts = new Uint32Array(MAX_PLACES);
  readonly #ends = new Uint32Array(MAX_PLACES);
  readonly #fields = new Uint8Array(MAX_PLACES);

  /** Begins another report. */
  begin(): void {
    this.#ends.set(this.#starts);
  }

  /** Reads the key that is the n-th of its row, or the row's end; answers with the number of its field. */
  read(scanner: Scanner, place: number): number {
    if (place < MAX_PLACES && scanner.skipIfRepeated(this.#starts[place]!, this.#ends[place]!))
      return this.#fields[place]!;
    return this.#readOther(scanner, place);
  }

  #readOther(scanner: Scanner, place: number): number {
    const start = scanner.at;
    if (place === 0) scanner.expect(OPEN_OBJECT);
    else if (!scanner.hasMore(CLOSE_OBJECT)) return NO_FIELD;
    scanner.peek();
    const field = FIELD_OF.get(scanner.readText()) ?? OTHER_FIELD;
    scanner.expect(COLON);
    if (place < MAX_PLACES) {
      this.#starts[place] = start;
      this.#ends[place] = scanner.at;
      this.#fields[place] = field;
    }
    return field;
  }
}

const FIELD_OF = new Map(FIELDS.map((field, number) => [field, number]));
