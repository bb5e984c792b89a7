// The outcome of a failed attempt, as a label of a closed list.

import { GatewayError, type ErrorCode } from '../errors.js';

/** "aborted": no request waited for it any more. */
export type FailureCode = ErrorCode | 'aborted';

export function toFailureCode(error: unknown): FailureCode {
  if (error instanceof GatewayError) return error.code;
  return error instanceof DOMException && error.name === 'AbortError' ? 'aborted' : 'INTERNAL_SERVER_ERROR';
}
