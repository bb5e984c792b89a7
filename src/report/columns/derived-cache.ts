// Caches what queries compute from a report: ranks, label columns, rows that a caller may see. It lives with the report,
// and its limit in bytes counts as part of the report's size from the start.

import { shareComputation, type Computation } from '../computation.js';

interface Entry {
  readonly value: object;
  readonly bytes: number;
}

export class DerivedCache {
  readonly #maxBytes: number;
  /** In order of use: the least recently used entry is the first. */
  readonly #entries = new Map<string, Entry>();
  readonly #running = new Map<string, () => Computation<object>>();
  #usedBytes = 0;

  /** @param maxBytes the limit. The least recently used values are evicted first; a larger value is not cached. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * The value cached under `key`, or the result of `make`, which runs once for concurrent callers.
   * @param bytesOf what the value retains.
   */
  *get<T extends object>(key: string, make: () => Computation<T>, bytesOf: (value: T) => number): Computation<T> {
    const [entries, running] = [this.#entries, this.#running];
    const entry = entries.get(key);
    if (entry !== undefined) {
      entries.delete(key);
      entries.set(key, entry);
      return entry.value as T;
    }
    const computation = running.get(key) ?? shareComputation(make);
    running.set(key, computation);
    try {
      const value = (yield* computation()) as T;
      // The first caller to get here caches it.
      if (!entries.has(key)) this.#add(key, value, bytesOf(value) + key.length);
      return value;
    } finally {
      if (running.get(key) === computation) running.delete(key);
    }
  }

  #add(key: string, value: object, bytes: number): void {
    const entries = this.#entries;
    if (bytes > this.#maxBytes) return;
    entries.set(key, { value, bytes });
    this.#usedBytes += bytes;
    for (const [oldest, entry] of entries) {
      if (this.#usedBytes <= this.#maxBytes) break;
      entries.delete(oldest);
      this.#usedBytes -= entry.bytes;
    }
  }
}
