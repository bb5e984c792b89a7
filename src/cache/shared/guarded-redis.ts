// Time limits for Redis. A load spends at most 150 ms in total on the shared cache; after one slow or failed command Redis
// is bypassed for a while.

import type { Clock } from '../../clock.js';
import { CircuitBreaker, CircuitOpenError } from '../../concurrency/circuit-breaker.js';
import type { Deadline } from '../../concurrency/deadline.js';
import { toReason, type Redis } from './redis.js';

export interface CommandOptions {
  readonly maxMs?: number;
  /** Whether the command writes: a full Redis refuses writes and still replies to reads. */
  readonly isWrite?: boolean;
  /** The command is not sent when less than ROUND_TRIP_MS is left. */
  readonly budget?: Deadline | undefined;
}

/** The time that a load may spend on the shared cache. */
export const COMMAND_BUDGET_MS = 150;
/** The limit of each command of a load after the first, so that one slow reply leaves time for the next command. */
export const ROUND_TRIP_MS = 45;
const BREAKER = {
  consecutiveFailures: 1,
  failureRatio: 1,
  minCalls: 1,
  windowMs: 30_000,
  openMs: 5_000,
  maxOpenMs: 60_000,
};

/** Called when Redis fails and is bypassed, with the reason, and when it works again. */
export type OnAvailabilityChange = (isAvailable: boolean, reason?: string) => void;

export type GuardedRedis = ReturnType<typeof createGuardedRedis>;

export function createGuardedRedis(redis: Redis, clock: Clock, onAvailabilityChange: OnAvailabilityChange) {
  const breaker = new CircuitBreaker(BREAKER, { clock, classify: () => 'failure' });
  /** The kind of command that failed last; undefined once a command of this kind, or a write, has succeeded. */
  let failing: 'read' | 'write' | undefined;
  const record = (kind: 'read' | 'write', failure?: unknown): void => {
    const wasAvailable = failing === undefined;
    if (failure !== undefined) failing ??= kind;
    else if (kind === 'write' || failing === 'read') failing = undefined;
    if (wasAvailable === (failing === undefined)) return;
    onAvailabilityChange(failing === undefined, failure === undefined ? undefined : toReason(failure));
  };
  return {
    /** The reply to a command; undefined without one in time. Never rejects. */
    async run<T>(command: (redis: Redis) => Promise<T>, options: CommandOptions = {}): Promise<T | undefined> {
      const { isWrite = false, budget } = options;
      const kind = isWrite ? 'write' : 'read';
      const maxMs = Math.min(options.maxMs ?? COMMAND_BUDGET_MS, budget?.remainingMs() ?? Infinity);
      if (!redis.isReady() || (budget !== undefined && maxMs < ROUND_TRIP_MS)) return undefined;
      try {
        const reply = await breaker.run(() => withTimeout(maxMs, clock, command(redis)));
        record(kind);
        return reply;
      } catch (error) {
        if (!(error instanceof CircuitOpenError)) record(kind, error);
        return undefined;
      }
    },
    /** Whether there is a connection, and the last command succeeded. */
    isHealthy: () => redis.isReady() && failing === undefined,
  };
}

function withTimeout<T>(maxMs: number, clock: Clock, task: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    // Only once replies that have already arrived are read: our own event loop may have been busy.
    const onTimeout = () =>
      setImmediate(() => {
        reject(Object.assign(new Error('no reply in time'), { code: 'ETIMEDOUT' }));
      });
    task.then(resolve, reject).finally(clock.after(maxMs, onTimeout));
  });
}
