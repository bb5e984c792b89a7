// Rate limits per key by the generic cell rate algorithm (GCRA), which keeps one number per key: the theoretical arrival
// time, when all that the key has sent is paid for. A key that has been quiet may send a minute's worth in one burst.
// https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm

import { LRUCache } from 'lru-cache';

import type { Clock } from '../clock.js';

const MINUTE_MS = 60_000;
/** Some 150 bytes each: 1.5 MB per limiter. */
const MAX_KEYS = 10_000;

interface RateLimiterOptions {
  readonly perMinute: number;
  readonly clock: Clock;
  /**
   * How many keys are remembered. The one that was quiet longest is evicted: after a minute there is nothing left to
   * forget about it, so that new keys reset the limit of an active key only if they outnumber this within a minute.
   */
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

  /** Counts a request of this key. Returns how many milliseconds it has to wait; 0: it may pass. Refused ones are free. */
  take(key: string): number {
    const now = this.#clock.now();
    // A clock that was set back makes nobody wait longer than for a whole minute's worth.
    const arrival = Math.min(Math.max(this.#arrivals.get(key) ?? now, now), now + MINUTE_MS);
    const waitMs = arrival + this.#intervalMs - now - MINUTE_MS;
    // Sums of fractions are a little off; a request that is due passes.
    const mayPass = waitMs < 1e-6;
    this.#arrivals.set(key, mayPass ? arrival + this.#intervalMs : arrival);
    return mayPass ? 0 : waitMs;
  }

  /** Takes back a `take` that passed. */
  refund(key: string): void {
    const arrival = this.#arrivals.get(key);
    if (arrival !== undefined) this.#arrivals.set(key, arrival - this.#intervalMs);
  }
}
