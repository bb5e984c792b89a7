// What may surround the calls to ScaleOps and the logins, so that they can be counted and traced. This room does neither.

import type { ReportKind } from '../report/request.js';

/** One call for a report, while it is made. */
export interface ObservedCall {
  readonly report: ReportKind;
  /** Which of the calls that one report took, from 1. */
  readonly number: number;
  /** Whether it is made because one before it failed; a call with a new token is none. */
  readonly isRetry: boolean;
  /** Headers to send along. */
  headers: Readonly<Record<string, string>>;
  /** Of the answer; undefined where there was none. */
  status: number | undefined;
}

export interface UpstreamInstrument {
  /** Surrounds one call. What it throws is what `run` throws: an UpstreamError, or the reason of who left. */
  call<T>(call: ObservedCall, run: () => Promise<T>): Promise<T>;
  /** Surrounds one login. */
  login<T>(run: () => Promise<T>): Promise<T>;
}

export const UNOBSERVED: UpstreamInstrument = { call: (_call, run) => run(), login: (run) => run() };
