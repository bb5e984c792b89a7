// Counts over the last while, such as the calls and failures of the last 30 seconds, in a few buckets: the memory does
// not grow with the traffic, and what is counted leaves the window to the tenth of its length.

import type { Clock } from '../clock.js';

export interface SlidingWindowCounter<Name extends string> {
  add(name: Name): void;
  /** How often `name` was counted within the window. */
  count(name: Name): number;
  clear(): void;
}

const BUCKETS = 10;

export function createSlidingWindowCounter<Name extends string>(
  clock: Clock,
  windowMs: number,
): SlidingWindowCounter<Name> {
  const bucketMs = windowMs / BUCKETS;
  /** By the number of the bucket since the epoch. */
  const buckets = new Map<number, Map<Name, number>>();
  let latest = 0;
  /** The number of the bucket of now, once the old ones are gone. */
  const rotate = (): number => {
    const current = Math.floor(clock.now() / bucketMs);
    if (current === latest) return current;
    latest = current;
    // Those ahead of us were counted before the clock was set back.
    for (const index of buckets.keys()) if (index <= current - BUCKETS || index > current) buckets.delete(index);
    return current;
  };
  return {
    add(name) {
      const index = rotate();
      const bucket = buckets.get(index) ?? new Map<Name, number>();
      buckets.set(index, bucket.set(name, (bucket.get(name) ?? 0) + 1));
    },
    count(name) {
      rotate();
      let sum = 0;
      for (const bucket of buckets.values()) sum += bucket.get(name) ?? 0;
      return sum;
    },
    clear: () => {
      buckets.clear();
    },
  };
}
