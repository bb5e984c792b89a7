// Lets metrics and traces follow each GraphQL request from its arrival to its end. The pipeline calls them through these
// interfaces and knows nothing else of them.

import type { ExecutionResult } from 'graphql';

import type { ErrorCode } from '../errors.js';
import type { GraphQLRequest } from './graphql-request.js';

export interface RequestObserver {
  /** Called when a GraphQL request arrives, before it is known to be a valid one. */
  begin(request: RequestInfo): RequestObservation;
}

export interface RequestInfo {
  readonly requestId: string;
  header(name: 'traceparent' | 'tracestate'): string | null;
}

/** The name is chosen by the client: any text that GraphQL takes for one. */
export interface OperationFacts {
  readonly name: string | null;
  readonly type: 'query' | 'mutation' | 'subscription';
}

export interface RequestObservation {
  /** The trace that the request belongs to, where there is one. */
  readonly traceId?: string | undefined;
  /** Surrounds the execution. */
  execute<T>(operation: OperationFacts, run: () => T): T;
  /** Called once, whatever becomes of the request. */
  end(outcome: RequestOutcome): void;
}

export interface RequestOutcome {
  /** Undefined when the request was refused before its operation was known. */
  readonly operation: OperationFacts | undefined;
  /** "partial" has data and errors, "error" no data; "client_closed": the client closed its connection before the response. */
  readonly result: 'ok' | 'partial' | 'error' | 'client_closed';
  readonly status: number;
  /** Each code once. */
  readonly codes: readonly ErrorCode[];
  readonly durationMs: number;
  readonly callerName: string | undefined;
  /** Whether the response came from the response cache, and nothing was executed. */
  readonly isResponseCacheHit: boolean;
}

export function toResultKind({ data, errors = [] }: ExecutionResult): 'ok' | 'partial' | 'error' {
  return data == null ? 'error' : errors.length > 0 ? 'partial' : 'ok';
}

/** The outcome of a request at its end. */
export function toOutcome(request: GraphQLRequest, status: number, nowMs: number): RequestOutcome {
  const { startedAt, errors = [], callerName, operation, result, isResponseCacheHit } = request;
  return {
    operation,
    result: request.http.hasLeft() ? 'client_closed' : (result ?? (status < 400 ? 'ok' : 'error')),
    status,
    codes: [...new Set(errors.map(({ code }) => code))],
    // A clock may be set back.
    durationMs: Math.max(0, nowMs - startedAt),
    callerName,
    isResponseCacheHit,
  };
}
