// The fields of an operation's log line.

import type { GraphQLRequest } from '../graphql-request.js';

const MAX_NAME_LENGTH = 128;

/** What of a request the line is about. */
export type OperationRequest = Pick<
  GraphQLRequest,
  'id' | 'traceId' | 'callerName' | 'operation' | 'stats' | 'errors' | 'isResponseCacheHit'
>;

export interface AnsweredRequest {
  readonly status: number;
  readonly durationMs: number;
  /** Whether the client closed its connection before the response. */
  readonly clientClosed: boolean;
}

export function operationLogFields(request: OperationRequest, { status, durationMs, clientClosed }: AnsweredRequest) {
  const { id: requestId, traceId, callerName, operation, stats, errors, isResponseCacheHit } = request;
  const { cache, upstreamMs, faults = [] } = stats ?? {};
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
    ...(isResponseCacheHit && { responseCacheHit: true }),
    ...(errors !== undefined && { errors: distinct(errors, 'code'), reasons: distinct(errors, 'reason') }),
    ...(clientClosed && { clientClosed: true }),
  };
}

function distinct(errors: NonNullable<OperationRequest['errors']>, key: 'code' | 'reason'): string[] {
  return [...new Set(errors.flatMap((error) => error[key] ?? []))];
}
