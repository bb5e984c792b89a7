// A hash table of numbers from 0 in order of insertion. The caller stores the items and compares them. It is reused for one
// report after the other.

import { grow } from '../columns/strings.js';
import { UnsupportedInputError } from './unsupported-input.js';

const FIRST_SLOTS = 256;
/** Only items that were made to collide need so many. */
const MAX_STEPS = 1_000;

export class HashTable {
  /** Numbers plus one; 0 is an empty slot. At most half of the slots are used. */
  #slots = new Uint32Array(FIRST_SLOTS);
  /** The hash of each item. */
  #hashes = new Int32Array(FIRST_SLOTS / 2);
  /** The state of the current lookup: its slot, hash and number of steps. */
  #slot = 0;
  #hash = 0;
  #steps = 0;

  clear(): void {
    this.#slots.fill(0);
  }

  /** The first item with this hash, to be compared by the caller; -1 when there is none. */
  probe(hash: number): number {
    this.#hash = hash;
    this.#steps = 0;
    this.#slot = hash & (this.#slots.length - 1);
    return this.#find();
  }

  /** The next item with the same hash; -1 when there is none. */
  probeNext(): number {
    this.#slot = (this.#slot + 1) & (this.#slots.length - 1);
    this.#steps += 1;
    return this.#find();
  }

  /** Inserts the item that was looked up and not found; `number` must be the next number. */
  insert(number: number): number {
    this.#slots[this.#slot] = number + 1;
    this.#hashes[number] = this.#hash;
    if (2 * (number + 1) === this.#slots.length) this.#grow(number + 1);
    return number;
  }

  #find(): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = this.#slot;
    for (; this.#steps < MAX_STEPS; this.#steps += 1) {
      const number = slots[slot]! - 1;
      if (number < 0 || this.#hashes[number] === this.#hash) {
        this.#slot = slot;
        return number;
      }
      slot = (slot + 1) & mask;
    }
    // Hash collisions made on purpose: looking further would take too long.
    throw new UnsupportedInputError();
  }

  #grow(count: number): void {
    this.#slots = new Uint32Array(2 * this.#slots.length);
    this.#hashes = grow(this.#hashes, this.#slots.length / 2);
    const mask = this.#slots.length - 1;
    for (let number = 0; number < count; number += 1) {
      let slot = this.#hashes[number]! & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = number + 1;
    }
  }
}

/** The initial hash. */
export const HASH_OF_NOTHING = 0;

/** Spreads each bit of a word over the whole hash: items may differ in few bits. */
export function addToHash(hash: number, word: number): number {
  const product = Math.imul(hash ^ word, 0x2c1b3c6d);
  return product ^ (product >>> 15);
}
