// The ids of a report's rows: opaque, unique within the report, and the same whenever and wherever the report is read.
// An id is a hash of what identifies the row: its names, what it is grouped by, and ScaleOps' own id where names are not
// enough. Rows that are alike are told apart by their number among these.

import { labelsAt } from './columns/cells.js';
import { NAME_FIELDS, type Columns, type Label, type NameColumn } from './columns/columns.js';
import type { StringColumn } from './columns/strings.js';
import { inRanges, ITEMS_PER_STEP, type Steps } from './steps.js';

/** The characters of an id. */
const LENGTH = 12;

/** 64 bits of hash per row: an even and an odd entry. */
export class RowIds {
  readonly #hashes: Uint32Array;

  constructor(hashes: Uint32Array) {
    this.#hashes = hashes;
  }

  get byteLength(): number {
    return this.#hashes.byteLength;
  }

  /** The id of a row: 12 characters of base64url. */
  at(row: number): string {
    const view = new DataView(new ArrayBuffer(LENGTH));
    this.write(row, view, 0);
    return Buffer.from(view.buffer).toString('latin1');
  }

  /** Writes the characters of an id, one byte each, from `start` on. @returns where they end. */
  write(row: number, view: DataView, start: number): number {
    writeWord(this.#hashes[2 * row]!, view, start);
    writeWord(this.#hashes[2 * row + 1]!, view, start + LENGTH / 2);
    return start + LENGTH;
  }
}

/** Reads the names and lists of each row, and each distinct text once. */
export function* identifyRows(columns: Columns): Steps<RowIds> {
  const { rowCount, names } = columns;
  const hashes = new Uint32Array(2 * rowCount);
  for (const field of NAME_FIELDS) yield* addCodes(hashes, names[field].codes, yield* hashTexts(names[field].values));
  yield* addLists(hashes, columns, 'labels');
  yield* addLists(hashes, columns, 'annotations');
  yield* addScaleOpsIds(hashes, columns, names.workloadName);
  yield* separateEqual(hashes, rowCount);
  return new RowIds(hashes);
}

// Odd numbers with many bits, one for each half of a hash.
const FIRST_FACTOR = 0x2c1b3c6d;
const SECOND_FACTOR = 0x297a2d39;

function mix(hash: number, word: number, factor: number): number {
  const product = Math.imul(hash ^ word, factor);
  return product ^ (product >>> 15);
}

/** Adds a pair of words to the hash of a row. */
function add(hashes: Uint32Array, row: number, first: number, second: number): void {
  // The constant makes a missing value count: (null, x) and (x, null) differ.
  hashes[2 * row] = mix(hashes[2 * row]! + 0x9e3779b9, first, FIRST_FACTOR);
  hashes[2 * row + 1] = mix(hashes[2 * row + 1]! + 0x85ebca6b, second, SECOND_FACTOR);
}

function addText(hashes: Uint32Array, at: number, text: string): void {
  let first = text.length;
  let second = text.length;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    first = mix(first, unit, FIRST_FACTOR);
    second = mix(second, unit, SECOND_FACTOR);
  }
  add(hashes, at, first, second);
}

function* hashTexts(texts: StringColumn): Steps<Uint32Array> {
  const hashes = new Uint32Array(2 * texts.length);
  yield* inRanges(
    texts.length,
    (from, to) => {
      texts.slice(from, to).forEach((text, index) => {
        addText(hashes, from + index, text);
      });
    },
    ITEMS_PER_STEP,
  );
  return hashes;
}

/** Adds the labels of each row. Their order means nothing; a list without labels is like no list. */
function* addLists(hashes: Uint32Array, columns: Columns, field: 'labels' | 'annotations'): Steps<undefined> {
  const lists = columns.lists[field];
  const known = new Map<number, readonly [number, number]>();
  return yield* inRanges(
    lists.length,
    (from, to) => {
      for (let row = from; row < to; row += 1) {
        let hash = known.get(lists[row]!);
        if (hash === undefined) known.set(lists[row]!, (hash = hashLabels(labelsAt(columns, field, row) ?? [])));
        add(hashes, row, ...hash);
      }
    },
    ITEMS_PER_STEP,
  );
}

function hashLabels(labels: readonly Label[]): readonly [number, number] {
  let [first, second] = [0, 0];
  for (const { key, value } of labels) {
    const hash = new Uint32Array(2);
    addText(hash, 0, key);
    addText(hash, 0, value);
    first += hash[0]!;
    second += hash[1]!;
  }
  return [first, second];
}

function* addCodes(hashes: Uint32Array, codes: Uint32Array, words: Uint32Array): Steps<undefined> {
  return yield* inRanges(codes.length, (from, to) => {
    for (let row = from; row < to; row += 1) {
      const code = codes[row]!;
      add(hashes, row, words[2 * code]!, words[2 * code + 1]!);
    }
  });
}

/** A row without the name of a workload may be told from others by its id alone. */
function* addScaleOpsIds(hashes: Uint32Array, { ids, rowCount }: Columns, { codes }: NameColumn): Steps<undefined> {
  return yield* inRanges(
    rowCount,
    (from, to) => {
      for (let row = from; row < to; row += 1) if (codes[row] === 0) addText(hashes, row, ids.at(row));
    },
    ITEMS_PER_STEP,
  );
}

/** Gives rows with equal hashes different ones, by their number among these. */
function* separateEqual(hashes: Uint32Array, rowCount: number): Steps<undefined> {
  // At most half full. An entry is the number of a row plus one.
  const slots = new Uint32Array(2 ** Math.ceil(Math.log2(2 * rowCount + 2)));
  const counts = new Map<number, number>();
  const find = (row: number): number => {
    let slot = hashes[2 * row + 1]! & (slots.length - 1);
    for (; slots[slot] !== 0; slot = (slot + 1) & (slots.length - 1)) {
      const other = slots[slot]! - 1;
      if (hashes[2 * other] === hashes[2 * row] && hashes[2 * other + 1] === hashes[2 * row + 1]) break;
    }
    return slot;
  };
  return yield* inRanges(rowCount, (from, to) => {
    for (let row = from; row < to; row += 1) {
      let slot = find(row);
      while (slots[slot] !== 0) {
        const equal = slots[slot]! - 1;
        const count = (counts.get(equal) ?? 0) + 1;
        counts.set(equal, count);
        add(hashes, row, count, count);
        slot = find(row);
      }
      slots[slot] = row + 1;
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
