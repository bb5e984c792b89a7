// Shares the event loop between long computations. A computation is a generator that yields where it may pause. Each
// turn of the event loop runs computations for at most a time slice; unfinished ones continue in later turns, in FIFO
// order, so that sockets, timers and deadlines are served in between.

/** How long computations may hold the event loop in one turn. A step adds at most about a millisecond. */
const SLICE_MS = 10;

export class Scheduler {
  readonly #now: () => number;
  readonly #nextTurn: (task: () => void) => void;
  /** Each function continues one computation until the slice is over; true when the computation has ended. */
  readonly #queue: (() => boolean)[] = [];
  #sliceEndsAt: number | undefined;

  /**
   * @param now monotonic milliseconds.
   * @param nextTurn calls the function in the next turn of the event loop.
   */
  constructor(now: () => number = () => performance.now(), nextTurn: (task: () => void) => void = setImmediate) {
    this.#now = now;
    this.#nextTurn = nextTurn;
  }

  /**
   * Runs a computation: synchronously when it finishes within the rest of this turn's time slice, else over several
   * turns. Rejects with the computation's error, or with what `caller` throws when the next slice begins.
   */
  run<T>(computation: Generator<undefined, T>, caller?: Pick<AbortSignal, 'throwIfAborted'>): T | Promise<T> {
    this.#openSlice();
    while (!this.#isDue()) {
      const { done, value } = computation.next();
      if (done === true) return value;
    }
    return new Promise<T>((resolve, reject: (reason: Error) => void) => {
      this.#queue.push(() => {
        try {
          caller?.throwIfAborted();
          // At least one step, so that a queued computation always makes progress.
          do {
            const { done, value } = computation.next();
            if (done === true) {
              resolve(value);
              return true;
            }
          } while (!this.#isDue());
          return false;
        } catch (error) {
          computation.return(undefined as T);
          reject(error as Error);
          return true;
        }
      });
    });
  }

  #isDue(): boolean {
    return this.#now() >= (this.#sliceEndsAt ?? 0);
  }

  /** Opens this turn's slice. One slice per turn, for all computations. */
  #openSlice(): void {
    if (this.#sliceEndsAt !== undefined) return;
    this.#sliceEndsAt = this.#now() + SLICE_MS;
    this.#nextTurn(() => {
      this.#onTurn();
    });
  }

  #onTurn(): void {
    this.#sliceEndsAt = undefined;
    if (this.#queue.length === 0) return;
    this.#openSlice();
    do {
      const task = this.#queue.shift();
      if (task?.() === false) this.#queue.push(task);
    } while (this.#queue.length > 0 && !this.#isDue());
  }
}
