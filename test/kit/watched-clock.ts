// The manual clock, which also tells a test what waits on it: deadlines that begin and end, and the pauses before another
// attempt. So a test moves time when there is something that waits for it, and never sooner.

import { createManualClock, type ManualClock } from './clock.js';

export interface WatchedClock extends ManualClock {
  /** Resolves when so many timers have been set, or called off, since the start; without those to empty a body. */
  set(count: number): Promise<void>;
  calledOff(count: number): Promise<void>;
  /** How many have been called off since the start. */
  readonly calledOffSoFar: () => number;
  /**
   * Resolves with the length of a pause before another attempt, as soon as one waits that no call has told before; with
   * undefined when `over` settles first.
   */
  pause(over?: Promise<unknown>): Promise<number | undefined>;
  /** Whether a pause that was told still waits. */
  readonly isPaused: () => boolean;
}

/** How long a body may take that nobody reads. Whether and when it is read to its end is up to the sockets. */
const EMPTYING_MS = 1_000;
/** How long a call waits for its turn. */
const QUEUE_MS = 2_000;
/** No pause before another attempt is longer; deadlines are, in these tests. */
const MAX_PAUSE_MS = 6_000;

const isPause = (delayMs: number): boolean => delayMs < MAX_PAUSE_MS && delayMs !== EMPTYING_MS && delayMs !== QUEUE_MS;

interface Pause {
  readonly delayMs: number;
  isWaiting: boolean;
  isTold: boolean;
}

export function createWatchedClock(startMs?: number): WatchedClock {
  const clock = createManualClock(startMs);
  const timersSet = createCounter();
  const timersCalledOff = createCounter();
  const pauses: Pause[] = [];
  const listeners: (() => void)[] = [];
  return {
    ...clock,
    after(delayMs, task) {
      const pause: Pause = { delayMs, isWaiting: true, isTold: !isPause(delayMs) };
      const callOff = clock.after(delayMs, () => {
        pause.isWaiting = false;
        task();
      });
      if (isPause(delayMs)) pauses.push(pause);
      if (delayMs !== EMPTYING_MS) timersSet.add();
      for (const listen of listeners.splice(0)) listen();
      return () => {
        callOff();
        pause.isWaiting = false;
        if (delayMs !== EMPTYING_MS) timersCalledOff.add();
      };
    },
    set: timersSet.reaches,
    calledOff: timersCalledOff.reaches,
    calledOffSoFar: timersCalledOff.total,
    async pause(over = new Promise(() => undefined)) {
      const wait = { isOver: false };
      const ended = over.finally(() => (wait.isOver = true)).catch(() => undefined);
      for (;;) {
        const next = pauses.find(({ isTold, isWaiting }) => isWaiting && !isTold);
        if (next !== undefined) {
          next.isTold = true;
          return next.delayMs;
        }
        if (wait.isOver) return undefined;
        await Promise.race([ended, new Promise<void>((resolve) => listeners.push(resolve))]);
      }
    },
    isPaused: () => pauses.some(({ isWaiting, isTold }) => isWaiting && isTold),
  };
}

export function createCounter() {
  const waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  let total = 0;
  return {
    add(): void {
      total += 1;
      for (const { count, resolve } of waiting) if (total >= count) resolve();
    },
    total: () => total,
    reaches: (count: number) =>
      new Promise<void>((resolve) => {
        if (total >= count) resolve();
        else waiting.push({ count, resolve });
      }),
  };
}
