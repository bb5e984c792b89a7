// How much is waited for the engine of the shared memory: a moment, and after one slow or failed command not at all for a
// while, because each costs every waiting client its time.

import type { Clock } from '../clock.js';
import { createCircuitBreaker } from '../flow/circuit-breaker.js';
import { startDeadline } from '../flow/deadline.js';
import type { Engine } from './redis.js';

/** What the engine answers to a command; undefined when it does not, or not within `maxMs`. Never rejects. */
export type Ask = <T>(command: (engine: Engine) => Promise<T>, maxMs?: number) => Promise<T | undefined>;

/** What a client may lose by it. */
export const ANSWER_MS = 150;
const BREAKER = { failuresInARow: 1, failureRatio: 1, minCalls: 1, windowMs: 30_000, openMs: 5_000, maxOpenMs: 60_000 };

/** `onBreaker` is told when the engine begins to be left alone, and when it is asked again. */
export function createAsk(engine: Engine, clock: Clock, onBreaker: (isOpen: boolean) => void): Ask {
  const breaker = createCircuitBreaker({ ...BREAKER, clock, judge: () => 'failure', onChange: onBreaker });
  return async (command, maxMs = ANSWER_MS) => {
    if (!engine.isReady()) return undefined;
    const deadline = startDeadline(clock, maxMs);
    try {
      return await breaker.run(() => deadline.race(command(engine)));
    } catch {
      return undefined;
    } finally {
      deadline.end();
    }
  };
}
