// Counts events over a sliding window, such as the calls of the last 30 seconds. Ten buckets, so that memory does not grow
// with the traffic; the window is exact to a tenth of its length.

import type { Clock } from '../clock.js';

export type SlidingWindowCounter<Name extends string> = ReturnType<typeof createSlidingWindowCounter<Name>>;

const BUCKETS = 10;

export function createSlidingWindowCounter<Name extends string>(clock: Clock, windowMs: number) {
  const bucketMs = windowMs / BUCKETS;
  /** By bucket number since the Unix epoch. */
  const buckets = new Map<number, Map<Name, number>>();
  /** Drops buckets outside the window, and returns the current bucket number. */
  const rotate = (): number => {
    const current = Math.floor(clock.now() / bucketMs);
    // Buckets in the future were filled before the clock was set back.
    for (const index of buckets.keys()) if (index <= current - BUCKETS || index > current) buckets.delete(index);
    return current;
  };
  return {
    add(name: Name): void {
      const index = rotate();
      const bucket = buckets.get(index) ?? new Map<Name, number>();
      buckets.set(index, bucket.set(name, (bucket.get(name) ?? 0) + 1));
    },
    /** How often `name` was added within the window. */
    count(name: Name): number {
      rotate();
      let sum = 0;
      for (const bucket of buckets.values()) sum += bucket.get(name) ?? 0;
      return sum;
    },
    clear: (): void => {
      buckets.clear();
    },
  };
}
