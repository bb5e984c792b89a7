// Where the other rooms let metrics and traces stand: around requests, loads, calls and logins. Those rooms have types of
// their own for it, which these fit; and here is how two who want the same place share it.

import type { ErrorCode } from '../errors.js';

export const REPORTS = ['workloads', 'aggregated'] as const;
export type ReportName = (typeof REPORTS)[number];

export const CACHE_RESULTS = ['hit', 'stale', 'shared', 'collapsed', 'miss'] as const;
export interface LoadOutcome {
  readonly cacheStatus: (typeof CACHE_RESULTS)[number];
  readonly isStale: boolean;
}

export interface OperationFacts {
  /** What the client calls it: never to be shown as it is. */
  readonly name: string | null;
  readonly type: 'query' | 'mutation' | 'subscription';
}

export interface RequestOutcome {
  readonly operation: OperationFacts | undefined;
  readonly result: 'ok' | 'partial' | 'error' | 'left';
  readonly status: number;
  readonly codes: readonly ErrorCode[];
  readonly durationMs: number;
  readonly callerName: string | undefined;
  readonly isReady: boolean;
}

export interface BegunRequest {
  readonly requestId: string;
  header(name: 'traceparent' | 'tracestate'): string | null;
}

export interface Observation {
  readonly traceId?: string | undefined;
  execute<T>(operation: OperationFacts, run: () => T): T;
  end(outcome: RequestOutcome): void;
}

export interface ObservedCall {
  readonly report: ReportName;
  readonly number: number;
  readonly isRetry: boolean;
  headers: Readonly<Record<string, string>>;
  status: number | undefined;
}

export interface Instruments {
  /** A request for GraphQL begins. */
  begin(request: BegunRequest): Observation;
  /** Surrounds the load of a report. */
  load<A extends LoadOutcome>(report: ReportName, run: () => Promise<A>): Promise<A>;
  /** A report was loaded without waiting for anything. */
  onHit(report: ReportName, outcome: LoadOutcome): void;
  /** A report was taken out of the memory beside a load. */
  onRelatedHit(report: ReportName, outcome: LoadOutcome): void;
  /** Surrounds one call to ScaleOps. */
  call<T>(call: ObservedCall, run: () => Promise<T>): Promise<T>;
  /** Surrounds one login. */
  login<T>(run: () => Promise<T>): Promise<T>;
}

/** Both, the first around the second. */
export function chain(outer: Instruments, inner: Instruments): Instruments {
  return {
    begin(request) {
      const [first, second] = [outer.begin(request), inner.begin(request)];
      return {
        traceId: first.traceId ?? second.traceId,
        execute: (operation, run) => first.execute(operation, () => second.execute(operation, run)),
        end(outcome) {
          second.end(outcome);
          first.end(outcome);
        },
      };
    },
    load: (report, run) => outer.load(report, () => inner.load(report, run)),
    onHit(report, outcome) {
      outer.onHit(report, outcome);
      inner.onHit(report, outcome);
    },
    onRelatedHit(report, outcome) {
      outer.onRelatedHit(report, outcome);
      inner.onRelatedHit(report, outcome);
    },
    call: (call, run) => outer.call(call, () => inner.call(call, run)),
    login: (run) => outer.login(() => inner.login(run)),
  };
}
