// Authenticates the caller of a request, and finds its principal at ScaleOps.

import { readBearer, type Authentication } from '../../auth/authentication.js';
import { GatewayError, UpstreamError } from '../../errors.js';
import type { Credentials } from '../../upstream/auth/credentials.js';
import type { GraphQLRequest } from '../graphql-request.js';

interface AuthenticateOptions {
  /** Undefined when callers need no authentication, or ScaleOps checks their tokens. */
  readonly authentication: Authentication | undefined;
  readonly credentials: Credentials;
  /** Whether callers send their own tokens for ScaleOps (SCALEOPS_AUTH=forward). */
  readonly forwardsTokens: boolean;
  /** Called when the gateway refuses the credentials. May throw another error in place of UNAUTHENTICATED. */
  readonly onRefused: (request: GraphQLRequest) => void;
}

/** @throws GatewayError UNAUTHENTICATED, FORBIDDEN, OVERLOADED. */
export function createAuthenticate({ authentication, credentials, forwardsTokens, onRefused }: AuthenticateOptions) {
  return async (request: GraphQLRequest): Promise<void> => {
    const { headers } = request.http;
    if (authentication !== undefined) {
      const caller = await request.deadline.race(authentication.authenticate(headers)).catch((error: unknown) => {
        if (error instanceof GatewayError && error.code === 'UNAUTHENTICATED') onRefused(request);
        throw error;
      });
      request.callerName = caller.name;
      request.permissions = caller.permissions;
    }
    if (forwardsTokens) {
      request.callerToken = readBearer(headers);
      if (request.callerToken === undefined) throw new GatewayError('UNAUTHENTICATED', { reason: 'no bearer token' });
    }
    try {
      const principal = credentials.principal(request.callerToken);
      request.principal = principal instanceof Promise ? await request.deadline.race(principal) : principal;
    } catch (error) {
      // Each report then fails for lack of credentials; operations without reports work.
      if (!(error instanceof UpstreamError)) throw error;
    }
  };
}
