// A lock per report, so that replicas do not fetch the same report at the same time. The lock is advisory: a replica
// waits only while the holder shows signs of life, and proceeds without the lock when Redis does not reply.

import { randomUUID } from 'node:crypto';

import type { Clock } from '../../clock.js';
import { delay } from '../../concurrency/abort.js';
import { ROUND_TRIP_MS, type RunCommand, type SharedTierBudget } from './guarded-redis.js';
import type { Redis } from './redis.js';
import { toRedisKey, type SharedKey } from './shared-store.js';

export type FetchLock = Awaited<ReturnType<typeof acquireFetchLock>>;

interface FetchLockOptions {
  readonly run: RunCommand;
  readonly redis: Redis;
  readonly clock: Clock;
  /** The longest wait for a holder that shows signs of life. */
  readonly maxWaitMs: number;
}

/** How long Redis keeps a lock that is not renewed. */
const LOCK_TTL_MS = 30_000;
/** The holder's sign of life: it changes the value of the lock this often. */
const RENEW_INTERVAL_MS = 25;
/** More than RENEW_INTERVAL_MS: a live holder has changed the value since the last look, or by the next. */
const POLL_INTERVAL_MS = 40;

/** Acquires the lock of a report, and renews it until it is released. */
export async function acquireFetchLock(
  { run, redis, clock, maxWaitMs }: FetchLockOptions,
  { key, principal, budget, signal }: SharedKey & { readonly budget: SharedTierBudget; readonly signal: AbortSignal },
) {
  const name = toRedisKey(principal.id, 'lock', key);
  const owner = randomUUID();
  let renewals = 0;
  const acquire = (within?: SharedTierBudget): Promise<string | undefined> => {
    const value = `${owner} ${(renewals += 1)}`;
    const command = (connection: Redis) => connection.lock(name, { owner, value, ttlMs: LOCK_TTL_MS });
    return run(command, { maxMs: ROUND_TRIP_MS, isWrite: true, budget: within });
  };
  const isOthers = (value: string | undefined) => value !== undefined && !value.startsWith(owner);

  const giveUpAt = clock.now() + maxWaitMs;
  let value = await acquire(budget);
  while (isOthers(value) && clock.now() < giveUpAt && budget.remainingMs() >= POLL_INTERVAL_MS + ROUND_TRIP_MS) {
    await delay(clock, POLL_INTERVAL_MS, signal);
    const previous = value;
    value = await acquire(budget);
    // A lock that nobody renews is left over or foreign: then the budget runs out.
    if (value !== undefined && value !== previous) budget.restart();
  }
  const isOurs = value === undefined ? undefined : !isOthers(value);
  const stopRenewing = isOurs === true ? every(clock, RENEW_INTERVAL_MS, () => void acquire()) : () => undefined;
  return {
    /** False: another replica holds it, and was waited for in vain. Undefined: Redis does not reply. */
    isOurs,
    async release(): Promise<void> {
      stopRenewing();
      // Also without a reply: Redis may have executed the command.
      if (isOurs !== false) await redis.unlock(name, owner);
    },
  };
}

function every(clock: Clock, intervalMs: number, task: () => void): () => void {
  let cancel = clock.after(intervalMs, tick);
  function tick(): void {
    task();
    cancel = clock.after(intervalMs, tick);
  }
  return () => {
    cancel();
  };
}
