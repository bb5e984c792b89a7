// What was worked out for a report and is worth keeping: ranks, label columns. It lives with the report, inside a
// budget that is counted as part of the report's size from the start.

export interface Derived {
  /** The kept thing called `key`, or what `make` makes. `bytesOf` says how much of the budget it takes. */
  get<T extends object>(key: string, make: () => T, bytesOf: (thing: T) => number): T;
}

export function createDerived(maxBytes: number): Derived {
  let kept: Map<string, { readonly thing: object; readonly bytes: number }> | undefined;
  let usedBytes = 0;
  return {
    get<T extends object>(key: string, make: () => T, bytesOf: (thing: T) => number): T {
      // Most reports are asked for once, and what they say as it stands.
      kept ??= new Map();
      const known = kept.get(key);
      if (known !== undefined) {
        // A Map keeps the order of insertion: the least recently used is always its first.
        kept.delete(key);
        kept.set(key, known);
        return known.thing as T;
      }
      const thing = make();
      const bytes = bytesOf(thing) + key.length;
      if (bytes > maxBytes) return thing;
      kept.set(key, { thing, bytes });
      usedBytes += bytes;
      for (const [oldest, entry] of kept) {
        if (usedBytes <= maxBytes) break;
        kept.delete(oldest);
        usedBytes -= entry.bytes;
      }
      return thing;
    },
  };
}
