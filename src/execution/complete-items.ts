// Completes the items of a list. A long list shares the event loop: it pauses between items, and waits for items that are
// still promises before it makes many more of them.

/** Runs a computation that yields where it may pause. Rejects once its operation has ended. */
export type RunSteps = <T>(steps: Generator<undefined, T, undefined>) => T | Promise<T>;

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
  runSteps: RunSteps = runAll,
): unknown {
  const items = new CompletedItems(list, complete);
  const isShort = Array.isArray(list) && list.length <= ITEMS_PER_STEP;
  const run = isShort ? runAll : runSteps;
  const started = run(items.completeSome());
  return started instanceof Promise || !items.isComplete ? completeRest(items, run, started) : items.list;
}

async function completeRest(items: CompletedItems, run: RunSteps, started: unknown): Promise<unknown[]> {
  await started;
  await items.settle();
  while (!items.isComplete) {
    await run(items.completeSome());
    await items.settle();
  }
  return items.list;
}

function runAll<T>(steps: Generator<undefined, T, undefined>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

class CompletedItems {
  readonly list: unknown[] = [];
  readonly #source: Iterator<unknown>;
  readonly #complete: (value: unknown, index: number) => unknown;
  #isAtEnd = false;
  #pending = 0;
  #failure: { readonly error: unknown } | undefined;
  #onChange: (() => void) | undefined;

  constructor(list: Iterable<unknown>, complete: (value: unknown, index: number) => unknown) {
    this.#source = list[Symbol.iterator]();
    this.#complete = complete;
  }

  get isComplete(): boolean {
    return this.#isAtEnd && this.#pending === 0 && this.#failure === undefined;
  }

  /** Completes items up to the end, or until MAX_PENDING_ITEMS are promises. */
  *completeSome(): Generator<undefined, void, undefined> {
    while (this.#pending < MAX_PENDING_ITEMS) {
      const next = this.#source.next();
      if (next.done === true) {
        this.#isAtEnd = true;
        return;
      }
      this.#add(this.#complete(next.value, this.list.length));
      if (this.list.length % ITEMS_PER_STEP === 0) yield;
    }
  }

  /** Resolves when no item is a promise any more; rejects with the first error. */
  async settle(): Promise<void> {
    while (this.#pending > 0 && this.#failure === undefined) {
      await new Promise<void>((resolve) => (this.#onChange = resolve));
    }
    // The caller of the list gets it as it was thrown.
    if (this.#failure !== undefined) throw this.#failure.error as Error;
  }

  #add(completed: unknown): void {
    const index = this.list.push(completed) - 1;
    if (!isThenable(completed)) return;
    this.#pending += 1;
    // Handled at once: the list may end with another error before.
    completed.then(
      (value) => {
        this.list[index] = value;
        this.#settleOne();
      },
      (error: unknown) => {
        this.#failure ??= { error };
        this.#settleOne();
      },
    );
  }

  #settleOne(): void {
    this.#pending -= 1;
    if (this.#pending === 0 || this.#failure !== undefined) this.#onChange?.();
  }
}

function isThenable(value: unknown): value is Promise<unknown> {
  return typeof (value as Partial<Promise<unknown>> | null | undefined)?.then === 'function';
}
