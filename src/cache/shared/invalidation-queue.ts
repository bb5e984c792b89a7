// Purges of the shared cache. Each is tried until Redis has confirmed it: reports of a principal that ScaleOps rejected
// must not come back after an outage of Redis.

import type { Clock } from '../../clock.js';
import type { SharedStore } from './shared-store.js';

const RETRY_DELAY_MS = 250;
/** Ids of principals, some 1 MB; beyond it the oldest is dropped. */
const MAX_PENDING = 10_000;

export class InvalidationQueue {
  readonly #store: Pick<SharedStore, 'purge'>;
  readonly #clock: Clock;
  readonly #pendingIds = new Set<string>();
  #isRunning = false;
  #isClosed = false;

  constructor(store: Pick<SharedStore, 'purge'>, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Purges the principal now, or as soon as Redis is back. A purge in progress does not count. */
  add(principalId: string): void {
    const [oldest] = this.#pendingIds;
    if (this.#pendingIds.size >= MAX_PENDING && oldest !== undefined) this.#pendingIds.delete(oldest);
    this.#pendingIds.add(principalId);
    if (!this.#isRunning) void this.#run();
  }

  close(): void {
    this.#isClosed = true;
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    for (const id of this.#pendingIds) {
      if (this.#isClosed) break;
      // Removed first: an id that is added again during its purge is purged again.
      this.#pendingIds.delete(id);
      if (await this.#store.purge(id)) continue;
      this.#pendingIds.add(id);
      await new Promise<void>((resolve) => this.#clock.after(RETRY_DELAY_MS, resolve));
    }
    this.#isRunning = false;
  }
}
