// The end of the gateway: when the time for requests in flight is over, each of them gets SHUTTING_DOWN, and so does every
// request that still arrives over an open connection.

import { GatewayError } from '../errors.js';

/** Another replica takes the request at once; without one, the next start of this one does. */
const RETRY_AFTER_MS = 1_000;

export type ShutdownGate = ReturnType<typeof createShutdownGate>;

/** @param shutdownSignal aborts when the time is over. */
export function createShutdownGate(shutdownSignal: AbortSignal) {
  // A set, not one promise that each request races: that promise would retain every request there ever was.
  const rejections = new Set<() => void>();
  shutdownSignal.addEventListener('abort', () => {
    for (const reject of rejections) reject();
  });
  return {
    /** Settles as `work` does; rejects with GatewayError SHUTTING_DOWN when the time is over first, or is over already. */
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
