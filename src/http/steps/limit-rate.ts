// Rate limits (GATEWAY_RATE_LIMIT): of an address before authentication, of a caller after it, and of failed authentications.
// A caller is the one that authenticated, else the token that it brought, else the address that it sends from.

import { createHash } from 'node:crypto';

import type { RequestLimits } from '../../concurrency/request-limits.js';
import { GatewayError } from '../../errors.js';
import type { GraphQLRequest } from '../graphql-request.js';

export interface LimitRate {
  /** @throws GatewayError RATE_LIMITED. */
  beforeAuthentication(request: GraphQLRequest): void;
  /** @throws GatewayError RATE_LIMITED. */
  afterAuthentication(request: GraphQLRequest): void;
  /** The gateway refused the credentials. @throws GatewayError RATE_LIMITED when the address has guessed too often. */
  onRefusedCredentials(request: GraphQLRequest): void;
  /** Whether ScaleOps accepted a caller's own token shows in what came of the operation. */
  afterExecution(request: GraphQLRequest): void;
}

const NO_LIMITS: LimitRate = {
  beforeAuthentication: () => undefined,
  afterAuthentication: () => undefined,
  onRefusedCredentials: () => undefined,
  afterExecution: () => undefined,
};

/** @param limits undefined for no limits. */
export function createLimitRate(limits: RequestLimits | undefined): LimitRate {
  if (limits === undefined) return NO_LIMITS;
  return {
    beforeAuthentication(request) {
      refuseWhile(limits.takeAddress(addressOf(request)));
    },
    afterAuthentication(request) {
      refuseWhile(limits.takeCaller(callerKeyOf(request)));
      if (request.callerToken !== undefined) refuseWhile(limits.takeAttempt(addressOf(request), callerKeyOf(request)));
    },
    onRefusedCredentials(request) {
      refuseWhile(limits.recordAuthenticationFailure(addressOf(request)));
    },
    afterExecution(request) {
      if (request.callerToken === undefined) return;
      const [address, key] = [addressOf(request), callerKeyOf(request)];
      const isRefused = request.errors?.some(({ code }) => code === 'UNAUTHENTICATED') === true;
      if (isRefused) limits.recordAuthenticationFailure(address, key);
      else if ((request.stats?.reports.length ?? 0) > 0) limits.recordAuthenticationSuccess(address, key);
      else if (request.errors === undefined) limits.refundAttempt(address, key);
    },
  };
}

function refuseWhile(retryAfterMs: number): void {
  if (retryAfterMs > 0) throw new GatewayError('RATE_LIMITED', { retryAfterMs: Math.ceil(retryAfterMs) });
}

function addressOf({ http }: GraphQLRequest): string {
  return http.remoteAddress ?? '';
}

/** The kind is part of the key, so that a caller cannot choose a name that is another one's address. */
function callerKeyOf({ callerName, callerToken, http }: GraphQLRequest): string {
  if (callerName !== undefined) return `name ${callerName}`;
  // A secret, which must not be retained for as long as the limits remember its holder.
  if (callerToken !== undefined) return `token ${createHash('sha256').update(callerToken).digest('base64url')}`;
  return `address ${http.remoteAddress ?? ''}`;
}
