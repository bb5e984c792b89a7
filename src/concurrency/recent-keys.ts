// A bounded set of keys; the one that was used longest ago is evicted.

export class RecentKeys {
  readonly #max: number;
  /** In the order of their last use. */
  readonly #keys = new Set<string>();

  constructor(max: number) {
    this.#max = max;
  }

  /** Whether the key is in the set. Counts as a use. */
  has(key: string): boolean {
    if (!this.#keys.delete(key)) return false;
    this.#keys.add(key);
    return true;
  }

  add(key: string): void {
    if (this.has(key)) return;
    this.#keys.add(key);
    if (this.#keys.size <= this.#max) return;
    for (const oldest of this.#keys) {
      this.#keys.delete(oldest);
      return;
    }
  }

  /** Returns whether the key was in the set. */
  delete(key: string): boolean {
    return this.#keys.delete(key);
  }
}
