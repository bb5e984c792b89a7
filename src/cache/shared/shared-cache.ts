// The cache that replicas share. It is optional at every step: whenever it fails, the report comes from the upstream, at
// most 150 ms later.

import type { Clock } from '../../clock.js';
import { Deadline } from '../../concurrency/deadline.js';
import type { FetchedReport } from '../../upstream/client/client.js';
import type { Principal } from '../../upstream/principal.js';
import type { TimestampedReport } from '../freshness.js';
import { acquireFetchLock, type FetchLock } from './fetch-lock.js';
import { COMMAND_BUDGET_MS, createGuardedRedis, ROUND_TRIP_MS } from './guarded-redis.js';
import type { OnAvailabilityChange, RunCommand, SharedTierBudget } from './guarded-redis.js';
import { InvalidationQueue } from './invalidation-queue.js';
import type { Redis } from './redis.js';
import { SharedStore, type SharedKey, type SharedStoreOptions } from './shared-store.js';

interface SharedRead extends SharedKey {
  readonly budget: SharedTierBudget;
}

interface SharedFetch extends SharedRead {
  /** Whether a report that another replica has fetched meanwhile is fresh enough. */
  readonly isFreshEnough: (found: TimestampedReport) => boolean;
  /** Fetches the report from the upstream. */
  readonly fetch: () => Promise<TimestampedReport & FetchedReport>;
  readonly signal: AbortSignal;
}

interface SharedCacheOptions extends Omit<SharedStoreOptions, 'run'> {
  readonly redis: Redis;
  /** The deadline of a fetch, the wait for another replica included. */
  readonly timeoutMs: number;
  readonly onAvailabilityChange: OnAvailabilityChange;
}

interface FetchResult {
  readonly found: TimestampedReport;
  /** Whether it was fetched here. */
  readonly isOurs: boolean;
  /** Settles when Redis has the report, where it is written. */
  readonly written?: Promise<void> | undefined;
}

/** The longest wait for another replica. */
const MAX_WAIT_MS = 10_000;

export class SharedCache {
  readonly #clock: Clock;
  readonly #redis: Redis;
  readonly #run: RunCommand;
  readonly #store: SharedStore;
  readonly #invalidations: InvalidationQueue;
  readonly #maxWaitMs: number;
  /** Bounded by the fetches in flight and the time limit of a write. */
  readonly #background = new Set<Promise<unknown>>();

  constructor({ redis, timeoutMs, onAvailabilityChange, ...storeOptions }: SharedCacheOptions) {
    this.#clock = storeOptions.clock;
    this.#redis = redis;
    this.#run = createGuardedRedis(redis, this.#clock, onAvailabilityChange);
    this.#store = new SharedStore({ run: this.#run, ...storeOptions });
    this.#invalidations = new InvalidationQueue(this.#store, this.#clock);
    // Half of the deadline is left for the fetch.
    this.#maxWaitMs = Math.ceil(Math.min(MAX_WAIT_MS, timeoutMs / 2));
  }

  /** As `found` of SharedLookup; empty also when Redis does not reply within the budget. Never rejects. */
  async read(wanted: SharedRead): Promise<readonly TimestampedReport[]> {
    return (await this.#store.read(wanted, { budget: wanted.budget }))?.found ?? [];
  }

  /** Fetches the report, or waits for another replica that is fetching it. @throws what `fetch` throws. */
  async fetchOnce(wanted: SharedFetch): Promise<FetchResult> {
    const wait = { run: this.#run, redis: this.#redis, clock: this.#clock, maxWaitMs: this.#maxWaitMs };
    const lock = await acquireFetchLock(wait, wanted);
    let fetched: FetchResult | undefined;
    try {
      fetched = await this.#fetchHoldingLock(wanted, lock);
      return fetched;
    } finally {
      // In the background; the report before the lock, so that the next holder finds it.
      const task = (fetched?.written ?? Promise.resolve())
        .then(lock.release, lock.release)
        .catch(() => undefined)
        .finally(() => this.#background.delete(task));
      this.#background.add(task);
    }
  }

  async #fetchHoldingLock(wanted: SharedFetch, { isOurs }: FetchLock): Promise<FetchResult> {
    const { budget } = wanted;
    // A previous holder of the lock may have written the report.
    const lookup = isOurs === undefined ? undefined : await this.#store.read(wanted, { maxMs: ROUND_TRIP_MS, budget });
    const newest = lookup?.found.at(-1);
    if (newest !== undefined && wanted.isFreshEnough(newest)) return { found: newest, isOurs: false };
    const generation = lookup && (lookup.generation ?? (await this.#store.startGeneration(wanted.principal, budget)));
    const found = await wanted.fetch();
    const written = generation === undefined ? undefined : this.#store.write(wanted, generation, found);
    return { found, isOurs: true, written };
  }

  /** Invalidates all entries of the principal, in the background. */
  purge({ id }: Pick<Principal, 'id'>): void {
    this.#invalidations.add(id);
  }

  /** Whether Redis is connected, and the last command succeeded. */
  isUp(): boolean {
    return this.#run.isHealthy();
  }

  async close(): Promise<void> {
    this.#invalidations.close();
    const deadline = new Deadline(this.#clock, COMMAND_BUDGET_MS);
    await deadline.race(Promise.all(this.#background)).catch(() => undefined);
    deadline.end();
    await this.#redis.close();
  }
}
