// How many large bodies are read and parsed at once: each takes some hundred megabytes until it has become columns. A body
// that grows large waits for its turn, and its socket is not read meanwhile.

import { Semaphore } from '../../concurrency/semaphore.js';

/** A body that has grown to more is large. */
export const LARGE_BYTES = 4_194_304;
export const DEFAULT_LARGE_BODIES = 4;

/** One body, from its first byte until it is parsed. */
export interface LargeReportPermit {
  /**
   * Called with the length of the body so far. Returns a promise once, when the body has grown large: no more of it may
   * be read before that resolves. It rejects if `release` is called first.
   */
  addBytes(totalBytes: number): Promise<void> | undefined;
  /** Must be called, whatever becomes of the body. Further calls do nothing. */
  release(): void;
}

export class LargeReportLimit {
  readonly #semaphore: Semaphore;

  constructor(max = DEFAULT_LARGE_BODIES) {
    this.#semaphore = new Semaphore({ max });
  }

  start(): LargeReportPermit {
    let lifetime: AbortController | undefined;
    return {
      addBytes: (totalBytes) => {
        if (lifetime !== undefined || totalBytes <= LARGE_BYTES) return undefined;
        lifetime = new AbortController();
        return this.#semaphore.acquire(lifetime).then(() => undefined);
      },
      release() {
        lifetime?.abort();
      },
    };
  }
}
