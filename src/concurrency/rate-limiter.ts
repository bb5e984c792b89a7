// Rate limits per key by the generic cell rate algorithm (GCRA). It stores one number per key, the theoretical arrival time
// of the next request. A key that has been quiet may send a minute's worth of requests in one burst.
// https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm

import { LRUCache } from 'lru-cache';

import type { Clock } from '../clock.js';

const MINUTE_MS = 60_000;
/** Some 150 bytes each: 1.5 MB per limiter. */
const MAX_KEYS = 10_000;

interface RateLimiterOptions {
  readonly perMinute: number;
  readonly clock: Clock;
  /** The bound of keys; the least recent is evicted. New keys reset an active one only if more than this come a minute. */
  readonly maxKeys?: number;
}

export class RateLimiter {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  /** Theoretical arrival times. */
  readonly #arrivals: LRUCache<string, number>;

  constructor({ perMinute, clock, maxKeys = MAX_KEYS }: RateLimiterOptions) {
    this.#clock = clock;
    this.#intervalMs = MINUTE_MS / perMinute;
    this.#arrivals = new LRUCache({ max: maxKeys });
  }

  /** Returns how many milliseconds a request of this key has to wait; 0: it passes, and is counted. */
  take(key: string): number {
    const now = this.#clock.now();
    // `min`, so that a clock that was set back does not lengthen the wait.
    const arrival = Math.min(Math.max(this.#arrivals.get(key) ?? now, now), now + MINUTE_MS);
    const waitMs = arrival + this.#intervalMs - now - MINUTE_MS;
    // Tolerates the rounding of sums.
    const mayPass = waitMs < 1e-6;
    this.#arrivals.set(key, mayPass ? arrival + this.#intervalMs : arrival);
    return mayPass ? 0 : waitMs;
  }

  /** Undoes a `take` that passed. */
  refund(key: string): void {
    const arrival = this.#arrivals.get(key);
    if (arrival !== undefined) this.#arrivals.set(key, arrival - this.#intervalMs);
  }
}
