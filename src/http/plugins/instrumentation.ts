// Lets somebody watch each request for GraphQL from its beginning to its end, and stand around its execution. It is how
// metrics and traces come to know of a request; the door knows nothing of them.

import { getOperationAST, type ExecutionArgs, type ExecutionResult } from 'graphql';

import type { ErrorCode } from '../../errors.js';
import type { DoorPlugin, RequestState } from '../request-state.js';

export interface RequestObserver {
  /** Called when a request for GraphQL begins, before it is known whether it may be one. */
  begin(request: BegunRequest): RequestObservation;
}

export interface BegunRequest {
  readonly requestId: string;
  header(name: 'traceparent' | 'tracestate'): string | null;
}

/** The name is what the client calls it: any text that GraphQL takes for one. */
export interface OperationFacts {
  readonly name: string | null;
  readonly type: 'query' | 'mutation' | 'subscription';
}

export interface RequestObservation {
  /** The trace that the request is a part of, where there is one. */
  readonly traceId?: string | undefined;
  /** Surrounds the execution. */
  execute<T>(operation: OperationFacts, run: () => T): T;
  /** Called once, whatever becomes of the request. */
  end(outcome: RequestOutcome): void;
}

export interface RequestOutcome {
  /** Undefined where the request was turned away before. */
  readonly operation: OperationFacts | undefined;
  /** "partial" has data and errors, "error" no data; "client_closed": the client closed its connection before the response. */
  readonly result: 'ok' | 'partial' | 'error' | 'client_closed';
  readonly status: number;
  /** Each code once. */
  readonly codes: readonly ErrorCode[];
  readonly durationMs: number;
  readonly callerName: string | undefined;
  /** Whether the response came from the cache of responses, and nothing was executed. */
  readonly isResponseCacheHit: boolean;
}

/** What becomes known of a request on its way. */
export interface Watched {
  readonly state: RequestState;
  operation?: OperationFacts;
  result?: RequestOutcome['result'];
  status?: number;
}

interface Observed extends Watched {
  readonly observation: RequestObservation;
}

/** Before whatever may turn a request away, and after whatever answers other requests at `path`. */
export function useObservation(observer: RequestObserver, path: string, now: () => number): DoorPlugin {
  const byRequest = new WeakMap<Request, Observed>();
  const byState = new WeakMap<RequestState, Observed>();
  return {
    instrumentation: {
      // Around all plugins: it ends also where one of them fails.
      async request({ request }, answer) {
        try {
          await answer();
        } finally {
          const watched = byRequest.get(request);
          watched?.observation.end(toOutcome(watched, request.signal.aborted, now()));
        }
      },
    },
    onRequest({ request, url, serverContext: { state } }) {
      if (url.pathname.replace(/\/$/, '') !== path) return;
      const observation = observer.begin({
        requestId: state.requestId,
        header: (name) => request.headers.get(name),
      });
      if (observation.traceId !== undefined) state.traceId = observation.traceId;
      const watched = { observation, state };
      byRequest.set(request, watched);
      byState.set(state, watched);
    },
    onExecute({ args, executeFn, setExecuteFn }) {
      const { document, operationName } = args as ExecutionArgs;
      const { state } = args.contextValue as unknown as { readonly state: RequestState };
      const watched = byState.get(state);
      const found = getOperationAST(document, operationName);
      if (watched === undefined || found == null) return;
      const operation = { name: found.name?.value ?? null, type: found.operation };
      watched.operation = operation;
      setExecuteFn((given): unknown =>
        watched.observation.execute(operation, () => (executeFn as (given: unknown) => unknown)(given)),
      );
    },
    onResultProcess({ result, serverContext: { state } }) {
      const watched = byState.get(state);
      if (watched === undefined) return;
      watched.result = toResultKind(result as ExecutionResult);
    },
    onResponse({ response, serverContext: { state } }) {
      const watched = byState.get(state);
      if (watched !== undefined) watched.status = response.status;
    },
  };
}

export function toResultKind({ data, errors = [] }: ExecutionResult): 'ok' | 'partial' | 'error' {
  return data == null ? 'error' : errors.length > 0 ? 'partial' : 'ok';
}

/** The outcome of a request, from what is known of it at its end. */
export function toOutcome(
  { state, operation, result, status = 500 }: Watched,
  clientLeft: boolean,
  nowMs: number,
): RequestOutcome {
  const { startedAt, errors = [], callerName, isReady = false } = state;
  return {
    operation,
    result: clientLeft ? 'client_closed' : (result ?? (status < 400 ? 'ok' : 'error')),
    status,
    codes: [...new Set(errors.map(({ code }) => code))],
    // A clock may be set back.
    durationMs: Math.max(0, nowMs - startedAt),
    callerName,
    isResponseCacheHit: isReady,
  };
}
