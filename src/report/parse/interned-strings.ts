// Interns texts by their bytes: a repeated name makes no string. Reused for one report after the other.

import { addToHash, HASH_OF_NOTHING, HashTable } from './hash-table.js';
import { Scanner } from './scanner.js';
import { StringColumnBuilder, type StringData } from '../columns/strings.js';

export class StringInterner {
  readonly #slots = new HashTable();
  readonly #texts = new StringColumnBuilder();
  /** Texts that were given as strings. */
  readonly #strings = new Map<string, number>();

  /** Removes all texts but the empty text, number 0. Data returned before becomes invalid. */
  clear(): void {
    this.#slots.clear();
    this.#texts.clear();
    this.#strings.clear();
    this.#slots.probe(HASH_OF_NOTHING);
    this.#slots.insert(this.#texts.add(''));
  }

  /** The number of the JSON-safe text that was read last. @throws UnsupportedInputError for too many collisions. */
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
    // A JSON-safe text may also be read as bytes, and must get the same number.
    const isPlain = scanner.readPlain() && scanner.at === bytes.length;
    code = isPlain ? this.intern(scanner) : this.#add(text);
    this.#strings.set(text, code);
    return code;
  }

  /** All texts; valid until the next is added. */
  data(): StringData {
    return this.#texts.data();
  }

  /** Inserted as every text, because numbers count the insertions; found by its string alone. */
  #add(text: string): number {
    let hash = HASH_OF_NOTHING;
    for (let at = 0; at < text.length; at += 1) hash = addToHash(hash, text.charCodeAt(at));
    for (let other = this.#slots.probe(hash); other >= 0; other = this.#slots.probeNext());
    return this.#slots.insert(this.#texts.add(text));
  }
}
