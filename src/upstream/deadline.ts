// One deadline over a whole call: when the time is up, or the caller gives up, the call is over at once. That cannot be
// left to undici, which notices an abort only when the request has its connection.

import { raceAbort } from '../abort.js';
import type { Clock } from '../clock.js';

export interface Deadline {
  /** Aborts when the time is up or the caller gives up. */
  readonly signal: AbortSignal;
  /** Whether the time is up. */
  passed(): boolean;
  /** The result of `work`, unless the signal aborts first; nobody hears then what becomes of the work. */
  race<T>(work: Promise<T>): Promise<T>;
  end(): void;
}

/** Begins now; `outer` is the caller's own signal. */
export function startDeadline(clock: Clock, timeoutMs: number, outer: AbortSignal): Deadline {
  const controller = new AbortController();
  const { signal } = controller;
  let passed = false;
  const stop = (): void => {
    controller.abort();
  };
  const cancel = clock.after(timeoutMs, () => {
    passed = true;
    stop();
  });
  if (outer.aborted) stop();
  outer.addEventListener('abort', stop, { once: true });
  return {
    signal,
    passed: () => passed,
    race: (work) => raceAbort(work, signal),
    end() {
      cancel();
      outer.removeEventListener('abort', stop);
    },
  };
}
