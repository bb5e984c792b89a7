// Waiting that can be given up, whatever becomes of what is waited for.

import type { Clock } from '../clock.js';
import type { Cancellation } from './cancellation.js';

/** `work`, unless `signal` aborts first: then the signal's reason, and nobody hears what becomes of the work. */
export function raceAbort<T>(work: Promise<T>, signal: Cancellation): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      reject(signal.reason);
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', onAbort);
    });
  });
}

/** Resolves after `delayMs`, or rejects with the reason of `signal`. */
export async function pause(clock: Clock, delayMs: number, signal: Cancellation): Promise<void> {
  signal.throwIfAborted();
  let cancel: () => void = () => undefined;
  const over = new Promise<void>((resolve) => (cancel = clock.after(delayMs, resolve)));
  await raceAbort(over, signal).finally(cancel);
}
