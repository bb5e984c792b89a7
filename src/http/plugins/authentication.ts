// Who asks: turns away whoever does not say so, before anything of the operation is looked at.

import { readBearer, type Authentication, type HeadersByName } from '../../auth/authentication.js';
import { GatewayError } from '../../errors.js';
import type { DoorPlugin, RequestState } from '../request-state.js';

/** Notes who asks. @throws GatewayError as `authenticate` does. */
export async function noteCaller(
  { authenticate }: Authentication,
  headers: HeadersByName,
  state: RequestState,
): Promise<void> {
  const { name, grants } = await authenticate(headers);
  state.callerName = name;
  state.grants = grants;
}

/** Notes the caller's own token for ScaleOps. @throws GatewayError UNAUTHENTICATED where there is none. */
export function noteCallerToken(headers: HeadersByName, state: RequestState): void {
  const token = readBearer(headers);
  if (token === undefined) throw new GatewayError('UNAUTHENTICATED', { reason: 'no bearer token' });
  state.callerToken = token;
}

export function useAuthentication(authentication: Authentication): DoorPlugin {
  return {
    onRequestParse: ({ request, serverContext }) => noteCaller(authentication, request.headers, serverContext.state),
  };
}

/**
 * Each caller's own bearer token for ScaleOps (SCALEOPS_AUTH=forward). It is kept for the length of the request, and goes
 * nowhere but into the request to ScaleOps, which is who looks at it.
 */
export function useCallerToken(): DoorPlugin {
  return {
    onRequestParse({ request, serverContext }) {
      noteCallerToken(request.headers, serverContext.state);
    },
  };
}
