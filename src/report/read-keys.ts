// Which field comes next in a row. A Go server writes the fields of every row in the same order, so the key that comes
// is compared with the one that stood in its place in the row before, byte by byte.

import { LIST_FIELDS, NAME_FIELDS, NUMBER_FIELDS } from './columns.js';
import { COLON, type Scanner } from './scanner.js';

/** The fields that are read, by their numbers. */
export const FIELDS: readonly string[] = [...NUMBER_FIELDS, ...NAME_FIELDS, ...LIST_FIELDS, 'id'];
/** Stands for all others. */
export const OTHER_FIELD = FIELDS.length;

export interface KeyReader {
  /** Reads the key that is the n-th of its row, and the colon; answers with the number of its field. */
  read(scanner: Scanner, place: number): number;
}

export function createKeyReader(): KeyReader {
  const fieldOf = new Map(FIELDS.map((field, number) => [field, number]));
  /** Where the last key in each place began and ended, with its colon; and its field. */
  const starts: number[] = [];
  const ends: number[] = [];
  const fields: number[] = [];

  const learn = (scanner: Scanner, place: number): number => {
    scanner.peek();
    const start = scanner.at;
    const field = fieldOf.get(scanner.readText()) ?? OTHER_FIELD;
    scanner.expect(COLON);
    // Any number of others may come; those past the usual ones are read each time.
    if (place > MAX_PLACES) return field;
    starts[place] = start;
    ends[place] = scanner.at;
    fields[place] = field;
    return field;
  };
  return {
    read(scanner, place) {
      if (place >= starts.length) return learn(scanner, place);
      const { bytes, at } = scanner;
      const end = ends[place]!;
      const shift = at - starts[place]!;
      for (let each = starts[place]!; each < end; each += 1) {
        if (bytes[each] !== bytes[each + shift]) return learn(scanner, place);
      }
      scanner.at = end + shift;
      return fields[place]!;
    },
  };
}

const MAX_PLACES = 100;
