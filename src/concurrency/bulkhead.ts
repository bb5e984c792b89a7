// A bulkhead: so many works run at the same time, so many more wait for their turn, and who comes after that is turned
// away at once. A work keeps its place until it has really ended, also when nobody waits for it any more: else those who
// give up would make room for more than the host behind it is meant to get.

import type { Clock } from '../clock.js';
import type { AbortableCaller } from './abort.js';

export interface BulkheadSettings {
  readonly maxInFlight: number;
  readonly maxQueued: number;
  /** How long a work may wait for its turn. */
  readonly maxQueueMs: number;
}

/** The work was not begun: the queue was full, or the wait in it too long. */
export class BulkheadFullError extends Error {
  override readonly name = 'BulkheadFullError';
}

/** How many works run, and how many wait for their turn. */
export interface BulkheadLoad {
  readonly inFlight: number;
  readonly queued: number;
}

export interface Bulkhead {
  /** Now. */
  load(): BulkheadLoad;
  /** @throws BulkheadFullError; the visitor's reason when it has left, or leaves the queue; what `work` throws. */
  run<T>(work: () => Promise<T>, visitor: AbortableCaller): Promise<T>;
}

export function createBulkhead(settings: BulkheadSettings, clock: Clock): Bulkhead {
  const queue = new Set<() => void>();
  let inFlight = 0;

  const takeTurn = (visitor: AbortableCaller): Promise<void> => {
    visitor.signal.throwIfAborted();
    if (inFlight < settings.maxInFlight) {
      inFlight += 1;
      return Promise.resolve();
    }
    const { signal } = visitor;
    if (queue.size >= settings.maxQueued) throw new BulkheadFullError('queue full');
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        queue.delete(admit);
        cancel();
        signal.removeEventListener('abort', onAbort);
      };
      const admit = (): void => {
        leave();
        resolve();
      };
      const onAbort = (): void => {
        leave();
        reject(signal.reason as Error);
      };
      const cancel = clock.after(settings.maxQueueMs, () => {
        leave();
        reject(new BulkheadFullError('queued too long'));
      });
      signal.addEventListener('abort', onAbort, { once: true });
      queue.add(admit);
    });
  };
  const giveTurn = (): void => {
    // The place passes on to the one who has waited longest.
    const [next] = queue;
    if (next === undefined) inFlight -= 1;
    else next();
  };

  return {
    load: () => ({ inFlight, queued: queue.size }),
    async run(work, visitor) {
      await takeTurn(visitor);
      try {
        return await work();
      } finally {
        giveTurn();
      }
    },
  };
}
