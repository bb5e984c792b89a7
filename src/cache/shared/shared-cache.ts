// The cache that replicas share. It is optional at every step: whenever it fails, the report comes from the upstream, at
// most 150 ms later.

import { Deadline } from '../../concurrency/deadline.js';
import type { FetchedReport } from '../../upstream/client/client.js';
import type { Principal } from '../../upstream/principal.js';
import type { TimestampedReport } from '../freshness.js';
import { acquireFetchLock, type FetchLock } from './fetch-lock.js';
import { COMMAND_BUDGET_MS, createGuardedRedis, ROUND_TRIP_MS, type SharedTierBudget } from './guarded-redis.js';
import { InvalidationQueue } from './invalidation-queue.js';
import type { Redis } from './redis.js';
import { createSharedStore, type SharedKey, type SharedStoreOptions } from './shared-store.js';

export interface SharedRead extends SharedKey {
  readonly budget: SharedTierBudget;
}

export interface SharedFetch extends SharedRead {
  /** Whether a report that another replica has fetched meanwhile is fresh enough. */
  readonly isFreshEnough: (found: TimestampedReport) => boolean;
  /** Fetches the report from the upstream. */
  readonly fetch: () => Promise<TimestampedReport & FetchedReport>;
  readonly signal: AbortSignal;
}

export type SharedCache = ReturnType<typeof createSharedCache>;

export interface SharedCacheOptions extends Omit<SharedStoreOptions, 'run'> {
  readonly redis: Redis;
  /** The deadline of a fetch, the wait for another replica included. */
  readonly timeoutMs: number;
  /** Called when Redis fails and is bypassed, and when it works again. */
  readonly onAvailabilityChange: (isAvailable: boolean) => void;
}

/** The longest wait for another replica. */
const MAX_WAIT_MS = 10_000;

export function createSharedCache(options: SharedCacheOptions) {
  const { redis, timeoutMs, onAvailabilityChange, ...storeOptions } = options;
  const { clock } = storeOptions;
  const run = createGuardedRedis(redis, clock, onAvailabilityChange);
  const store = createSharedStore({ run, ...storeOptions });
  /** Bounded by the fetches in flight and the time limit of a write. */
  const background = new Set<Promise<unknown>>();
  const invalidations = new InvalidationQueue(store, clock);
  // Half of the deadline is left for the fetch.
  const maxWaitMs = Math.ceil(Math.min(MAX_WAIT_MS, timeoutMs / 2));

  const fetchHoldingLock = async (wanted: SharedFetch, lock: FetchLock) => {
    const { budget } = wanted;
    // A previous holder of the lock may have written the report.
    const lookup = lock.isOurs === undefined ? undefined : await store.read(wanted, { maxMs: ROUND_TRIP_MS, budget });
    const newest = lookup?.found.at(-1);
    if (newest !== undefined && wanted.isFreshEnough(newest)) return { found: newest, isOurs: false };
    const generation = lookup && (lookup.generation ?? (await store.startGeneration(wanted.principal, budget)));
    const found = await wanted.fetch();
    const written = generation === undefined ? undefined : store.write(wanted, generation, found);
    return { found, isOurs: true, written };
  };

  return {
    /** As `found` of SharedLookup; empty also when Redis does not reply within the budget. Never rejects. */
    read: async (wanted: SharedRead): Promise<readonly TimestampedReport[]> =>
      (await store.read(wanted, { budget: wanted.budget }))?.found ?? [],
    /** Fetches the report, or waits for another replica that is fetching it. @throws what `fetch` throws. */
    async fetchOnce(wanted: SharedFetch): Promise<{ readonly found: TimestampedReport; readonly isOurs: boolean }> {
      const lock = await acquireFetchLock({ run, redis, clock, maxWaitMs }, wanted);
      let written: Promise<void> | undefined;
      try {
        const { found, isOurs, ...rest } = await fetchHoldingLock(wanted, lock);
        ({ written } = rest);
        return { found, isOurs };
      } finally {
        // In the background; the report before the lock, so that the next holder finds it.
        const task = (written ?? Promise.resolve())
          .then(lock.release, lock.release)
          .catch(() => undefined)
          .finally(() => background.delete(task));
        background.add(task);
      }
    },
    /** Invalidates all entries of the principal, in the background. */
    purge({ id }: Pick<Principal, 'id'>): void {
      invalidations.add(id);
    },
    /** Whether Redis is connected, and the last command succeeded. */
    isUp: () => run.isHealthy(),
    async close(): Promise<void> {
      invalidations.close();
      const deadline = new Deadline(clock, COMMAND_BUDGET_MS);
      await deadline.race(Promise.all(background)).catch(() => undefined);
      deadline.end();
      await redis.close();
    },
  };
}
