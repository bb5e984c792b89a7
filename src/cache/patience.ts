// How much is waited for the engine of the shared memory: a moment, and after one slow or failed command not at all for a
// while, because each costs every waiting client its time.

import type { Clock } from '../clock.js';
import { CircuitOpenError, createCircuitBreaker } from '../flow/circuit-breaker.js';
import { startDeadline } from '../flow/deadline.js';
import type { Engine } from './redis.js';

/** What the engine answers to a command; undefined when it does not, or not within `maxMs`. Never rejects. */
export type Ask = <T>(command: (engine: Engine) => Promise<T>, options?: AskOptions) => Promise<T | undefined>;

export interface AskOptions {
  readonly maxMs?: number;
  /** Whether something is written: an engine that is full goes on reading. */
  readonly isWrite?: boolean;
}

/** What a client may lose by it. */
export const ANSWER_MS = 150;
const BREAKER = { failuresInARow: 1, failureRatio: 1, minCalls: 1, windowMs: 30_000, openMs: 5_000, maxOpenMs: 60_000 };

/** `onTrouble` is told when the engine fails and is left alone, and when it has taken something again. */
export function createAsk(engine: Engine, clock: Clock, onTrouble: (isTrouble: boolean) => void): Ask {
  const breaker = createCircuitBreaker({ ...BREAKER, clock, judge: () => 'failure' });
  /** What failed last, until it goes well again: one that is full reads well, which ends nothing. */
  let trouble: 'read' | 'write' | undefined;
  const learn = (kind: 'read' | 'write', isWell: boolean): void => {
    const before = trouble;
    if (!isWell) trouble ??= kind;
    else if (kind === 'write' || trouble === 'read') trouble = undefined;
    if ((before === undefined) !== (trouble === undefined)) onTrouble(trouble !== undefined);
  };
  return async (command, { maxMs = ANSWER_MS, isWrite = false } = {}) => {
    if (!engine.isReady()) return undefined;
    const deadline = startDeadline(clock, maxMs);
    try {
      const answer = await breaker.run(() => deadline.race(command(engine)));
      learn(isWrite ? 'write' : 'read', true);
      return answer;
    } catch (error) {
      if (!(error instanceof CircuitOpenError)) learn(isWrite ? 'write' : 'read', false);
      return undefined;
    } finally {
      deadline.end();
    }
  };
}
