// The ids of a report's rows: opaque, unique within the report, and the same whenever and wherever the report is read.
// An id is a hash of the names, labels and annotations; and of ScaleOps' own id and the owner's labels where names are not
// enough. Rows that are still equal are numbered.

import { NAME_FIELDS, type Columns } from './columns/columns.js';
import { filterRows } from './query/filter-rows.js';
import { add, addCodes, addDetails, addLists, hashTexts, RowTable } from './row-hashes.js';
import { range } from './sort.js';
import { inRanges, type Computation } from './computation.js';

/** The characters of an id. */
const LENGTH = 12;
/** The digits of an id, to sort by: three for each half. */
export const ID_DIGITS = 6;
const DIGIT_BITS = 11;
export const DIGIT_VALUES = 2 ** DIGIT_BITS;

/** 64 bits of hash per row: an even and an odd entry. */
export class RowIds {
  readonly #hashes: Uint32Array;

  constructor(hashes: Uint32Array) {
    this.#hashes = hashes;
  }

  get byteLength(): number {
    return this.#hashes.byteLength;
  }

  /** Reads one of the ID_DIGITS of the ids of the rows [from, to); digit 0 is the last. */
  readDigits(digit: number, digits: Uint32Array, from: number, to: number): void {
    const hashes = this.#hashes;
    const half = digit < 3 ? 1 : 0;
    const shift = DIGIT_BITS * (digit % 3);
    for (let row = from; row < to; row += 1) digits[row] = (hashes[2 * row + half]! >>> shift) & (DIGIT_VALUES - 1);
  }

  /** The id of a row: 12 characters of base64url. */
  at(row: number): string {
    const view = new DataView(new ArrayBuffer(LENGTH));
    this.write(row, view, 0);
    return Buffer.from(view.buffer).toString('latin1');
  }

  /** Writes the characters of an id, one byte each, from `start` on, and returns the end. */
  write(row: number, view: DataView, start: number): number {
    writeWord(this.#hashes[2 * row]!, view, start);
    writeWord(this.#hashes[2 * row + 1]!, view, start + LENGTH / 2);
    return start + LENGTH;
  }
}

/** Reads the names and lists of each row, and each distinct text once. */
export function* identifyRows(columns: Columns): Computation<RowIds> {
  const { rowCount, names } = columns;
  const { codes } = names.workloadName;
  const hashes = new Uint32Array(2 * rowCount);
  for (const field of NAME_FIELDS) yield* addCodes(hashes, names[field].codes, yield* hashTexts(names[field].values));
  yield* addLists(hashes, columns, 'labels');
  yield* addLists(hashes, columns, 'annotations');
  // A row without the name of a workload is a group: its id or the owner's labels may be all that distinguishes it.
  yield* addDetails(hashes, columns, yield* filterRows(range(rowCount), (row) => codes[row] === 0));
  yield* separateDuplicates(hashes, columns);
  return new RowIds(hashes);
}

function createHashTable(hashes: Uint32Array, rowCount: number): RowTable {
  const isEqual = (a: number, b: number): boolean =>
    hashes[2 * a] === hashes[2 * b] && hashes[2 * a + 1] === hashes[2 * b + 1];
  return new RowTable(rowCount, (row) => hashes[2 * row + 1]!, isEqual);
}

/** Marks the rows whose hash is not unique. */
function* markDuplicates(hashes: Uint32Array, rowCount: number): Computation<Uint8Array> {
  const table = createHashTable(hashes, rowCount);
  const isEqual = new Uint8Array(rowCount);
  yield* inRanges(rowCount, (from, to) => {
    for (let row = from; row < to; row += 1) {
      const first = table.add(row);
      if (first !== row) isEqual[row] = isEqual[first] = 1;
    }
  });
  return isEqual;
}

/** Makes all hashes different. */
function* separateDuplicates(hashes: Uint32Array, columns: Columns): Computation<undefined> {
  const { rowCount, names } = columns;
  const isEqual = yield* markDuplicates(hashes, rowCount);
  if (!isEqual.includes(1)) return undefined;
  // Groups have their details already.
  const { codes } = names.workloadName;
  yield* addDetails(
    hashes,
    columns,
    yield* filterRows(range(rowCount), (row) => isEqual[row] === 1 && codes[row] !== 0),
  );
  return yield* numberDuplicates(hashes, rowCount);
}

/** Numbers rows with equal hashes, and adds the numbers to the hashes. */
function* numberDuplicates(hashes: Uint32Array, rowCount: number): Computation<undefined> {
  const table = createHashTable(hashes, rowCount);
  const counts = new Map<number, number>();
  return yield* inRanges(rowCount, (from, to) => {
    for (let row = from; row < to; row += 1) {
      for (let first = table.add(row); first !== row; first = table.add(row)) {
        const count = (counts.get(first) ?? 0) + 1;
        counts.set(first, count);
        add(hashes, row, count, count);
      }
    }
  });
}

const DIGITS = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_');
/** The bytes of two characters for each 12 bits. */
const PAIRS = Uint16Array.from({ length: 4_096 }, (_, pair) => DIGITS[pair >> 6]! + (DIGITS[pair & 63]! << 8));

/** Writes 32 bits as six characters. */
function writeWord(word: number, view: DataView, start: number): void {
  view.setUint16(start, PAIRS[word >>> 24]!, true);
  view.setUint16(start + 2, PAIRS[(word >>> 12) & 4_095]!, true);
  view.setUint16(start + 4, PAIRS[word & 4_095]!, true);
}
