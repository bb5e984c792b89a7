// Rate limits per key by the generic cell rate algorithm (GCRA), which keeps one number per key: the theoretical arrival
// time, when all that the key has sent is paid for. A key that has been quiet may send a minute's worth at once.
// https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm

import type { Clock } from '../clock.js';

const MINUTE_MS = 60_000;
/** Some 150 bytes each: 1.5 MB per limiter. */
const MAX_KEYS = 10_000;

export interface RateLimiterOptions {
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
  readonly #maxKeys: number;
  /** Theoretical arrival times, in the order of the last `take`. */
  readonly #arrivals = new Map<string, number>();

  constructor({ perMinute, clock, maxKeys = MAX_KEYS }: RateLimiterOptions) {
    this.#clock = clock;
    this.#intervalMs = MINUTE_MS / perMinute;
    this.#maxKeys = maxKeys;
  }

  /** Counts a request of this key. Returns how many milliseconds it has to wait; 0: it may pass. Refused ones are free. */
  take(key: string): number {
    const now = this.#clock.now();
    // A clock that was set back makes nobody wait longer than for a whole minute's worth.
    const arrival = Math.min(Math.max(this.#arrivals.get(key) ?? now, now), now + MINUTE_MS);
    const waitMs = arrival + this.#intervalMs - now - MINUTE_MS;
    // Sums of fractions are a little off; a request that is due passes.
    const mayPass = waitMs < 1e-6;
    this.#set(key, mayPass ? arrival + this.#intervalMs : arrival);
    return mayPass ? 0 : waitMs;
  }

  /** Takes back a `take` that passed. */
  refund(key: string): void {
    const arrival = this.#arrivals.get(key);
    if (arrival !== undefined) this.#arrivals.set(key, arrival - this.#intervalMs);
  }

  #set(key: string, arrival: number): void {
    // Moving a key to the end costs more than the rest of `take`, and matters only when keys will be evicted.
    if (this.#arrivals.size > this.#maxKeys / 2) this.#arrivals.delete(key);
    this.#arrivals.set(key, arrival);
    if (this.#arrivals.size <= this.#maxKeys) return;
    for (const oldest of this.#arrivals.keys()) {
      this.#arrivals.delete(oldest);
      return;
    }
  }
}
