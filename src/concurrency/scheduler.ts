// Shares the event loop between long computations. A computation is a generator that yields where it may pause. Each
// turn of the event loop runs computations for at most a time slice; what is not finished continues in a later turn, in
// FIFO order, so that sockets, timers and deadlines are served in between.

/** The part of a generator that the scheduler needs. */
interface Computation<T> {
  next(): IteratorResult<undefined, T>;
  /** Ends it early: its `finally` blocks run. */
  return(value: T): unknown;
}

/** The caller of a computation. An AbortSignal is one. */
export interface SchedulerCaller {
  /** Throws the reason once nobody waits for the result any more. */
  throwIfAborted(): void;
}

export type Scheduler = ReturnType<typeof createScheduler>;

/** How long computations may hold the event loop in one turn. A step adds at most about a millisecond. */
const SLICE_MS = 10;

/** Continues one computation until `isDue`; true when it has ended, with a value or an error. */
type Task = (isDue: () => boolean) => boolean;

/**
 * @param now monotonic milliseconds.
 * @param nextTurn calls the function in the next turn of the event loop.
 */
export function createScheduler(
  now: () => number = () => performance.now(),
  nextTurn: (task: () => void) => void = setImmediate,
) {
  const queue: Task[] = [];
  let sliceEndsAt: number | undefined;
  const isDue = (): boolean => now() >= (sliceEndsAt ?? 0);

  /** Opens this turn's slice. One slice per turn, for all computations. */
  const openSlice = (): void => {
    if (sliceEndsAt !== undefined) return;
    sliceEndsAt = now() + SLICE_MS;
    nextTurn(onTurn);
  };
  const onTurn = (): void => {
    sliceEndsAt = undefined;
    if (queue.length === 0) return;
    openSlice();
    do {
      const task = queue.shift();
      if (task?.(isDue) === false) queue.push(task);
    } while (queue.length > 0 && !isDue());
  };

  return {
    /**
     * Runs a computation: synchronously when it finishes within what is left of this turn's time slice, else over several
     * turns. Rejects with the computation's error, or with the caller's reason as soon as the next slice would begin.
     */
    run<T>(computation: Computation<T>, caller?: SchedulerCaller): T | Promise<T> {
      openSlice();
      while (!isDue()) {
        const { done, value } = computation.next();
        if (done === true) return value;
      }
      return new Promise<T>((resolve, reject: (reason: Error) => void) => {
        queue.push((isSliceOver) => {
          try {
            caller?.throwIfAborted();
            // At least one step, so that a queued computation always makes progress.
            do {
              const { done, value } = computation.next();
              if (done === true) {
                resolve(value);
                return true;
              }
            } while (!isSliceOver());
            return false;
          } catch (error) {
            computation.return(undefined as T);
            reject(error as Error);
            return true;
          }
        });
      });
    },
  };
}
