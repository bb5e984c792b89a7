// The fields of an operation's log line.

import type { RequestState } from '../request-state.js';

const MAX_NAME_LENGTH = 128;

export interface AnsweredRequest {
  readonly status: number;
  readonly durationMs: number;
  /** Whether the client closed its connection before the response. */
  readonly clientClosed: boolean;
}

export function operationLogFields(state: RequestState, { status, durationMs, clientClosed }: AnsweredRequest) {
  const { requestId, traceId, callerName, operation, errors, isReady } = state;
  const { cache, upstreamMs, faults = [] } = operation?.stats ?? {};
  return {
    requestId,
    traceId,
    caller: callerName,
    operationName: operation?.name?.slice(0, MAX_NAME_LENGTH) ?? null,
    status,
    durationMs,
    cache,
    upstreamMs,
    ...(faults.length > 0 && { staleFor: distinct(faults, 'code'), staleReasons: distinct(faults, 'reason') }),
    ...(isReady === true && { responseCacheHit: true }),
    ...(errors !== undefined && { errors: distinct(errors, 'code'), reasons: distinct(errors, 'reason') }),
    ...(clientClosed && { clientClosed: true }),
  };
}

function distinct(errors: NonNullable<RequestState['errors']>, key: 'code' | 'reason'): string[] {
  return [...new Set(errors.flatMap((error) => error[key] ?? []))];
}
