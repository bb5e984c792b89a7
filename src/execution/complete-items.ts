// Completes the items of a list. A long list shares the event loop: it pauses between items, and waits for items that are
// still promises before it starts many more.

/** Runs a computation that yields where it may pause. Rejects once its operation has ended. */
export type RunComputation = <T>(computation: Generator<undefined, T, undefined>) => T | Promise<T>;

/** Items that are completed between two pauses: well under a millisecond of work. */
const ITEMS_PER_STEP = 16;

/** Promises among the items of one list at a time. As many as `_entities` takes, so that those are one batch. */
const MAX_PENDING_ITEMS = 5_000;

/**
 * Synchronous when the list is short or there is time for all of it, and no item is a promise.
 * @param complete may throw or return a promise; the first error is the error of the list.
 */
export function completeItems(
  list: Iterable<unknown>,
  complete: (value: unknown, index: number) => unknown,
  runComputation: RunComputation = runToEnd,
): unknown {
  const source = list[Symbol.iterator]();
  const completed: unknown[] = [];
  let pending: Promise<unknown>[] = [];
  let isAtEnd = false;
  const add = (item: unknown): void => {
    const index = completed.push(item) - 1;
    if (!isThenable(item)) return;
    const settled = item.then((value) => (completed[index] = value));
    // Its rejection is handled below, unless the list fails before that.
    settled.catch(() => undefined);
    pending.push(settled);
  };
  const completeSome = function* (): Generator<undefined, void, undefined> {
    pending = [];
    while (pending.length < MAX_PENDING_ITEMS) {
      const next = source.next();
      isAtEnd = next.done === true;
      if (isAtEnd) return;
      add(complete(next.value, completed.length));
      if (completed.length % ITEMS_PER_STEP === 0) yield;
    }
  };
  const run = Array.isArray(list) && list.length <= ITEMS_PER_STEP ? runToEnd : runComputation;
  const completeRest = async (started: unknown): Promise<unknown[]> => {
    await started;
    await Promise.all(pending);
    while (!isAtEnd) {
      await run(completeSome());
      await Promise.all(pending);
    }
    return completed;
  };
  const started = run(completeSome());
  return started instanceof Promise || pending.length > 0 ? completeRest(started) : completed;
}

function runToEnd<T>(computation: Generator<undefined, T, undefined>): T {
  for (;;) {
    const { done, value } = computation.next();
    if (done === true) return value;
  }
}

export function isThenable<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as Partial<Promise<T>> | null | undefined)?.then === 'function';
}
