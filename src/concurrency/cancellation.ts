// Calling work off: the part of AbortController and AbortSignal that is needed between our own functions. In Node 20 each
// of those takes as long as all else of a deadline, and gets hidden classes of its own, which live until the next full
// collection. A real AbortSignal is a Cancellation as well.

export interface Cancellation {
  readonly aborted: boolean;
  /** Why, once it is called off; an AbortError where nobody said. */
  readonly reason: Error;
  /** Throws the reason once it is called off. */
  throwIfAborted(): void;
  addEventListener(type: 'abort', listener: () => void, options?: { readonly once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** A Cancellation and who calls it off. Listeners are told once, in the order in which they came. */
export class CancellationSource implements Cancellation {
  #isOver = false;
  #reason: Error | undefined;
  /** Most have one. */
  readonly #listeners: (() => void)[] = [];

  get aborted(): boolean {
    return this.#isOver;
  }

  get reason(): Error {
    return (this.#reason ??= new DOMException('This operation was aborted', 'AbortError'));
  }

  throwIfAborted(): void {
    if (this.#isOver) throw this.reason;
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    if (!this.#isOver && !this.#listeners.includes(listener)) this.#listeners.push(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    const at = this.#listeners.indexOf(listener);
    if (at !== -1) this.#listeners.splice(at, 1);
  }

  /** The first time alone it does something. */
  abort(reason?: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#reason = reason;
    // One that is removed by another is not told.
    for (let listener = this.#listeners.shift(); listener !== undefined; listener = this.#listeners.shift()) listener();
  }
}

/** One that is called off with `other`, and may be before. */
export function follow(other: Cancellation): CancellationSource {
  const own = new CancellationSource();
  const abort = (): void => {
    own.abort(other.reason);
  };
  if (other.aborted) abort();
  else other.addEventListener('abort', abort, { once: true });
  return own;
}
