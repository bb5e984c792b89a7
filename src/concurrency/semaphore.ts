// Permits: how many tasks may hold something scarce at once (calls to ScaleOps, large bodies, large responses). Every
// permit is released by construction: when its task settles, or when its caller ends.

import { createAbortController, type AbortableCaller } from './abort.js';

export interface PermitCaller extends AbortableCaller {
  /** Callers with equal keys share one turn of the queue and one `maxPerKey`. Undefined: nobody in particular. */
  readonly key?: string | undefined;
}

export interface Permit {
  /** Gives the permit back. Further calls do nothing. */
  release(): void;
}

export interface SemaphoreOptions {
  /** How many permits there are. */
  readonly max: number;
  /** How many of them one key may hold; all, by default. Does not apply to callers without a key. */
  readonly maxPerKey?: number;
}

interface Waiter {
  readonly key: string | undefined;
  readonly grant: () => void;
}

/** Waiting callers are served in FIFO order per key, the keys in turn, so that no key delays the others. */
export class Semaphore {
  readonly #max: number;
  readonly #maxPerKey: number;
  #held = 0;
  /** Permits held, per key that holds any. */
  readonly #heldBy = new Map<string, number>();
  /** Waiters per key that has any; the first key is the next to be served. */
  readonly #queues = new Map<string | undefined, Set<Waiter>>();

  constructor({ max, maxPerKey = max }: SemaphoreOptions) {
    this.#max = max;
    this.#maxPerKey = maxPerKey;
  }

  get held(): number {
    return this.#held;
  }

  get waiting(): number {
    let count = 0;
    for (const queue of this.#queues.values()) count += queue.size;
    return count;
  }

  /** How many callers of this key wait. */
  waitingOf(key: string | undefined): number {
    return this.#queues.get(key)?.size ?? 0;
  }

  /** Whether a caller of this key would get a permit at once. */
  isFree(key?: string): boolean {
    return this.#held < this.#max && (key === undefined || (this.#heldBy.get(key) ?? 0) < this.#maxPerKey);
  }

  /**
   * Waits for a permit that is held until `release()` or until the caller's signal aborts, whichever comes first.
   * Rejects with the signal's reason when it aborts while the caller waits, or has aborted before.
   */
  async acquire(caller: PermitCaller): Promise<Permit> {
    const { signal } = caller;
    const { release } = await this.#enter(caller);
    const permit = {
      release() {
        signal.removeEventListener('abort', permit.release);
        release();
      },
    };
    signal.addEventListener('abort', permit.release, { once: true });
    // As in `run`.
    if (signal.aborted) permit.release();
    return permit;
  }

  /**
   * Runs a task with a permit that is held until the task settles, even if its caller has given up by then: an abandoned
   * call still loads the host. Rejects as `acquire` does, or as the task does.
   */
  async run<T>(caller: PermitCaller, task: () => Promise<T>): Promise<T> {
    const permit = await this.#enter(caller);
    try {
      // The caller may have ended between the grant and this turn of the microtask queue.
      caller.signal.throwIfAborted();
      return await task();
    } finally {
      permit.release();
    }
  }

  /** Resolves with a permit that only `release()` gives back. */
  #enter({ key, signal }: PermitCaller): Promise<Permit> {
    if (signal.aborted) return Promise.reject(signal.reason as Error);
    if (this.isFree(key)) return Promise.resolve(this.#take(key));
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        signal.removeEventListener('abort', onAbort);
        this.#dequeue(waiter);
      };
      const onAbort = (): void => {
        leave();
        reject(signal.reason as Error);
      };
      const grant = (): void => {
        leave();
        resolve(this.#take(key));
      };
      const waiter: Waiter = { key, grant };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#enqueue(waiter);
    });
  }

  #take(key: string | undefined): Permit {
    this.#count(key, 1);
    let isHeld = true;
    return {
      release: () => {
        if (!isHeld) return;
        isHeld = false;
        this.#count(key, -1);
        this.#grantNext();
      },
    };
  }

  #count(key: string | undefined, change: 1 | -1): void {
    this.#held += change;
    if (key === undefined) return;
    const held = (this.#heldBy.get(key) ?? 0) + change;
    if (held === 0) this.#heldBy.delete(key);
    else this.#heldBy.set(key, held);
  }

  /** Serves the first key that may have another permit, and moves it behind the others. */
  #grantNext(): void {
    for (const [key, queue] of this.#queues) {
      const [next] = queue;
      if (next === undefined || !this.isFree(key)) continue;
      next.grant();
      if (queue.size === 0) return;
      this.#queues.delete(key);
      this.#queues.set(key, queue);
      return;
    }
  }

  #enqueue(waiter: Waiter): void {
    const queue = this.#queues.get(waiter.key);
    if (queue === undefined) this.#queues.set(waiter.key, new Set([waiter]));
    else queue.add(waiter);
  }

  #dequeue(waiter: Waiter): void {
    const queue = this.#queues.get(waiter.key);
    queue?.delete(waiter);
    if (queue?.size === 0) this.#queues.delete(waiter.key);
  }
}

/** Runs tasks of callers that wait for as long as it takes, at most `max` at once, in FIFO order. */
export function createTurns(max: number): <T>(task: () => Promise<T>) => Promise<T> {
  const semaphore = new Semaphore({ max });
  const caller = createAbortController();
  return (task) => semaphore.run(caller, task);
}
