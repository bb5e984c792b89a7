// A clock that stands still until a test moves it.

import type { Clock } from '../../../src/clock.js';

export interface ManualClock extends Clock {
  /** Advances time, and runs due timers in order. */
  advance(ms: number): void;
  /** The number of pending timers. */
  pending(): number;
}

export function createManualClock(startMs = Date.UTC(2026, 0, 31)): ManualClock {
  let nowMs = startMs;
  const timers = new Set<{ readonly at: number; readonly task: () => void }>();
  return {
    now: () => nowMs,
    after(delayMs, task) {
      const timer = { at: nowMs + delayMs, task };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance(ms) {
      nowMs += ms;
      for (const timer of [...timers].filter(({ at }) => at <= nowMs).sort((a, b) => a.at - b.at)) {
        timers.delete(timer);
        timer.task();
      }
    },
    pending: () => timers.size,
  };
}
