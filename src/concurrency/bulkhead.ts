// A bulkhead: at most `maxInFlight` tasks run and `maxQueued` wait; further tasks are rejected at once. Each caller holds at
// most three quarters of the slots and of the queue, and the queue serves callers round robin.

import type { Clock } from '../clock.js';
import { Deadline } from './deadline.js';
import { Semaphore } from './semaphore.js';

export interface BulkheadSettings {
  readonly maxInFlight: number;
  readonly maxQueued: number;
}

/** The task was not started: the queue was full, or the caller's deadline left no time for it. */
export class BulkheadFullError extends Error {
  override readonly name = 'BulkheadFullError';
  /** When the queue is expected to have drained. */
  readonly retryAfterMs: number;

  constructor(message: string, retryAfterMs: number) {
    super(message);
    this.retryAfterMs = retryAfterMs;
  }
}

/** The share of the slots, and of the queue, that one caller may hold, even if no other caller waits. */
const MAX_SHARE_PER_CALLER = 0.75;
/** The shortest duration of a task that `retryAfterMs` assumes. */
const MIN_TASK_MS = 1_000;
const MAX_RETRY_AFTER_MS = 60_000;
const MAX_DURATIONS = 50;

export class Bulkhead {
  readonly #settings: BulkheadSettings;
  readonly #clock: Clock;
  readonly #slots: Semaphore;
  /** How long recent successful tasks took: failures are often faster. */
  readonly #durations: number[] = [];

  constructor(settings: BulkheadSettings, clock: Clock) {
    const { maxInFlight } = settings;
    this.#settings = settings;
    this.#clock = clock;
    this.#slots = new Semaphore({ max: maxInFlight, maxPerKey: shareOf(maxInFlight) });
  }

  /** How many tasks run and wait now. */
  load() {
    return { inFlight: this.#slots.held, queued: this.#slots.waiting };
  }

  /**
   * Runs a task as soon as there is a slot. The slot is held until the task settles, even if its caller gave up:
   * otherwise abandoned calls would let the host be overloaded. A caller waits for as long as its deadline leaves time
   * for a usual task, which is the median of the recent ones.
   * @param key identifies the caller whose share the task counts to; undefined: no share.
   * @throws BulkheadFullError; the caller's reason when it aborts first; what `task` throws.
   */
  async run<T>(
    caller: Pick<Deadline, 'signal' | 'remainingMs'>,
    key: string | undefined,
    task: () => Promise<T>,
  ): Promise<T> {
    if (this.#slots.isFree(key)) return this.#slots.run({ signal: caller.signal, key }, () => this.#measure(task));
    this.#assertQueueHasRoom(key);
    const maxWaitMs = caller.remainingMs() - (this.#medianMs() ?? 0);
    const toError = (): Error => this.#createFullError('no time left for a call');
    const wait = new Deadline(this.#clock, maxWaitMs, { caller, toError });
    try {
      return await this.#slots.run({ signal: wait.signal, key }, () => {
        wait.end();
        return this.#measure(task);
      });
    } finally {
      wait.end();
    }
  }

  #assertQueueHasRoom(key: string | undefined): void {
    const { maxQueued } = this.#settings;
    if (this.#slots.waiting >= maxQueued) throw this.#createFullError('queue full');
    if (key !== undefined && this.#slots.waitingOf(key) >= shareOf(maxQueued)) {
      throw this.#createFullError('caller has too many calls queued');
    }
  }

  #createFullError(message: string): BulkheadFullError {
    const rounds = Math.ceil((this.#slots.waiting + 1) / this.#settings.maxInFlight);
    const taskMs = Math.max(this.#medianMs() ?? 0, MIN_TASK_MS);
    return new BulkheadFullError(message, Math.min(rounds * taskMs, MAX_RETRY_AFTER_MS));
  }

  async #measure<T>(task: () => Promise<T>): Promise<T> {
    const startedAt = this.#clock.now();
    const result = await task();
    // A clock that is set back gives a negative duration.
    this.#durations.push(Math.max(0, this.#clock.now() - startedAt));
    if (this.#durations.length > MAX_DURATIONS) this.#durations.shift();
    return result;
  }

  /** Undefined before the first task has succeeded. */
  #medianMs(): number | undefined {
    return this.#durations.toSorted((a, b) => a - b)[this.#durations.length >> 1];
  }
}

/** The part of `count` that one caller may hold; at least one. */
function shareOf(count: number): number {
  return Math.max(1, Math.floor(count * MAX_SHARE_PER_CALLER));
}
