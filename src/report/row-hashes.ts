// Hashes of rows, 64 bits each: an even and an odd entry of an array. What identifies a row is added step by step. A hash
// table finds equal rows.

import { labelsAt } from './columns/cells.js';
import { EMPTY_LIST, type Columns, type Label, type LabelField } from './columns/columns.js';
import type { StringColumn } from './columns/strings.js';
import { forEachIndex, inRanges, ITEMS_PER_STEP, type Computation } from './computation.js';

// Odd numbers with many bits, one for each half of a hash.
const FIRST_FACTOR = 0x2c1b3c6d;
const SECOND_FACTOR = 0x297a2d39;

function mix(hash: number, word: number, factor: number): number {
  const product = Math.imul(hash ^ word, factor);
  return product ^ (product >>> 15);
}

/** Adds a pair of words to the hash of a row. */
export function add(hashes: Uint32Array, row: number, first: number, second: number): void {
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

export function* hashTexts(texts: StringColumn): Computation<Uint32Array> {
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

/** So that the same labels in two fields differ. */
const FIELD_SEEDS: Readonly<Record<LabelField, number>> = { labels: 1, annotations: 2, ownerLabels: 3 };

/**
 * Adds the labels of these rows; of all by default. Their order means nothing; a list without labels is like no list, and
 * adds nothing.
 */
export function* addLists(
  hashes: Uint32Array,
  columns: Columns,
  field: LabelField,
  rows?: Uint32Array,
): Computation<undefined> {
  const lists = columns.lists[field];
  const seed = FIELD_SEEDS[field];
  const hashOfList = new Map<number, readonly [number, number]>();
  if (lists.every((list) => list <= EMPTY_LIST)) return undefined;
  return yield* inRanges(
    rows?.length ?? lists.length,
    (from, to) => {
      for (let at = from; at < to; at += 1) {
        const row = rows === undefined ? at : rows[at]!;
        const list = lists[row]!;
        if (list <= EMPTY_LIST) continue;
        let hash = hashOfList.get(list);
        if (hash === undefined) hashOfList.set(list, (hash = hashLabels(labelsAt(columns, field, row) ?? [])));
        add(hashes, row, hash[0] + seed, hash[1] + seed);
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

export function* addCodes(hashes: Uint32Array, codes: Uint32Array, words: Uint32Array): Computation<undefined> {
  return yield* inRanges(codes.length, (from, to) => {
    for (let row = from; row < to; row += 1) {
      const code = codes[row]!;
      add(hashes, row, words[2 * code]!, words[2 * code + 1]!);
    }
  });
}

/** Adds ScaleOps' own id and the labels of the owner to these rows. */
export function* addDetails(hashes: Uint32Array, columns: Columns, rows: Uint32Array): Computation<undefined> {
  yield* forEachIndex(rows.length, (at) => {
    addText(hashes, rows[at]!, columns.ids.at(rows[at]!));
  });
  return yield* addLists(hashes, columns, 'ownerLabels', rows);
}

/** A hash table of rows. */
export class RowTable {
  readonly #hashOf: (row: number) => number;
  readonly #isEqual: (a: number, b: number) => boolean;
  /** Row numbers plus one; 0 is an empty slot. At most half of the slots are used. */
  readonly #slots: Uint32Array;

  constructor(maxRows: number, hashOf: (row: number) => number, isEqual: (a: number, b: number) => boolean) {
    this.#hashOf = hashOf;
    this.#isEqual = isEqual;
    this.#slots = new Uint32Array(2 ** Math.ceil(Math.log2(2 * maxRows + 2)));
  }

  /** The first row that was added and equals this one; the row itself, which is then added, when there is none. */
  add(row: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = this.#hashOf(row) & mask;
    for (; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const other = slots[slot]! - 1;
      if (this.#isEqual(other, row)) return other;
    }
    slots[slot] = row + 1;
    return row;
  }
}
