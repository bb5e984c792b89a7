// The end of the door: when there is no more time, whoever waits is answered, and so is whoever still comes over a
// connection that is open. It stands around all of the handling, so that it does not matter what a request waits for.

import { GatewayError } from '../errors.js';
import { toErrorAnswer } from './client-errors.js';
import type { DoorContext, DoorPlugin } from './request-state.js';

/** Another replica takes the request at once; without one, the next start of this one does. */
const RETRY_AFTER_MS = 1_000;

/** From the moment in which `ending` aborts, every operation is answered with SHUTTING_DOWN. */
export function useShutdown(ending: AbortSignal): DoorPlugin {
  // Not one promise that each request races: that would remember all requests that there ever were.
  const waiting = new Set<() => void>();
  ending.addEventListener('abort', () => {
    for (const turnAway of waiting) turnAway();
  });
  return {
    onRequest({ requestHandler, setRequestHandler, fetchAPI }) {
      setRequestHandler((request, serverContext) => {
        const refuse = (): Response => {
          const { status, headers, body } = refusal(request, serverContext);
          return new fetchAPI.Response(body, { status, headers });
        };
        if (ending.aborted) return refuse();
        return new Promise((resolve, reject) => {
          const turnAway = (): void => {
            resolve(refuse());
          };
          waiting.add(turnAway);
          Promise.resolve(requestHandler(request, serverContext))
            .then(resolve, reject)
            .finally(() => waiting.delete(turnAway));
        });
      });
    },
  };
}

function refusal(request: Request, { state }: DoorContext) {
  const error = new GatewayError('SHUTTING_DOWN', { retryAfterMs: RETRY_AFTER_MS });
  state.errors = [{ code: error.code, reason: undefined }];
  const { headers, ...rest } = toErrorAnswer(error, state.requestId);
  const named = 'application/graphql-response+json';
  const type = request.headers.get('accept')?.includes(named) === true ? named : 'application/json';
  return { ...rest, headers: { ...headers, 'content-type': `${type}; charset=utf-8` } };
}
