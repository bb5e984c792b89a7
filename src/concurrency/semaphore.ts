// Permits for something scarce, such as calls to ScaleOps or large bodies in memory.

interface PermitCaller {
  /** Callers with equal keys share one queue and one `maxPerKey`. */
  readonly key?: string | undefined;
  /** Aborts when the caller no longer waits. */
  readonly signal?: AbortSignal;
}

export interface Permit {
  /** Gives the permit back. Further calls do nothing. */
  release(): void;
}

interface SemaphoreOptions {
  /** How many permits there are. */
  readonly max: number;
  /** How many permits one key may hold; all, by default. Does not apply to callers without a key. */
  readonly maxPerKey?: number;
}

/** Waiting callers are served in FIFO order per key, the keys round robin, so that no key delays the others. */
export class Semaphore {
  readonly #max: number;
  readonly #maxPerKey: number;
  #held = 0;
  /** Permits held, per key that holds any. */
  readonly #heldBy = new Map<string, number>();
  /** By key, the functions that grant each waiting caller a permit; the first key is the next to be served. */
  readonly #queues = new Map<string | undefined, Set<() => void>>();

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

  /** Whether a caller of this key would get a permit immediately. */
  isFree(key?: string): boolean {
    return this.#held < this.#max && (key === undefined || (this.#heldBy.get(key) ?? 0) < this.#maxPerKey);
  }

  /**
   * Waits for a permit, which must be released, also by a caller that has given up: an abandoned call still loads the
   * host. Rejects with the signal's reason when it aborts before the caller has the permit.
   */
  async acquire({ key, signal }: PermitCaller): Promise<Permit> {
    signal?.throwIfAborted();
    const permit = this.isFree(key) ? this.#grant(key) : await this.#wait(key, signal);
    // The signal may abort between the grant and this turn of the microtask queue.
    if (signal?.aborted === true) permit.release();
    signal?.throwIfAborted();
    return permit;
  }

  /** Runs a task with a permit that is held until the task settles. Rejects as `acquire` does, or as the task does. */
  async run<T>(caller: PermitCaller, task: () => Promise<T>): Promise<T> {
    const permit = await this.acquire(caller);
    try {
      return await task();
    } finally {
      permit.release();
    }
  }

  #wait(key: string | undefined, signal: AbortSignal | undefined): Promise<Permit> {
    const queue = this.#queues.get(key) ?? new Set();
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        signal?.removeEventListener('abort', onAbort);
        queue.delete(grant);
        if (queue.size === 0) this.#queues.delete(key);
      };
      const onAbort = (): void => {
        leave();
        reject(signal?.reason as Error);
      };
      const grant = (): void => {
        leave();
        resolve(this.#grant(key));
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#queues.set(key, queue.add(grant));
    });
  }

  #grant(key: string | undefined): Permit {
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
      const [grant] = queue;
      if (grant === undefined || !this.isFree(key)) continue;
      grant();
      if (queue.size > 0) {
        this.#queues.delete(key);
        this.#queues.set(key, queue);
      }
      return;
    }
  }
}

/** Runs a task when a slot is free. Tasks with equal keys share one queue. */
export type RunLimited = <T>(task: () => Promise<T>, key?: string) => Promise<T>;

/** Runs at most `max` tasks concurrently; tasks wait without a limit, in FIFO order per key, the keys round robin. */
export function createLimiter(max: number): RunLimited {
  const semaphore = new Semaphore({ max });
  return (task, key) => semaphore.run({ key }, task);
}
