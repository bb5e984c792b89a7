// An operation ends when its time is up: it is answered as a whole then, and reports that nobody else waits for are called
// off, which ends what is left of its execution. (Yoga's `useExecutionCancellation` has the executor look at a signal before
// each field instead, which takes more than all other limits together.)

import type { Clock } from '../../clock.js';
import { GatewayError } from '../../errors.js';
import { Deadline } from '../../concurrency/deadline.js';
import type { DoorContext, DoorPlugin } from '../request-state.js';

/** The time of one operation. */
export type OperationDeadline = Deadline;

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
  return new Deadline(clock, timeoutMs, { caller: request, toError: () => new GatewayError('REQUEST_TIMEOUT') });
}
