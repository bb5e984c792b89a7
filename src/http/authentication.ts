// Who asks: turns away whoever does not say so, before anything of the operation is looked at.

import { readBearer, type Authentication } from '../access/authentication.js';
import { GatewayError } from '../errors.js';
import type { DoorPlugin } from './request-state.js';

export function useAuthentication({ authenticate }: Authentication): DoorPlugin {
  return {
    async onRequestParse({ request, serverContext }) {
      const { name, grants } = await authenticate(request.headers);
      serverContext.state.callerName = name;
      serverContext.state.grants = grants;
    },
  };
}

/**
 * Each caller's own bearer token for ScaleOps (SCALEOPS_AUTH=forward). It is kept for the length of the request, and goes
 * nowhere but into the request to ScaleOps, which is who looks at it.
 */
export function useCallerToken(): DoorPlugin {
  return {
    onRequestParse({ request, serverContext }) {
      const token = readBearer(request.headers);
      if (token === undefined) throw new GatewayError('UNAUTHENTICATED', { reason: 'no bearer token' });
      serverContext.state.callerToken = token;
    },
  };
}
