// An operation ends when its time is up: it is answered as a whole then, and reports that nobody else waits for are called
// off, which ends what is left of its execution. (Yoga's `useExecutionCancellation` has the executor look at a signal before
// each field instead, which takes more than all other limits together.)

import type { Clock } from '../../clock.js';
import { GatewayError } from '../../errors.js';
import { follow, type Cancellation, type CancellationSource } from '../../concurrency/cancellation.js';
import type { DoorContext, DoorPlugin } from '../request-state.js';

/** The time of one operation. */
export interface OperationDeadline {
  /** Aborts when the time is up, or the client leaves. Made when somebody looks at it: most answers wait for nothing. */
  readonly signal: Cancellation;
  /** What comes of `work`, unless the time is up first: then REQUEST_TIMEOUT. */
  race<T>(work: Promise<T>): Promise<T>;
  end(): void;
}

export function useExecutionDeadline(timeoutMs: number, clock: Clock): DoorPlugin {
  return {
    // Before the context is made, whose loaders get the signal.
    onParams({ request, context: { state } }) {
      state.deadline = startOperation(timeoutMs, clock, request);
    },
    onExecute({ args, executeFn, setExecuteFn }) {
      const { deadline } = (args.contextValue as unknown as DoorContext).state;
      if (deadline === undefined) return;
      setExecuteFn((executed) => {
        const result: unknown = executeFn(executed);
        return result instanceof Promise ? deadline.race(result) : result;
      });
    },
    onResponse({ serverContext }) {
      serverContext.state.deadline?.end();
    },
  };
}

/** `request` has the signal that aborts when the client leaves, which is looked at when something is waited for. */
export function startOperation(
  timeoutMs: number,
  clock: Clock,
  request: { readonly signal: Cancellation },
): OperationDeadline {
  return new Deadline(timeoutMs, clock, request);
}

/**
 * Begins when it is looked at, which is as soon as something is waited for: most operations end at once, and a timer takes
 * as long as half of all that they do. (And a class, because an object with a getter takes as long.)
 */
class Deadline implements OperationDeadline {
  readonly #begin: (onTime: () => void) => () => void;
  readonly #request: { readonly signal: Cancellation };
  #timeout: GatewayError | undefined;
  #own: CancellationSource | undefined;
  #giveUp: ((reason: GatewayError) => void) | undefined;
  #callOff: (() => void) | undefined;

  constructor(timeoutMs: number, clock: Clock, request: { readonly signal: Cancellation }) {
    this.#begin = (onTime) => clock.after(timeoutMs, onTime);
    this.#request = request;
  }

  get signal(): Cancellation {
    this.#start();
    this.#own ??= follow(this.#request.signal);
    if (this.#timeout !== undefined) this.#own.abort(this.#timeout);
    return this.#own;
  }

  race<T>(work: Promise<T>): Promise<T> {
    this.#start();
    return new Promise((resolve, reject) => {
      this.#giveUp = reject;
      if (this.#timeout !== undefined) reject(this.#timeout);
      work.then(resolve, reject);
    });
  }

  end(): void {
    // Nor does it begin any more.
    this.#callOff ??= () => undefined;
    this.#callOff();
  }

  #start(): void {
    this.#callOff ??= this.#begin(() => {
      this.#timeout = new GatewayError('REQUEST_TIMEOUT');
      this.#giveUp?.(this.#timeout);
      this.#own?.abort(this.#timeout);
    });
  }
}
