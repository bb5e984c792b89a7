// One deadline over a whole work: when the time is up, or the caller gives up, it is over at once, whatever its parts do.

import { EventEmitter } from 'node:events';

import type { Clock } from '../clock.js';

export interface Deadline {
  /** Aborts when the time is up or the caller gives up. */
  readonly signal: AbortSignal;
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
  const controller = new AbortController();
  const { signal } = controller;
  const emitter = new EventEmitter();
  const endsAt = clock.now() + timeoutMs;
  let passed = false;
  let giveUp: (reason: unknown) => void = () => undefined;
  // In place of listeners on the signal, which cost more than all else here.
  const over = new Promise<never>((_resolve, reject) => (giveUp = reject));
  over.catch(() => undefined);
  const stop = (reason?: Error): void => {
    controller.abort(reason);
    emitter.emit('abort');
    giveUp(signal.reason);
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
    signal,
    emitter,
    passed: () => passed,
    // A clock that is set back does not lengthen it: the timer has the last word.
    remainingMs: () => Math.min(endsAt - clock.now(), timeoutMs),
    race: (work) => Promise.race([work, over]),
    end() {
      cancel();
      outer?.removeEventListener('abort', onLeave);
    },
  };
}
