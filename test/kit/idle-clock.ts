// The manual clock, which also tells when nothing is under way any more that has a deadline: so a test waits for work in
// the background, such as a refresh that no answer waits for.

import { createManualClock, type ManualClock } from './clock.js';
import { settle } from './deferred.js';

export interface IdleClock extends ManualClock {
  /** Resolves when no timer waits, and what followed on the last one has happened. */
  idle(): Promise<void>;
}

export function createIdleClock(startMs?: number): IdleClock {
  const clock = createManualClock(startMs);
  const waiting: (() => void)[] = [];
  const check = (): void => {
    if (clock.pending() === 0) for (const resolve of waiting.splice(0)) resolve();
  };
  return {
    ...clock,
    after(delayMs, task) {
      const callOff = clock.after(delayMs, () => {
        task();
        check();
      });
      return () => {
        callOff();
        check();
      };
    },
    async idle() {
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
        check();
      });
      await settle();
    },
  };
}
