// Work that can be interrupted. A computation over many rows is a generator that yields where it may pause; a scheduler
// outside this folder decides when it goes on.

/** Yields between short pieces of work, at most about a millisecond each, and returns the result. */
export type Steps<T> = Generator<undefined, T, undefined>;

/** How many rows a loop may visit between two yields: well under a millisecond for a loop over columns. */
export const ROWS_PER_STEP = 8_192;

/** Runs all steps at once, for callers that need not share the event loop: tests, benchmarks, small inputs. */
export function runAll<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}
