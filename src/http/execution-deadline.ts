// An operation ends when its time is up: it is answered as a whole then, and reports that nobody else waits for are called
// off, which ends what is left of its execution. (Yoga's `useExecutionCancellation` has the executor look at a signal before
// each field instead, which takes more than all other limits together.)

import type { Clock } from '../clock.js';
import { GatewayError } from '../errors.js';
import { startDeadline } from '../flow/deadline.js';
import type { DoorContext, DoorPlugin } from './request-state.js';

export function useExecutionDeadline(timeoutMs: number, clock: Clock): DoorPlugin {
  const toError = (): GatewayError => new GatewayError('REQUEST_TIMEOUT');
  return {
    // Before the context is made, whose loaders get the signal. It aborts as well when the client leaves.
    onParams({ request, context: { state } }) {
      state.deadline = startDeadline(clock, timeoutMs, { outer: request.signal, toError });
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
