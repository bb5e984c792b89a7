// An operation ends when its time is up: it is answered as a whole then, and reports that nobody else waits for are called
// off, which ends what is left of its execution. (Yoga's `useExecutionCancellation` has the executor look at a signal before
// each field instead, which takes more than all other limits together.)

import type { Clock } from '../clock.js';
import { GatewayError } from '../errors.js';
import type { DoorContext, DoorPlugin } from './request-state.js';

/** The time of one operation. */
export interface OperationDeadline {
  /** Aborts when the time is up, or the client leaves. Made when somebody looks at it: most answers wait for nothing. */
  readonly signal: AbortSignal;
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
  request: { readonly signal: AbortSignal },
): OperationDeadline {
  let timeout: GatewayError | undefined;
  let controller: AbortController | undefined;
  let giveUp: ((reason: GatewayError) => void) | undefined;
  const end = clock.after(timeoutMs, () => {
    timeout = new GatewayError('REQUEST_TIMEOUT');
    giveUp?.(timeout);
    controller?.abort(timeout);
  });
  return {
    get signal() {
      controller ??= follow(request.signal);
      if (timeout !== undefined) controller.abort(timeout);
      return controller.signal;
    },
    race: (work) =>
      new Promise((resolve, reject) => {
        giveUp = reject;
        if (timeout !== undefined) reject(timeout);
        work.then(resolve, reject);
      }),
    end,
  };
}

/** A controller that aborts with `signal`. */
function follow(signal: AbortSignal): AbortController {
  const controller = new AbortController();
  const abort = (): void => {
    controller.abort(signal.reason);
  };
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  return controller;
}
