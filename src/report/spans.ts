// Which of a text's spans are equal, byte by byte: a hash table whose keys lie in the text itself, so that meeting the
// same name or the same list of labels for the thousandth time makes no string.

import { UnusualError, type Scanner } from './scanner.js';
import { grow } from './texts.js';

export interface Spans {
  /** The code of the span that was read last; what `make` gives for one that was not met before. */
  codeOf(scanner: Scanner, make: (scanner: Scanner) => number): number;
}

/** Many more than there are among any names that were not made for it. */
const MAX_STEPS = 1_000;

export function createSpans(): Spans {
  /** Numbers of entries, one higher: 0 is an empty slot. There are twice as many slots as entries, or more. */
  let slots = new Uint32Array(256);
  /** Of each entry: start, end, hash, code. */
  let entries = new Uint32Array(4 * 128);
  let count = 0;

  const rehash = (): void => {
    slots = new Uint32Array(2 * slots.length);
    const mask = slots.length - 1;
    for (let entry = 0; entry < count; entry += 1) {
      let slot = mix(entries[4 * entry + 2]!) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = entry + 1;
    }
    entries = grow(entries, 2 * slots.length);
  };
  return {
    codeOf(scanner, make) {
      const { bytes, start, end } = scanner;
      const hash = scanner.hash >>> 0;
      const mask = slots.length - 1;
      let slot = mix(hash) & mask;
      for (let step = 0; slots[slot] !== 0; slot = (slot + 1) & mask) {
        // Texts that were made to meet in one place would take for ever.
        if ((step += 1) > MAX_STEPS) throw new UnusualError();
        const at = 4 * (slots[slot]! - 1);
        if (entries[at + 2] !== hash) continue;
        const from = entries[at]!;
        if (entries[at + 1]! - from === end - start && isSame(bytes, from, start, end)) return entries[at + 3]!;
      }
      const code = make(scanner);
      entries.set([start, end, hash, code], 4 * count);
      slots[slot] = count += 1;
      if (2 * count === slots.length) rehash();
      return code;
    },
  };
}

function isSame(bytes: Uint8Array, from: number, start: number, end: number): boolean {
  const shift = from - start;
  for (let at = start; at < end; at += 1) if (bytes[at] !== bytes[at + shift]) return false;
  return true;
}

/** Spreads what differs in the high bits alone. */
function mix(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return mixed ^ (mixed >>> 13);
}
