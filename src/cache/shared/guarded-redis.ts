// How much is waited for the engine of the shared memory: a moment, and after one slow or failed command not at all for a
// while, because each costs every waiting client its time.

import type { Clock } from '../../clock.js';
import { CircuitOpenError, CircuitBreaker } from '../../concurrency/circuit-breaker.js';
import type { Engine } from './redis.js';

export interface Ask {
  /** What the engine answers to a command; undefined when it does not, or not within `maxMs`. Never rejects. */
  <T>(command: (engine: Engine) => Promise<T>, options?: AskOptions): Promise<T | undefined>;
  /** Whether the last answer took so long that there is no time for another turn. */
  isSlow(): boolean;
  /** Whether there is a connection, and what was last asked of the engine went well. */
  isWell(): boolean;
}

export interface AskOptions {
  readonly maxMs?: number;
  /** Whether something is written: an engine that is full goes on reading. */
  readonly isWrite?: boolean;
}

/** What a client may lose by it, in all. */
export const ANSWER_MS = 150;
/** One of the three turns that are taken at most: reading, locking, reading again. */
export const TURN_MS = 45;
const BREAKER = { failuresInARow: 1, failureRatio: 1, minCalls: 1, windowMs: 30_000, openMs: 5_000, maxOpenMs: 60_000 };

/** `onTrouble` is told when the engine fails and is left alone, and when it has taken something again. */
export function createAsk(engine: Engine, clock: Clock, onTrouble: (isTrouble: boolean) => void): Ask {
  const breaker = new CircuitBreaker({ ...BREAKER, clock, classify: () => 'failure' });
  /** What failed last, until it goes well again: one that is full reads well, which ends nothing. */
  let trouble: 'read' | 'write' | undefined;
  const learn = (kind: 'read' | 'write', isWell: boolean): void => {
    const before = trouble;
    if (!isWell) trouble ??= kind;
    else if (kind === 'write' || trouble === 'read') trouble = undefined;
    if ((before === undefined) !== (trouble === undefined)) onTrouble(trouble !== undefined);
  };
  let wasSlow = false;
  const ask = async <T>(command: (engine: Engine) => Promise<T>, options: AskOptions = {}): Promise<T | undefined> => {
    const { maxMs = ANSWER_MS, isWrite = false } = options;
    if (!engine.isReady()) return undefined;
    let isSlow = false;
    const cancel = afterReading(clock, ANSWER_MS - TURN_MS, () => (isSlow = true));
    try {
      const answer = await breaker.run(() => within(maxMs, clock, command(engine)));
      learn(isWrite ? 'write' : 'read', true);
      return answer;
    } catch (error) {
      if (!(error instanceof CircuitOpenError)) learn(isWrite ? 'write' : 'read', false);
      return undefined;
    } finally {
      cancel();
      wasSlow = isSlow;
    }
  };
  return Object.assign(ask, { isSlow: () => wasSlow, isWell: () => engine.isReady() && trouble === undefined });
}

/** `work`, or an error when the time is up. */
function within<T>(maxMs: number, clock: Clock, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = afterReading(clock, maxMs, () => {
      reject(new Error('no answer in time'));
    });
    work.then(resolve, reject).finally(cancel);
  });
}

/** As `clock.after`, once what had arrived by then has been read: it may have been us who were slow. */
function afterReading(clock: Clock, delayMs: number, task: () => void): () => void {
  let isOff = false;
  const cancel = clock.after(delayMs, () =>
    setImmediate(() => {
      if (!isOff) task();
    }),
  );
  return () => {
    isOff = true;
    cancel();
  };
}
