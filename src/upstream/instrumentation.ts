// Hooks around the calls to ScaleOps and the logins, for metrics and traces.

import type { ReportKind } from '../report/request.js';

/** One call for a report. */
export interface InstrumentedCall {
  readonly report: ReportKind;
  /** Counts the calls for one report request, from 1. */
  readonly number: number;
  /** Whether an earlier call failed; a call that only has a new token is not a retry. */
  readonly isRetry: boolean;
  /** Headers to send with the call, such as `traceparent`. */
  headers: Readonly<Record<string, string>>;
  /** The HTTP status; undefined if there was no response. */
  status: number | undefined;
}

export interface UpstreamInstrumentation {
  /** Wraps one call. @throws what `run` throws: an UpstreamError, or the reason of the caller's signal. */
  call<T>(call: InstrumentedCall, run: () => Promise<T>): Promise<T>;
  /** Wraps one login. */
  login<T>(run: () => Promise<T>): Promise<T>;
}

export const NOOP_INSTRUMENTATION: UpstreamInstrumentation = { call: (_call, run) => run(), login: (run) => run() };
