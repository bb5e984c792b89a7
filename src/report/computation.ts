// Work that can be interrupted. A computation over many rows is a generator that yields where it may pause; a scheduler
// outside this folder decides when it continues.

/** Yields between short pieces of work, at most about a millisecond each, and returns the result. */
export type Computation<T> = Generator<undefined, T, undefined>;

/** How many rows a loop may visit between two yields: well under a millisecond for a loop over columns. */
const ROWS_PER_STEP = 8_192;

/** The same for loops that make a string, a label list or an object of each item. */
export const ITEMS_PER_STEP = 1_024;

/** Runs a computation without pauses, for callers that need not share the event loop: tests, benchmarks, small inputs. */
export function runToEnd<T>(computation: Computation<T>): T {
  for (;;) {
    const { done, value } = computation.next();
    if (done === true) return value;
  }
}

/** Calls `work` for consecutive ranges of [0, count), each of at most `size`, and yields between them. */
export function* inRanges(
  count: number,
  work: (from: number, to: number) => void,
  size = ROWS_PER_STEP,
): Computation<undefined> {
  for (let from = 0; from < count; from += size) {
    if (from > 0) yield;
    work(from, Math.min(from + size, count));
  }
  return undefined;
}

/** Calls `work` for each index of [0, count), and yields after every ITEMS_PER_STEP. */
export function* forEachIndex(count: number, work: (index: number) => void): Computation<undefined> {
  const workOnRange = (from: number, to: number): void => {
    for (let index = from; index < to; index += 1) work(index);
  };
  return yield* inRanges(count, workOnRange, ITEMS_PER_STEP);
}

/**
 * Computes the values of `keys`, and returns a function that looks them up. Any other value is computed without pauses when
 * it is first looked up.
 */
export function* precompute<Key, T>(
  keys: Iterable<Key>,
  compute: (key: Key) => Computation<T>,
): Computation<(key: Key) => T> {
  const values = new Map<Key, T>();
  for (const key of keys) if (!values.has(key)) values.set(key, yield* compute(key));
  return (key) => {
    let value = values.get(key);
    if (value === undefined) values.set(key, (value = runToEnd(compute(key))));
    return value;
  };
}

/**
 * Shares one computation between its callers: the first caller starts it, every caller advances it, and all get its
 * result, which is retained. When all callers end before the result is there, the computation is discarded.
 */
export function shareComputation<T>(start: () => Computation<T>): () => Computation<T> {
  let running: Computation<T> | undefined;
  let callers = 0;
  let result: { readonly value: T } | undefined;
  return function* () {
    callers += 1;
    try {
      while (result === undefined) {
        running ??= start();
        const { done, value } = running.next();
        if (done === true) result = { value };
        else yield;
      }
      return result.value;
    } catch (error) {
      running = undefined;
      throw error;
    } finally {
      callers -= 1;
      if (callers === 0) running = undefined;
    }
  };
}
