// A short lock, so that replicas do not fetch the same report at the same time. It is a courtesy: whoever has waited long
// enough, or hears nothing of it, goes on without.

import { randomUUID } from 'node:crypto';

import type { Clock } from '../../clock.js';
import { delay } from '../../concurrency/abort.js';
import { TURN_MS, type Ask } from './guarded-redis.js';
import type { Engine } from './redis.js';
import { nameKey, type SharedPlace } from './shared-store.js';

export interface SharedLock {
  /** False: it is another's, and was waited for in vain; undefined: the engine does not answer. */
  readonly isOurs: boolean | undefined;
  readonly release: () => Promise<void>;
}

export interface LockOptions {
  readonly ask: Ask;
  readonly engine: Engine;
  readonly clock: Clock;
  /** How long another's lock is waited for. */
  readonly waitMs: number;
}

/** How long a lock holds that is not renewed: what a replica costs the others that dies with it. */
const LOCK_MS = 5_000;
const RENEW_MS = 1_000;
const POLL_MS = 50;
const TURN = { maxMs: TURN_MS, isWrite: true };

/** Takes the lock of a place, and renews it until it is let go of. */
export async function takeLock(
  { ask, engine, clock, waitMs }: LockOptions,
  { key, principal, signal }: SharedPlace & { readonly signal: AbortSignal },
): Promise<SharedLock> {
  const name = nameKey(principal, 'lock', key);
  const owner = randomUUID();
  const take = () => ask(() => engine.lock(name, owner, LOCK_MS), TURN);
  const until = clock.now() + waitMs;
  let isOurs = ask.isSlow() ? undefined : await take();
  while (isOurs === false && clock.now() < until) {
    await delay(clock, POLL_MS, signal);
    isOurs = await take();
  }
  let cancel: () => void = () => undefined;
  const renewLater = (): void => {
    cancel = clock.after(RENEW_MS, () => {
      void take();
      renewLater();
    });
  };
  if (isOurs === true) renewLater();
  return {
    isOurs,
    async release() {
      cancel();
      // Also where the answer came too late: it may have been taken all the same.
      if (isOurs !== false) await engine.unlock(name, owner);
    },
  };
}
