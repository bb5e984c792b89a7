// The deadline of an operation or a call: it aborts when the time is up or when the caller gives up. Every timeout of the
// gateway is a Deadline.

import type { Clock } from '../clock.js';
import { createAbortController, raceAbort, type AbortableCaller } from './abort.js';

interface DeadlineOptions {
  /** When the time began, in milliseconds since the Unix epoch; may lie in the past. Now, by default. */
  readonly startedAt?: number;
  /** Aborts the deadline with its own reason. Its signal is read when the timer starts. */
  readonly caller?: AbortableCaller | undefined;
  /** The reason of `signal` when the time is up; a TimeoutError by default. */
  readonly toError?: () => Error;
}

/**
 * The timer starts when `signal`, `race` or `throwIfAborted` is first used: most operations finish without waiting, and
 * a timer costs more than the rest of a deadline. `end` must be called when the work is done.
 */
export class Deadline implements AbortableCaller {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #endsAt: number;
  readonly #options: DeadlineOptions;
  #controller: AbortController | undefined;
  #stop: () => void = () => undefined;
  #hasEnded = false;

  /** @param timeoutMs Infinity for no limit. */
  constructor(clock: Clock, timeoutMs: number, options: DeadlineOptions = {}) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#endsAt = (options.startedAt ?? clock.now()) + timeoutMs;
    this.#options = options;
  }

  /** Aborts when the time is up or the caller gives up; never once `end` was called. */
  get signal(): AbortSignal {
    this.#controller ??= this.#start();
    return this.#controller.signal;
  }

  /** The time left; 0 or less when it is up. A clock that is set back does not lengthen it. */
  remainingMs(): number {
    return Math.min(this.#endsAt - this.#clock.now(), this.#timeoutMs);
  }

  /** Throws the reason of `signal` once it has aborted. */
  throwIfAborted(): void {
    this.signal.throwIfAborted();
  }

  /** Settles as `work` does; rejects with the reason of `signal` if that aborts first. */
  race<T>(work: Promise<T>): Promise<T> {
    return raceAbort(work, this.signal);
  }

  /** Stops the timer. */
  end(): void {
    this.#hasEnded = true;
    this.#stop();
  }

  #start(): AbortController {
    const controller = createAbortController();
    if (this.#hasEnded) return controller;
    const { caller, toError = () => new DOMException('The time is up.', 'TimeoutError') } = this.#options;
    const outer = caller?.signal;
    const onCallerAbort = (): void => {
      this.#stop();
      controller.abort(outer?.reason);
    };
    const onTimeout = (): void => {
      this.#stop();
      controller.abort(toError());
    };
    if (outer?.aborted === true) onCallerAbort();
    else if (this.remainingMs() <= 0) onTimeout();
    else {
      const cancelTimer = this.#timeoutMs === Infinity ? undefined : this.#clock.after(this.remainingMs(), onTimeout);
      outer?.addEventListener('abort', onCallerAbort, { once: true });
      this.#stop = () => {
        cancelTimer?.();
        outer?.removeEventListener('abort', onCallerAbort);
      };
    }
    return controller;
  }
}
