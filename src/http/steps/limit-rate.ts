// Refuses requests of a caller that sends more than GATEWAY_RATE_LIMIT a minute. A caller is the one that authenticated, else
// the token that it brought, else the address that it sends from. Behind a proxy all callers share that address.

import { createHash } from 'node:crypto';

import type { RateLimit } from '../../concurrency/rate-limiter.js';
import { GatewayError } from '../../errors.js';
import type { GraphQLRequest } from '../graphql-request.js';

/** @throws GatewayError RATE_LIMITED. */
export function createLimitRate(limit: RateLimit | undefined): (request: GraphQLRequest) => void {
  if (limit === undefined) return () => undefined;
  return (request) => {
    const retryAfterMs = Math.ceil(limit.take(callerOf(request)));
    if (retryAfterMs > 0) throw new GatewayError('RATE_LIMITED', { retryAfterMs });
  };
}

/** The kind is part of the key, so that a caller cannot choose a name that is another one's address. */
function callerOf({ callerName, callerToken, http }: GraphQLRequest): string {
  if (callerName !== undefined) return `name ${callerName}`;
  // A secret, which must not be retained for as long as the limit remembers its holder.
  if (callerToken !== undefined) return `token ${createHash('sha256').update(callerToken).digest('base64url')}`;
  return `address ${http.remoteAddress ?? ''}`;
}
