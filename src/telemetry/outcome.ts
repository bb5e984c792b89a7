// How an attempt ended, as a text of a closed list.

import { GatewayError, type ErrorCode } from '../errors.js';

/** "left": whoever wanted it was gone before it had ended. */
export type Failure = ErrorCode | 'left';

export function toFailure(error: unknown): Failure {
  if (error instanceof GatewayError) return error.code;
  return error instanceof DOMException && error.name === 'AbortError' ? 'left' : 'INTERNAL_SERVER_ERROR';
}
