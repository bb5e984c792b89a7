// One deadline over a whole work: when the time is up, or the caller gives up, it is over at once, whatever its parts do.

import { EventEmitter } from 'node:events';

import type { Clock } from '../clock.js';

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
  readonly outer?: AbortSignal;
  /** The reason of `signal` when the time is up. */
  readonly toError?: () => Error;
}

/** Begins now. */
export function startDeadline(clock: Clock, timeoutMs: number, { outer, toError }: DeadlineOptions = {}): Deadline {
  const emitter = new EventEmitter();
  const endsAt = clock.now() + timeoutMs;
  let controller: AbortController | undefined;
  let passed = false;
  let ended: { readonly reason: unknown } | undefined;
  let giveUp: (reason: unknown) => void = () => undefined;
  const over = new Promise<never>((_resolve, reject) => (giveUp = reject));
  over.catch(() => undefined);
  const stop = (reason: Error = new DOMException('The caller has left.', 'AbortError')): void => {
    ended ??= { reason };
    controller?.abort(ended.reason);
    emitter.emit('abort');
    giveUp(ended.reason);
  };
  const onLeave = (): void => {
    stop();
  };
  const cancel = clock.after(timeoutMs, () => {
    passed = true;
    stop(toError?.());
  });
  if (outer?.aborted) stop();
  outer?.addEventListener('abort', onLeave, { once: true });
  return {
    get signal() {
      controller ??= new AbortController();
      if (ended !== undefined) controller.abort(ended.reason);
      return controller.signal;
    },
    emitter,
    passed: () => passed,
    throwIfOver() {
      if (ended !== undefined) throw ended.reason;
    },
    // A clock that is set back does not lengthen it: the timer has the last word.
    remainingMs: () => Math.min(endsAt - clock.now(), timeoutMs),
    race: (work) => Promise.race([work, over]),
    end() {
      cancel();
      outer?.removeEventListener('abort', onLeave);
    },
  };
}
