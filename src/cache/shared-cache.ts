// The memory that replicas share. It is a help and never a need: whatever is wrong with it, the report comes from
// upstream, a moment later. A short lock keeps replicas from fetching the same report at the same time.

import { randomUUID } from 'node:crypto';

import type { Clock } from '../clock.js';
import { pause } from '../flow/abort.js';
import { startDeadline } from '../flow/deadline.js';
import type { FetchedReport } from '../upstream/client.js';
import type { Principal } from '../upstream/principal.js';
import type { DatedReport } from './freshness.js';
import { ANSWER_MS, createAsk } from './patience.js';
import type { Engine } from './redis.js';
import { createSharedEntries, nameKey, type SharedEntriesOptions, type SharedPlace } from './shared-entries.js';

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
const MAX_LOCK_MS = 10_000;
const POLL_MS = 50;

export function createSharedCache({ engine, timeoutMs, onTrouble, ...rest }: SharedCacheOptions): SharedCache {
  const { clock } = rest;
  const ask = createAsk(engine, clock, onTrouble);
  const entries = createSharedEntries({ ask, ...rest });
  const background = createBackground(clock);
  // There has to be time left to ask.
  const lockMs = Math.ceil(Math.min(MAX_LOCK_MS, timeoutMs / 2));

  /** Whether the lock is ours; undefined when the engine does not answer. Waits for a while if it is another's. */
  const takeLock = async (name: string, owner: string, signal: AbortSignal): Promise<boolean | undefined> => {
    const until = clock.now() + lockMs;
    for (;;) {
      const isOurs = await ask(() => engine.lock(name, owner, lockMs), { isWrite: true });
      if (isOurs !== false || clock.now() >= until) return isOurs;
      await pause(clock, POLL_MS, signal);
    }
  };

  return {
    read: async (place) => (await entries.look(place))?.found,
    async fetchOnce(wanted) {
      const name = nameKey(wanted.principal, 'lock', wanted.key);
      const owner = randomUUID();
      const isLocked = await takeLock(name, owner, wanted.signal);
      // Also where the answer came too late: the lock may have been taken all the same.
      const release = async (): Promise<void> => {
        if (isLocked !== false) await engine.unlock(name, owner);
      };
      let written = Promise.resolve();
      try {
        // Whoever held the lock before us may have left what we want.
        const seen = isLocked === undefined ? undefined : await entries.look(wanted);
        if (seen?.found !== undefined && wanted.isGood(seen.found)) return { found: seen.found, isOurs: false };
        const fetched = await wanted.fetch();
        if (seen !== undefined) written = entries.write(wanted, seen.generation, fetched);
        return { found: fetched, isOurs: true };
      } finally {
        // First the report, then the lock: the next one finds it there. Nobody waits for either.
        background.add(written.then(release, release));
      }
    },
    purge: (principal) => {
      background.add(entries.purge(principal));
    },
    async close() {
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
      const deadline = startDeadline(clock, maxMs);
      await deadline.race(Promise.all(works)).catch(() => undefined);
      deadline.end();
    },
  };
}
