// Which field comes next in a row. A Go server writes the fields of every row in the same order, so the key that comes
// is compared with the one that stood in its place in the row before, byte by byte.

import { LIST_FIELDS, NAME_FIELDS, NUMBER_FIELDS } from './columns.js';
import { COLON, type Scanner } from './scanner.js';

/** The fields that are read, by their numbers. */
export const FIELDS: readonly string[] = [...NUMBER_FIELDS, ...NAME_FIELDS, ...LIST_FIELDS, 'id'];
/** Stands for all others. */
export const OTHER_FIELD = FIELDS.length;

/** Keys that stand further behind in their rows are read each time. */
const MAX_PLACES = 100;

export class KeyReader {
  /** Where the last key in each place began and ended, with its colon; and its field. */
  readonly #starts = new Uint32Array(MAX_PLACES);
  readonly #ends = new Uint32Array(MAX_PLACES);
  readonly #fields = new Uint8Array(MAX_PLACES);

  /** Begins another report. */
  begin(): void {
    this.#ends.set(this.#starts);
  }

  /** Reads the key that is the n-th of its row, and the colon; answers with the number of its field. */
  read(scanner: Scanner, place: number): number {
    if (place >= MAX_PLACES) return readKey(scanner);
    if (scanner.skipSame(this.#starts[place]!, this.#ends[place]!)) return this.#fields[place]!;
    scanner.peek();
    this.#starts[place] = scanner.at;
    const field = readKey(scanner);
    this.#ends[place] = scanner.at;
    this.#fields[place] = field;
    return field;
  }
}

const FIELD_OF = new Map(FIELDS.map((field, number) => [field, number]));

function readKey(scanner: Scanner): number {
  scanner.peek();
  const field = FIELD_OF.get(scanner.readText()) ?? OTHER_FIELD;
  scanner.expect(COLON);
  return field;
}
