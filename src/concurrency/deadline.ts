// One deadline over a whole work: when the time is up, or the caller gives up, it is over at once, whatever its parts do.

import { EventEmitter } from 'node:events';

import type { Clock } from '../clock.js';
import type { Cancellation } from './cancellation.js';

/** Who may leave before a work has ended. An AbortController is one. */
export interface Leaving {
  /** Aborts then. Made when somebody looks at it: it costs as much as all else of a deadline. */
  readonly signal: AbortSignal;
}

/** One who may have left already. */
export interface Visitor extends Leaving {
  /** Throws the reason of `signal` once that has aborted. */
  throwIfOver(): void;
}

export interface Deadline extends Visitor {
  /** Emits `abort` then: the same for undici, which has to do a lot more for a signal. */
  readonly emitter: EventEmitter;
  /** Whether the time is up. */
  passed(): boolean;
  /** The time that is left. */
  remainingMs(): number;
  /** The result of `work`, unless the signal aborts first; nobody hears then what becomes of the work. */
  race<T>(work: Promise<T>): Promise<T>;
  end(): void;
}

export interface DeadlineOptions {
  /** The caller's own signal. */
  readonly outer?: Cancellation;
  /** The reason of `signal` when the time is up. */
  readonly toError?: () => Error;
}

/** Begins now. */
export function startDeadline(clock: Clock, timeoutMs: number, options: DeadlineOptions = {}): Deadline {
  return new RunningDeadline(clock, timeoutMs, options);
}

/** A class, for its getter's sake: an object with one takes as long to make as all the rest. */
class RunningDeadline implements Deadline {
  readonly emitter = new EventEmitter();
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #endsAt: number;
  readonly #outer: Cancellation | undefined;
  readonly #cancel: () => void;
  readonly #over: Promise<never>;
  readonly #onLeave = (): void => {
    this.#stop();
  };
  #giveUp: (reason: unknown) => void = () => undefined;
  #controller: AbortController | undefined;
  #passed = false;
  #ended: { readonly reason: unknown } | undefined;

  constructor(clock: Clock, timeoutMs: number, { outer, toError }: DeadlineOptions) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#endsAt = clock.now() + timeoutMs;
    this.#outer = outer;
    this.#over = new Promise<never>((_resolve, reject) => (this.#giveUp = reject));
    this.#over.catch(() => undefined);
    this.#cancel = clock.after(timeoutMs, () => {
      this.#passed = true;
      this.#stop(toError?.());
    });
    if (outer?.aborted) this.#stop();
    outer?.addEventListener('abort', this.#onLeave, { once: true });
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#ended !== undefined) this.#controller.abort(this.#ended.reason);
    return this.#controller.signal;
  }

  passed(): boolean {
    return this.#passed;
  }

  throwIfOver(): void {
    if (this.#ended !== undefined) throw this.#ended.reason;
  }

  /** A clock that is set back does not lengthen it: the timer has the last word. */
  remainingMs(): number {
    return Math.min(this.#endsAt - this.#clock.now(), this.#timeoutMs);
  }

  race<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#over]);
  }

  end(): void {
    this.#cancel();
    this.#outer?.removeEventListener('abort', this.#onLeave);
  }

  #stop(reason: Error = new DOMException('The caller has left.', 'AbortError')): void {
    this.#ended ??= { reason };
    this.#controller?.abort(this.#ended.reason);
    this.emitter.emit('abort');
    this.#giveUp(this.#ended.reason);
  }
}
