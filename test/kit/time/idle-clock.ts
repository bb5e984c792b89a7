// The manual clock, with a wait until no deadline is pending: for work in the background, such as a refresh.

import { createManualClock, type ManualClock } from './clock.js';
import { settle } from './deferred.js';

export interface IdleClock extends ManualClock {
  /** Resolves when no timer is pending, and the work after the last one is done. */
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
      const cancel = clock.after(delayMs, () => {
        task();
        check();
      });
      return () => {
        cancel();
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
