// What metrics, traces and the log are told of a GraphQL request at its end.

import type { ExecutionResult } from 'graphql';

import type { RequestOutcome } from '../telemetry/instrumentation.js';
import type { GraphQLRequest } from './graphql-request.js';

export function toResultKind({ data, errors = [] }: ExecutionResult): 'ok' | 'partial' | 'error' {
  return data == null ? 'error' : errors.length > 0 ? 'partial' : 'ok';
}

export function toOutcome(request: GraphQLRequest, status: number, nowMs: number): RequestOutcome {
  const { startedAt, errors = [], callerName, operation, result, isResponseCacheHit } = request;
  return {
    operation,
    result: request.http.isDisconnected() ? 'client_closed' : (result ?? (status < 400 ? 'ok' : 'error')),
    status,
    codes: [...new Set(errors.map(({ code }) => code))],
    // A clock may be set back.
    durationMs: Math.max(0, nowMs - startedAt),
    callerName,
    isResponseCacheHit,
  };
}
