// Waiting that ends when a signal aborts.

import { setMaxListeners } from 'node:events';

import type { Clock } from '../clock.js';

/** Anything that can be aborted. An AbortController is one. */
export interface AbortableCaller {
  /** Aborts when the caller no longer waits. */
  readonly signal: AbortSignal;
}

/** A controller whose signal any number of tasks may wait on: Node would warn of a leak from the eleventh listener on. */
export function createAbortController(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
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
