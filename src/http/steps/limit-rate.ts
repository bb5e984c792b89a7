// Rate limits (GATEWAY_RATE_LIMIT): of an address before authentication, of a caller after it, and of failed authentications.
// A caller is identified by its name, else by its token, else by its address.

import { hash } from 'node:crypto';

import type { RequestLimits } from '../../concurrency/request-limits.js';
import { GatewayError } from '../../errors.js';
import type { GraphQLRequest } from '../graphql-request.js';

export type LimitRate = ReturnType<typeof createLimitRate>;

/** @param limits undefined for no limits. Each function but the last throws GatewayError RATE_LIMITED. */
export function createLimitRate(limits: RequestLimits | undefined) {
  return {
    beforeAuthentication(request: GraphQLRequest): void {
      throwIfLimited('address', limits?.countAddress(addressOf(request)));
    },
    afterAuthentication(request: GraphQLRequest): void {
      const callerKey = callerKeyOf(request);
      throwIfLimited('caller', limits?.countCaller(callerKey));
      if (request.callerToken !== undefined) {
        throwIfLimited('address', limits?.countAttempt(addressOf(request), callerKey));
      }
    },
    /** The gateway refused the credentials. */
    onRefusedCredentials(request: GraphQLRequest): void {
      throwIfLimited('address', limits?.recordAuthenticationFailure(addressOf(request)));
    },
    /** The outcome of an operation shows whether ScaleOps accepted the caller's own token. */
    afterExecution(request: GraphQLRequest): void {
      if (limits === undefined || request.callerToken === undefined) return;
      const [address, key] = [addressOf(request), callerKeyOf(request)];
      const isRefused = request.errors?.some(({ code }) => code === 'UNAUTHENTICATED') === true;
      if (isRefused) limits.recordAuthenticationFailure(address, key);
      else if ((request.stats?.reports.length ?? 0) > 0) limits.recordAuthenticationSuccess(address, key);
      else if (request.errors === undefined) limits.refundAttempt(address, key);
    },
  };
}

/** @param reason the limit that was reached, for the log. */
function throwIfLimited(reason: 'address' | 'caller', retryAfterMs = 0): void {
  if (retryAfterMs > 0) throw new GatewayError('RATE_LIMITED', { reason, retryAfterMs: Math.ceil(retryAfterMs) });
}

function addressOf({ http }: Pick<GraphQLRequest, 'http'>): string {
  return http.remoteAddress ?? '';
}

/** The kind is part of the key: a name must not equal the address of another caller. */
function callerKeyOf({ callerName, callerToken, http }: GraphQLRequest): string {
  if (callerName !== undefined) return `name ${callerName}`;
  // Hashed, because the limits retain keys and the token is a secret.
  if (callerToken !== undefined) return `token ${hash('sha256', callerToken, 'base64url')}`;
  return `address ${addressOf({ http })}`;
}
