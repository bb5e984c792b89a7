// At the shutdown limit all requests in flight get SHUTTING_DOWN, and so do later requests over open connections.

import { GatewayError } from '../errors.js';

/** Time for the client to reach another replica, or this one after its restart. */
const RETRY_AFTER_MS = 1_000;

export type ShutdownGate = ReturnType<typeof createShutdownGate>;

/** @param shutdownSignal aborts at the shutdown limit. */
export function createShutdownGate(shutdownSignal: AbortSignal) {
  // A set instead of one promise that each request races: the promise would retain all requests.
  const rejections = new Set<() => void>();
  shutdownSignal.addEventListener('abort', () => {
    for (const reject of rejections) reject();
  });
  return {
    /** Settles as `work` does; rejects with GatewayError SHUTTING_DOWN if the signal aborts first. */
    pass: <T>(work: () => Promise<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        const onEnd = (): void => {
          reject(new GatewayError('SHUTTING_DOWN', { retryAfterMs: RETRY_AFTER_MS }));
        };
        if (shutdownSignal.aborted) {
          onEnd();
          return;
        }
        rejections.add(onEnd);
        work()
          .then(resolve, reject)
          .finally(() => rejections.delete(onEnd));
      }),
  };
}
