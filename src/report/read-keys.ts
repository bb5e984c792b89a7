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
      const { words, at } = scanner;
      const start = starts[place]!;
      const last = ends[place]! - 4;
      const shift = at - start;
      if (last + shift + 4 > words.byteLength || last < start) return learn(scanner, place);
      // Four bytes at a time; the last four may overlap those before.
      for (let each = start; each < last; each += 4) {
        if (words.getInt32(each) !== words.getInt32(each + shift)) return learn(scanner, place);
      }
      if (words.getInt32(last) !== words.getInt32(last + shift)) return learn(scanner, place);
      scanner.at = last + shift + 4;
      return fields[place]!;
    },
  };
}

const MAX_PLACES = 100;
