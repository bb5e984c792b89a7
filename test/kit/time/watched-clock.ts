// The manual clock, with waits for the start and end of deadlines, and for pauses before retries. A test moves time
// only when something waits for it.

import { createManualClock, type ManualClock } from './clock.js';

export interface WatchedClock extends ManualClock {
  /** Resolves when `count` timers have been set, or cancelled, since the start, except timers for draining a body. */
  set(count: number): Promise<void>;
  cancelled(count: number): Promise<void>;
  /** The number of cancelled timers since the start. */
  readonly cancelledSoFar: () => number;
  /**
   * Resolves with the length of a pause before a retry, as soon as there is a new one; with undefined when `over` settles
   * first.
   */
  pause(over?: Promise<unknown>): Promise<number | undefined>;
  /** Whether a reported pause is still pending. */
  readonly isPaused: () => boolean;
}

/** The time limit for draining an unread body. The time of its end depends on the sockets. */
const DRAIN_MS = 1_000;
/** The queue limit of a call. */
const QUEUE_MS = 2_000;
/** The longest pause before a retry; deadlines are longer in these tests. */
const MAX_PAUSE_MS = 6_000;

const isPause = (delayMs: number): boolean => delayMs < MAX_PAUSE_MS && delayMs !== DRAIN_MS && delayMs !== QUEUE_MS;

interface Pause {
  readonly delayMs: number;
  isWaiting: boolean;
  isReported: boolean;
}

export function createWatchedClock(startMs?: number): WatchedClock {
  const clock = createManualClock(startMs);
  const timersSet = createCounter();
  const timersCancelled = createCounter();
  const pauses: Pause[] = [];
  const listeners: (() => void)[] = [];
  return {
    ...clock,
    after(delayMs, task) {
      const pause: Pause = { delayMs, isWaiting: true, isReported: !isPause(delayMs) };
      const cancel = clock.after(delayMs, () => {
        pause.isWaiting = false;
        task();
      });
      if (isPause(delayMs)) pauses.push(pause);
      if (delayMs !== DRAIN_MS) timersSet.add();
      for (const listen of listeners.splice(0)) listen();
      return () => {
        cancel();
        pause.isWaiting = false;
        if (delayMs !== DRAIN_MS) timersCancelled.add();
      };
    },
    set: timersSet.reaches,
    cancelled: timersCancelled.reaches,
    cancelledSoFar: timersCancelled.total,
    async pause(over = new Promise(() => undefined)) {
      const wait = { isOver: false };
      const ended = over.finally(() => (wait.isOver = true)).catch(() => undefined);
      for (;;) {
        const next = pauses.find(({ isReported, isWaiting }) => isWaiting && !isReported);
        if (next !== undefined) {
          next.isReported = true;
          return next.delayMs;
        }
        if (wait.isOver) return undefined;
        await Promise.race([ended, new Promise<void>((resolve) => listeners.push(resolve))]);
      }
    },
    isPaused: () => pauses.some(({ isWaiting, isReported }) => isWaiting && isReported),
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
