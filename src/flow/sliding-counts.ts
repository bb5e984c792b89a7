// Counts over the last while, such as the calls and failures of the last 30 seconds, in a few buckets: the memory does
// not grow with the traffic, and what is counted leaves the window to the tenth of its length.

import type { Clock } from '../clock.js';

export interface SlidingCounts<Name extends string> {
  add(name: Name): void;
  /** How often `name` was counted within the window. */
  count(name: Name): number;
  clear(): void;
}

const BUCKETS = 10;

export function createSlidingCounts<Name extends string>(clock: Clock, windowMs: number): SlidingCounts<Name> {
  const bucketMs = windowMs / BUCKETS;
  /** By the number of the bucket since the epoch. */
  const buckets = new Map<number, Map<Name, number>>();
  const current = (): number => Math.floor(clock.now() / bucketMs);
  const dropOld = (): void => {
    // Those ahead of us were counted before the clock was set back.
    for (const index of buckets.keys()) if (index <= current() - BUCKETS || index > current()) buckets.delete(index);
  };
  return {
    add(name) {
      dropOld();
      const bucket = buckets.get(current()) ?? new Map<Name, number>();
      buckets.set(current(), bucket.set(name, (bucket.get(name) ?? 0) + 1));
    },
    count(name) {
      dropOld();
      return [...buckets.values()].reduce((sum, bucket) => sum + (bucket.get(name) ?? 0), 0);
    },
    clear: () => {
      buckets.clear();
    },
  };
}
