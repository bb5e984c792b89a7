// Turns away who sends more operations than a caller may. A caller is who it said it is, else the token that it brought,
// else the address that it comes from: behind a proxy that is the proxy's, so there only the first two tell callers apart.

import { createHash } from 'node:crypto';

import { GatewayError } from '../../errors.js';
import type { RateLimiter } from '../../concurrency/rate-limiter.js';
import type { DoorPlugin, RequestState } from '../request-state.js';

/** Counts a request. @throws GatewayError RATE_LIMITED where its caller has sent too many. */
export function checkRate(limit: RateLimiter, state: RequestState, remoteAddress: string | undefined): void {
  const retryAfterMs = Math.ceil(limit.take(callerOf(state, remoteAddress)));
  if (retryAfterMs > 0) throw new GatewayError('RATE_LIMITED', { retryAfterMs });
}

export function useRateLimit(limit: RateLimiter): DoorPlugin {
  return {
    onRequestParse({ serverContext }) {
      checkRate(limit, serverContext.state, serverContext.req?.socket.remoteAddress);
    },
  };
}

/** Each kind of name by itself: nobody can be taken for another by calling themselves so. */
function callerOf({ callerName, callerToken }: RequestState, remoteAddress: string | undefined): string {
  if (callerName !== undefined) return `name ${callerName}`;
  // A secret, which is not to be kept for as long as its holder is remembered.
  if (callerToken !== undefined) return `token ${createHash('sha256').update(callerToken).digest('base64url')}`;
  return `address ${remoteAddress ?? ''}`;
}
