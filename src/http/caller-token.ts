// The caller's own bearer token, where each caller asks ScaleOps in its own name (SCALEOPS_AUTH=forward). It is read here,
// kept for the length of the request, and goes nowhere but into the request to ScaleOps.

import { GatewayError } from '../errors.js';
import type { DoorPlugin } from './request-state.js';

/** `Bearer` and one token (RFC 6750, section 2.1); two headers arrive as one text with a comma and a blank in it. */
const BEARER = /^bearer +([\x21-\x7e]+)$/i;

/** Turns away whoever sends no token, before anything of the operation is looked at. */
export function useCallerToken(): DoorPlugin {
  return {
    onRequestParse({ request, serverContext }) {
      const [, token] = BEARER.exec(request.headers.get('authorization')?.trim() ?? '') ?? [];
      if (token === undefined) throw new GatewayError('UNAUTHENTICATED', { reason: 'no bearer token' });
      serverContext.state.callerToken = token;
    },
  };
}
