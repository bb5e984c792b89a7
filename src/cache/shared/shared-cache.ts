// The cache that replicas share. It is optional at every step: whenever it fails, the report comes from the upstream, at
// most 150 ms later.

import type { Clock } from '../../clock.js';
import { Deadline } from '../../concurrency/deadline.js';
import type { FetchedReport } from '../../upstream/client/client.js';
import type { Principal } from '../../upstream/principal.js';
import type { TimestampedReport } from '../freshness.js';
import { acquireFetchLock } from './fetch-lock.js';
import { COMMAND_BUDGET_MS, createGuardedRedis, ROUND_TRIP_MS } from './guarded-redis.js';
import type { GuardedRedis, OnAvailabilityChange } from './guarded-redis.js';
import { InvalidationQueue } from './invalidation-queue.js';
import type { Redis } from './redis.js';
import { SharedStore, type SharedKey, type SharedStoreOptions } from './shared-store.js';

interface SharedFetch extends SharedKey {
  readonly budget: Deadline;
  /** Whether a report that another replica has fetched meanwhile can be used. */
  readonly isFreshEnough: (report: TimestampedReport) => boolean;
  /** Fetches the report from the upstream. */
  readonly fetch: () => Promise<TimestampedReport & FetchedReport>;
  readonly signal: AbortSignal;
}

interface SharedCacheOptions extends Omit<SharedStoreOptions, 'guarded'> {
  readonly redis: Redis;
  /** The deadline of a fetch, the wait for another replica included. */
  readonly timeoutMs: number;
  readonly onAvailabilityChange: OnAvailabilityChange;
}

/** The longest wait for another replica. */
const MAX_WAIT_MS = 10_000;

export class SharedCache {
  readonly #clock: Clock;
  readonly #redis: Redis;
  readonly #guarded: GuardedRedis;
  readonly #store: SharedStore;
  readonly #invalidations: InvalidationQueue;
  readonly #maxWaitMs: number;
  /** Bounded by the fetches in flight and the time limit of a write. */
  readonly #background = new Set<Promise<unknown>>();

  constructor({ redis, timeoutMs, onAvailabilityChange, ...storeOptions }: SharedCacheOptions) {
    this.#clock = storeOptions.clock;
    this.#redis = redis;
    this.#guarded = createGuardedRedis(redis, this.#clock, onAvailabilityChange);
    this.#store = new SharedStore({ guarded: this.#guarded, ...storeOptions });
    this.#invalidations = new InvalidationQueue(this.#store, this.#clock);
    // Half of the deadline is left for the fetch.
    this.#maxWaitMs = Math.ceil(Math.min(MAX_WAIT_MS, timeoutMs / 2));
  }

  /** The valid reports, oldest first; none when Redis does not reply within the budget. Never rejects. */
  async read(key: SharedKey, budget: Deadline): Promise<readonly TimestampedReport[]> {
    return (await this.#store.read(key, { budget }))?.reports ?? [];
  }

  /** Fetches the report, or waits for another replica that is fetching it: `isOurs` is false then. @throws as `fetch`. */
  async fetchOnce(options: SharedFetch): Promise<{ fetched: TimestampedReport; isOurs: boolean }> {
    const wait = { guarded: this.#guarded, redis: this.#redis, clock: this.#clock, maxWaitMs: this.#maxWaitMs };
    const lock = await acquireFetchLock(wait, options);
    let written: Promise<void> | undefined;
    try {
      const { budget } = lock;
      const limits = { maxMs: ROUND_TRIP_MS, budget };
      // A previous holder of the lock may have written the report.
      const lookup = lock.isOurs === undefined ? undefined : await this.#store.read(options, limits);
      const newest = lookup?.reports.at(-1);
      if (newest !== undefined && options.isFreshEnough(newest)) return { fetched: newest, isOurs: false };
      const generation =
        lookup && (lookup.generation ?? (await this.#store.startGeneration(options.principal, budget)));
      const fetched = await options.fetch();
      if (generation !== undefined) written = this.#store.write(options, generation, fetched);
      return { fetched, isOurs: true };
    } finally {
      // In the background. The lock is released after the write, so that its next holder finds the report.
      const task = Promise.resolve(written)
        .then(lock.release, lock.release)
        .catch(() => undefined)
        .finally(() => this.#background.delete(task));
      this.#background.add(task);
    }
  }

  /** Invalidates all entries of the principal, in the background. */
  purge({ id }: Pick<Principal, 'id'>): void {
    this.#invalidations.add(id);
  }

  /** Whether Redis is connected, and the last command succeeded. */
  isUp(): boolean {
    return this.#guarded.isHealthy();
  }

  async close(): Promise<void> {
    this.#invalidations.close();
    const deadline = new Deadline(this.#clock, COMMAND_BUDGET_MS);
    await deadline.race(Promise.all(this.#background)).catch(() => undefined);
    deadline.end();
    this.#redis.close();
  }
}
