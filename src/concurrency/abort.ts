// Waiting that ends when a signal aborts.

import type { Clock } from '../clock.js';

/** Anything that can be aborted. An AbortController is one. */
export interface AbortableCaller {
  /** Aborts when the caller no longer waits. */
  readonly signal: AbortSignal;
}

/** Settles as `work` does; rejects with the reason of `signal` if that aborts first. The work itself goes on. */
export function raceAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      reject(signal.reason as Error);
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', onAbort);
    });
  });
}

/** Resolves after `delayMs`, or rejects with the reason of `signal` if that aborts first. */
export async function delay(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  let cancel: () => void = () => undefined;
  const timer = new Promise<void>((resolve) => (cancel = clock.after(delayMs, resolve)));
  await raceAbort(timer, signal).finally(cancel);
}
