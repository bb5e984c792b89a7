// Distinct texts, each with a number: found by their bytes, so that meeting the same name for the thousandth time makes
// no string. It serves one report after the other.

import { addToHash, HASH_OF_NOTHING, HashTable } from './hash-table.js';
import { Scanner } from './scanner.js';
import { StringColumnBuilder, type StringData } from '../columns/strings.js';

export class StringInterner {
  readonly #slots = new HashTable();
  readonly #texts = new StringColumnBuilder();
  /** Those that came as strings. */
  readonly #strings = new Map<string, number>();

  /** Forgets all texts but the empty one, which is number 0. What `data` gave before is no longer good. */
  clear(): void {
    this.#slots.clear();
    this.#texts.clear();
    this.#strings.clear();
    this.#slots.probe(HASH_OF_NOTHING);
    this.#slots.insert(this.#texts.add(''));
  }

  /** The number of the plain text that was read last. @throws UnsupportedInputError where texts were made to hash alike. */
  intern(scanner: Scanner): number {
    let code = this.#slots.probe(scanner.hash);
    while (code >= 0) {
      if (this.#texts.isAscii(code, scanner)) return code;
      code = this.#slots.probeNext();
    }
    return this.#slots.insert(this.#texts.addAscii(scanner));
  }

  /** The number of any text. @throws UnsupportedInputError */
  internString(text: string): number {
    let code = this.#strings.get(text);
    if (code !== undefined) return code;
    const bytes = Buffer.from(`"${text}"`);
    const scanner = new Scanner(bytes);
    // Where it is plain it may have been read before, or will be.
    const isPlain = scanner.readPlain() && scanner.at === bytes.length;
    code = isPlain ? this.intern(scanner) : this.#add(text);
    this.#strings.set(text, code);
    return code;
  }

  /** What was written, for as long as nothing more is. */
  data(): StringData {
    return this.#texts.data();
  }

  /** Found as a string alone; in the table all the same, where each number has its place. */
  #add(text: string): number {
    let hash = HASH_OF_NOTHING;
    for (let at = 0; at < text.length; at += 1) hash = addToHash(hash, text.charCodeAt(at));
    for (let other = this.#slots.probe(hash); other >= 0; other = this.#slots.probeNext());
    return this.#slots.insert(this.#texts.add(text));
  }
}
