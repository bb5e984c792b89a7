// The memory that replicas share. It is a help and never a need: whatever is wrong with it, the report comes from
// upstream, a moment later.

import type { Clock } from '../../clock.js';
import { Deadline } from '../../concurrency/deadline.js';
import type { FetchedReport } from '../../upstream/client/client.js';
import type { Principal } from '../../upstream/principal.js';
import type { DatedReport } from '../freshness.js';
import { ANSWER_MS, createAsk, TURN_MS } from './guarded-redis.js';
import { createPurges } from './invalidation-queue.js';
import type { Engine } from './redis.js';
import { createSharedEntries, type SharedEntriesOptions, type SharedPlace } from './shared-store.js';
import { takeLock, type SharedLock } from './fetch-lock.js';

export interface SharedFetch extends SharedPlace {
  /** Whether a report that another replica has fetched meanwhile will do. */
  readonly isGood: (found: DatedReport) => boolean;
  /** Asks the upstream. */
  readonly fetch: () => Promise<DatedReport & FetchedReport>;
  readonly signal: AbortSignal;
}

export interface SharedCache {
  /** Within 150 ms, or not at all. Never throws. */
  read(place: SharedPlace): Promise<DatedReport | undefined>;
  /** Asks the upstream, unless another replica does so already: then that one's report. @throws what `fetch` throws. */
  fetchOnce(wanted: SharedFetch): Promise<{ readonly found: DatedReport; readonly isOurs: boolean }>;
  /** Makes all that is kept for the principal worthless, in the background. */
  purge(principal: Principal): void;
  /** Whether it is of use now. */
  isUp(): boolean;
  close(): Promise<void>;
}

export interface SharedCacheOptions extends Omit<SharedEntriesOptions, 'ask'> {
  readonly engine: Engine;
  /** How long the upstream may take for a report. */
  readonly timeoutMs: number;
  /** Told when the engine fails and is left alone, and when it has taken something again. */
  readonly onTrouble: (isOpen: boolean) => void;
}

/** For how long others wait at most for whoever fetches a report; then they ask for themselves. */
const MAX_WAIT_MS = 10_000;

export function createSharedCache({ engine, timeoutMs, onTrouble, ...rest }: SharedCacheOptions): SharedCache {
  const { clock } = rest;
  const ask = createAsk(engine, clock, onTrouble);
  const entries = createSharedEntries({ ask, ...rest });
  const background = createBackground(clock);
  const purges = createPurges(entries, clock);
  // There has to be time left to ask.
  const waitMs = Math.ceil(Math.min(MAX_WAIT_MS, timeoutMs / 2));

  /** Fetches, and leaves the report for the others. */
  const fetchFor = async (wanted: SharedFetch, lock: SharedLock) => {
    // Whoever held the lock before us may have left what we want.
    const seen = lock.isOurs === undefined ? undefined : await entries.look(wanted, TURN_MS);
    if (seen?.found !== undefined && wanted.isGood(seen.found)) return { found: seen.found, isOurs: false };
    const generation = seen && (seen.generation ?? (await entries.begin(wanted.principal)));
    const fetched = await wanted.fetch();
    const written = generation === undefined ? undefined : entries.write(wanted, generation, fetched);
    return { found: fetched, isOurs: true, written };
  };

  return {
    read: async (place) => (await entries.look(place))?.found,
    async fetchOnce(wanted) {
      const lock = await takeLock({ ask, engine, clock, waitMs }, wanted);
      let written: Promise<void> | undefined;
      try {
        const { found, isOurs, ...rest } = await fetchFor(wanted, lock);
        ({ written } = rest);
        return { found, isOurs };
      } finally {
        // First the report, then the lock: the next one finds it there. Nobody waits for either.
        background.add((written ?? Promise.resolve()).then(lock.release, lock.release));
      }
    },
    purge: (principal) => {
      purges.add(principal);
    },
    isUp: () => ask.isWell(),
    async close() {
      purges.end();
      await background.settled(ANSWER_MS);
      await engine.close();
    },
  };
}

interface Background {
  add(work: Promise<unknown>): void;
  /** Resolves when all of it has ended, or after `maxMs`. */
  settled(maxMs: number): Promise<void>;
}

function createBackground(clock: Clock): Background {
  const works = new Set<Promise<unknown>>();
  return {
    add(work) {
      const ended = work.catch(() => undefined).finally(() => works.delete(ended));
      works.add(ended);
    },
    async settled(maxMs) {
      const deadline = new Deadline(clock, maxMs);
      await deadline.race(Promise.all(works)).catch(() => undefined);
      deadline.end();
    },
  };
}
