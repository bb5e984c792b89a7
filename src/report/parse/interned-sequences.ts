// Interns sequences of whole numbers: equal sequences get the same number. A label is a sequence of two texts, a list one of
// labels. Reused for one report after the other.

import { addToHash, HashTable } from './hash-table.js';
import type { Lists } from '../columns/columns.js';
import { grow } from '../columns/strings.js';

const FIRST_ROOM = 128;
/** The hash of distinct empty sequences; no other sequence has it. */
const APART = -1;

export class SequenceInterner {
  readonly #slots = new HashTable();
  #items = new Uint32Array(FIRST_ROOM);
  #ends = new Uint32Array(FIRST_ROOM);
  #count = 0;

  /** Removes all sequences. Data returned before becomes invalid. */
  clear(): void {
    this.#slots.clear();
    this.#count = 0;
  }

  /**
   * The number of the sequence of the first `length` items.
   * @throws UnsupportedInputError for too many hash collisions.
   */
  intern(items: readonly number[], length: number): number {
    let hash = length;
    for (let at = 0; at < length; at += 1) hash = addToHash(hash, items[at]!);
    let code = this.#slots.probe(hash);
    while (code >= 0) {
      if (this.#is(code, items, length)) return code;
      code = this.#slots.probeNext();
    }
    return this.#slots.insert(this.#add(items, length));
  }

  /** Adds an empty sequence that equals no other. */
  addDistinct(): number {
    for (let other = this.#slots.probe(APART); other >= 0; other = this.#slots.probeNext());
    return this.#slots.insert(this.#add([], 0));
  }

  /** All sequences; valid until the next is added. */
  data(): Lists {
    return {
      items: this.#items.subarray(0, this.#startOf(this.#count)),
      ends: this.#ends.subarray(0, this.#count),
    };
  }

  #startOf(code: number): number {
    return code === 0 ? 0 : this.#ends[code - 1]!;
  }

  #is(code: number, items: readonly number[], length: number): boolean {
    const start = this.#startOf(code);
    if (this.#ends[code]! - start !== length) return false;
    for (let at = 0; at < length; at += 1) if (this.#items[start + at] !== items[at]) return false;
    return true;
  }

  #add(items: readonly number[], length: number): number {
    const start = this.#startOf(this.#count);
    const end = start + length;
    if (end > this.#items.length) this.#items = grow(this.#items, end);
    if (this.#count === this.#ends.length) this.#ends = grow(this.#ends, this.#count + 1);
    for (let at = 0; at < length; at += 1) this.#items[start + at] = items[at]!;
    this.#ends[this.#count] = end;
    return this.#count++;
  }
}
