// The instrumentation of requests, loads, calls and logins that metrics and traces implement. The cache and the client of
// ScaleOps declare the hooks that they call themselves.

import type { CacheInstrumentation } from '../cache/report-lookup.js';
import { GatewayError, type ErrorCode } from '../errors.js';
import type { UpstreamInstrumentation } from '../upstream/instrumentation.js';

/**
 * Maps a client's operation name (null: anonymous) to one of a closed list: names that the operator lists, OTHER and
 * ANONYMOUS. Clients choose names freely, and each would be a series of its own.
 */
export type NameOf = (name: string | null) => string;

export const OTHER = 'other';
export const ANONYMOUS = 'anonymous';

export function createNameOf(listed: Iterable<string>): NameOf {
  const names = new Set(listed);
  return (name) => (name === null ? ANONYMOUS : names.has(name) ? name : OTHER);
}

export interface OperationInfo {
  /** Chosen by the client: shown only by way of NameOf. */
  readonly name: string | null;
  readonly type: 'query' | 'mutation' | 'subscription';
}

export interface RequestOutcome {
  /** Undefined when the request was refused before its operation was known. */
  readonly operation: OperationInfo | undefined;
  /** "partial" has data and errors, "error" no data; "client_closed": the client closed its connection before the response. */
  readonly result: 'ok' | 'partial' | 'error' | 'client_closed';
  readonly status: number;
  /** Each code once. */
  readonly codes: readonly ErrorCode[];
  readonly durationMs: number;
  readonly callerName: string | undefined;
  /** Whether the response came from the response cache, without execution. */
  readonly isResponseCacheHit: boolean;
}

export interface RequestInfo {
  readonly requestId: string;
  header(name: 'traceparent' | 'tracestate'): string | null;
}

export interface Observation {
  /** The trace of the request; undefined without tracing. */
  readonly traceId?: string | undefined;
  /** Surrounds the execution. */
  execute<T>(run: () => T): T;
  /** Called once, when the request ends. */
  end(outcome: RequestOutcome): void;
}

export interface Instruments extends CacheInstrumentation, UpstreamInstrumentation {
  /** Called when a GraphQL request arrives, before it is validated. */
  begin(request: RequestInfo): Observation;
}

/** Calls both; `outer` wraps `inner`. */
export function combine(outer: Instruments, inner: Instruments): Instruments {
  return {
    begin(request) {
      const [first, second] = [outer.begin(request), inner.begin(request)];
      return {
        traceId: first.traceId ?? second.traceId,
        execute: (run) => first.execute(() => second.execute(run)),
        end(outcome) {
          second.end(outcome);
          first.end(outcome);
        },
      };
    },
    load: (report, run) => outer.load(report, () => inner.load(report, run)),
    onHit(report, lookup) {
      outer.onHit(report, lookup);
      inner.onHit(report, lookup);
    },
    onRelatedHit(report, lookup) {
      outer.onRelatedHit(report, lookup);
      inner.onRelatedHit(report, lookup);
    },
    call: (call, run) => outer.call(call, () => inner.call(call, run)),
    login: (run) => outer.login(() => inner.login(run)),
  };
}

/** The error code; "aborted" if no request waited any more. */
export function toFailureCode(error: unknown): ErrorCode | 'aborted' {
  if (error instanceof GatewayError) return error.code;
  return error instanceof DOMException && error.name === 'AbortError' ? 'aborted' : 'INTERNAL_SERVER_ERROR';
}
