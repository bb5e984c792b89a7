// What comes in one turn of the event loop, taken step by step together: the code of a step is in the processor's caches
// from the second on, where one by one each finds there what the kernel and all other steps left. For short works that is
// more than half of what they take.

/** After so long those that were begun are ended before the next is begun. */
const MAX_WAIT_MS = 1;

/**
 * Begins each with those that come in the same turn, in their order, once that turn is over; then ends them, in the same
 * order.
 * @param begin which must not throw, nor must what it gives: what ends it, where it can be ended at once.
 * @param now in milliseconds.
 */
export function createCohorts<T>(
  begin: (one: T) => (() => void) | undefined,
  now = () => performance.now(),
): (one: T) => void {
  let waiting: T[] = [];
  const run = (): void => {
    const cohort = waiting;
    waiting = [];
    let ends: (() => void)[] = [];
    let since = now();
    for (const one of cohort) {
      const end = begin(one);
      if (end !== undefined) ends.push(end);
      if (now() - since < MAX_WAIT_MS) continue;
      for (const each of ends) each();
      ends = [];
      since = now();
    }
    for (const each of ends) each();
  };
  return (one) => {
    if (waiting.push(one) === 1) setImmediate(run);
  };
}
