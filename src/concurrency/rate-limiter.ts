// So many requests a minute for each caller, evenly refilled: a caller that has been quiet may send them all at once. By
// the generic cell rate algorithm, which keeps one number a caller: when all that it has sent is made up for.
// https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm

import type { Clock } from '../clock.js';

const MINUTE_MS = 60_000;
/** Beyond, whoever has been quiet longest is forgotten, and may begin anew. */
const MAX_CALLERS = 10_000;

export interface RateLimit {
  /** Counts a request of this caller. @returns how long it has to wait until it may send it, 0 where it may now. */
  take(caller: string): number;
}

export interface RateLimitOptions {
  readonly perMinute: number;
  readonly clock: Clock;
  readonly maxCallers?: number;
}

export function createRateLimit({ perMinute, clock, maxCallers = MAX_CALLERS }: RateLimitOptions): RateLimit {
  const intervalMs = MINUTE_MS / perMinute;
  // In the order in which they last sent something.
  const madeUpAt = new Map<string, number>();
  return {
    take(caller) {
      const now = clock.now();
      const owed = madeUpAt.get(caller) ?? now;
      // A clock that was set back makes nobody wait longer than for all of it.
      const next = Math.min(Math.max(owed, now), now + MINUTE_MS) + intervalMs;
      const waitMs = next - now - MINUTE_MS;
      // Sums of fractions are a little off; a request that is due is let through.
      const mayPass = waitMs < 1e-6;
      // To move a caller to the end takes longer than all else here, and matters only where some will be forgotten.
      if (madeUpAt.size > maxCallers / 2) madeUpAt.delete(caller);
      madeUpAt.set(caller, mayPass ? next : next - intervalMs);
      if (madeUpAt.size > maxCallers) forgetFirst(madeUpAt);
      return mayPass ? 0 : waitMs;
    },
  };
}

function forgetFirst(map: Map<string, number>): void {
  for (const key of map.keys()) {
    map.delete(key);
    return;
  }
}
