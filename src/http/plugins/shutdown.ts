// The end of the door: when there is no more time, whoever waits is answered, and so is whoever still comes over a
// connection that is open. It stands around all of the handling, so that it does not matter what a request waits for.

import { GatewayError } from '../../errors.js';
import { toErrorAnswer } from '../response/client-errors.js';
import type { DoorContext, DoorPlugin } from '../request-state.js';

/** Another replica takes the request at once; without one, the next start of this one does. */
const RETRY_AFTER_MS = 1_000;

/** What becomes of requests at the end. */
export interface Ending {
  /** Whether there is no more time. */
  isOver(): boolean;
  /** What comes of `work`; of `turnAway` when the end comes first. */
  race<T>(work: Promise<T>, turnAway: () => T): Promise<T>;
}

export function createEnding(ending: AbortSignal): Ending {
  // Not one promise that each request races: that would remember all requests that there ever were.
  const waiting = new Set<() => void>();
  ending.addEventListener('abort', () => {
    for (const turnAway of waiting) turnAway();
  });
  return {
    isOver: () => ending.aborted,
    race: (work, turnAway) =>
      new Promise((resolve, reject) => {
        const onEnd = (): void => {
          resolve(turnAway());
        };
        waiting.add(onEnd);
        work.then(resolve, reject).finally(() => waiting.delete(onEnd));
      }),
  };
}

/** The error of whoever is turned away. */
export function createShuttingDown(): GatewayError {
  return new GatewayError('SHUTTING_DOWN', { retryAfterMs: RETRY_AFTER_MS });
}

/** From the end on every operation is answered with SHUTTING_DOWN. */
export function useShutdown(ending: Ending): DoorPlugin {
  return {
    onRequest({ requestHandler, setRequestHandler, fetchAPI }) {
      setRequestHandler((request, serverContext) => {
        const refuse = (): Response => {
          const { status, headers, body } = refusal(request, serverContext);
          return new fetchAPI.Response(body, { status, headers });
        };
        if (ending.isOver()) return refuse();
        return ending.race(Promise.resolve(requestHandler(request, serverContext)), refuse);
      });
    },
  };
}

function refusal(request: Request, { state }: DoorContext) {
  const error = createShuttingDown();
  state.errors = [{ code: error.code, reason: undefined }];
  const { headers, ...rest } = toErrorAnswer(error, state.requestId);
  const named = 'application/graphql-response+json';
  const type = request.headers.get('accept')?.includes(named) === true ? named : 'application/json';
  return { ...rest, headers: { ...headers, 'content-type': `${type}; charset=utf-8` } };
}
