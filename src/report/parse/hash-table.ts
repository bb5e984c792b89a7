// A hash table of things that lie elsewhere, as numbers from 0 on in the order in which they come: whoever has the things
// compares them. It serves one report after the other.

import { grow } from '../columns/strings.js';
import { UnsupportedInputError } from './unsupported-input.js';

const FIRST_SLOTS = 256;
/** Many more than there are among any names that were not made for it. */
const MAX_STEPS = 1_000;

export class HashTable {
  /** Numbers of things, one higher: 0 is an empty slot. There are twice as many slots as things, or more. */
  #slots = new Uint32Array(FIRST_SLOTS);
  /** Of each thing. */
  #hashes = new Int32Array(FIRST_SLOTS / 2);
  /** Where the look that is under way has come to, for which hash, and in how many steps. */
  #slot = 0;
  #hash = 0;
  #steps = 0;

  clear(): void {
    this.#slots.fill(0);
  }

  /** The first thing with this hash, which may be the one that is looked for; -1 where there is none. */
  probe(hash: number): number {
    this.#hash = hash;
    this.#steps = 0;
    this.#slot = hash & (this.#slots.length - 1);
    return this.#find();
  }

  /** The next one with the same hash. */
  probeNext(): number {
    this.#slot = (this.#slot + 1) & (this.#slots.length - 1);
    this.#steps += 1;
    return this.#find();
  }

  /** Enters the thing that was looked for and not found: its number is the next one. */
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
    // What was made to meet in one place would take for ever.
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

/** What a hash begins with. */
export const HASH_OF_NOTHING = 0;

/** Spreads each bit of a word over all of the hash: things may differ in a few bits alone. */
export function addToHash(hash: number, word: number): number {
  const product = Math.imul(hash ^ word, 0x2c1b3c6d);
  return product ^ (product >>> 15);
}
