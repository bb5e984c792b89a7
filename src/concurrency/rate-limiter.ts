// Rate limits per key by the generic cell rate algorithm (GCRA). It stores one number per key, the theoretical arrival time
// of the next request. A key that has been quiet may send a minute's worth of requests in one burst.
// https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm

import { LRUCache } from 'lru-cache';

import type { Clock } from '../clock.js';

const MINUTE_MS = 60_000;

export class RateLimiter {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  /** Theoretical arrival times: some 150 bytes each. */
  readonly #arrivals: LRUCache<string, number>;

  /**
   * @param maxKeys the bound of keys; the least recently used is evicted. New keys can reset the limit of an active key
   *   only if more than this many arrive within a minute.
   */
  constructor(perMinute: number, clock: Clock, maxKeys = 10_000) {
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
