// What counts as a failure of the host, for the circuit breaker. What one caller or one request provokes must not open the
// circuit for everybody:
// - failure (the host is down, whatever the request): once per origin. The attempts of one report are one failure.
// - request-failure (the request itself may be the cause): once per request and window, whoever sends it. The requests of
//   one source count for at most half of what opens the circuit, if another source calls within the window.
// - success: ends a row of failures.

import type { Clock } from '../clock.js';
import { createSlidingWindowCounter } from './sliding-window.js';

export interface FailureThresholds {
  /** Trips after this many failures without a success between them… */
  readonly failuresInARow: number;
  /** …or when this share of the calls within `windowMs` failed, of at least `minCalls` calls. */
  readonly failureRatio: number;
  readonly minCalls: number;
  readonly windowMs: number;
}

/** Where a call comes from. One object for all attempts of one request. */
export interface CallOrigin {
  /** The caller who provoked it. */
  readonly source?: string;
  /** Whether the caller may be anybody: then a failed call counts only as `failure`, or not at all. */
  readonly isUnknown?: boolean;
  /** Names the request, equal for equal requests. Called when a call fails. */
  readonly requestKey?: () => string;
}

export interface FailureRecord {
  addSuccess(origin: CallOrigin): void;
  /** @returns whether that trips the breaker. */
  addFailure(origin: CallOrigin): boolean;
  /** @returns whether that trips the breaker. */
  addRequestFailure(origin: CallOrigin): boolean;
  clear(): void;
}

interface FailedRequest {
  readonly source: string;
  readonly failedAt: number;
  /** Whether no call has succeeded since. */
  isInRow: boolean;
}

/** Bounds the memory; far more than trip any breaker. The oldest is evicted. */
const MAX_FAILED_REQUESTS = 1_000;

export function createFailureRecord(thresholds: FailureThresholds, clock: Clock): FailureRecord {
  const { failuresInARow, failureRatio, minCalls, windowMs } = thresholds;
  const recent = createSlidingWindowCounter<'call' | 'failure'>(clock, windowMs);
  /** Requests that failed within the window, oldest first. */
  const failedRequests = new Map<string, FailedRequest>();
  const sources = createSourceCount(clock, windowMs);
  let counted = new WeakSet<CallOrigin>();
  let hostFailuresInARow = 0;

  /** Failed requests of all sources, where one counts for at most half of `needed`. */
  const countRequests = (needed: number, isCounted: (failed: FailedRequest) => boolean): number => {
    const bySource = new Map<string, number>();
    for (const failed of failedRequests.values()) {
      if (isCounted(failed)) bySource.set(failed.source, (bySource.get(failed.source) ?? 0) + 1);
    }
    const max = sources.hasSeveral() ? Math.ceil(needed / 2) : Infinity;
    let sum = 0;
    for (const count of bySource.values()) sum += Math.min(count, max);
    return sum;
  };
  const shouldTrip = (): boolean => {
    if (hostFailuresInARow + countRequests(failuresInARow, ({ isInRow }) => isInRow) >= failuresInARow) return true;
    const calls = recent.count('call');
    const needed = calls * failureRatio;
    return calls >= minCalls && recent.count('failure') + countRequests(needed, () => true) >= needed;
  };
  const evictOld = (): void => {
    const now = clock.now();
    for (const [key, { failedAt }] of failedRequests) {
      const isCurrent = Math.abs(now - failedAt) < windowMs && failedRequests.size < MAX_FAILED_REQUESTS;
      if (isCurrent) return;
      failedRequests.delete(key);
    }
  };

  return {
    addSuccess({ source = '' }) {
      sources.add(source);
      recent.add('call');
      hostFailuresInARow = 0;
      for (const failed of failedRequests.values()) failed.isInRow = false;
    },
    addFailure(origin) {
      sources.add(origin.source ?? '');
      if (counted.has(origin)) return false;
      counted.add(origin);
      recent.add('call');
      recent.add('failure');
      hostFailuresInARow += 1;
      return shouldTrip();
    },
    addRequestFailure({ source = '', requestKey }) {
      sources.add(source);
      evictOld();
      const key = requestKey?.() ?? '';
      if (failedRequests.has(key)) return false;
      failedRequests.set(key, { source, failedAt: clock.now(), isInRow: true });
      recent.add('call');
      return shouldTrip();
    },
    clear() {
      recent.clear();
      failedRequests.clear();
      counted = new WeakSet();
      hostFailuresInARow = 0;
    },
  };
}

/** Whether more than one source called within the window: the latest and the latest other one are enough to tell. */
function createSourceCount(clock: Clock, windowMs: number) {
  let latest: { readonly source: string; readonly at: number } | undefined;
  let other: typeof latest;
  return {
    add(source: string): void {
      if (latest !== undefined && latest.source !== source) other = latest;
      latest = { source, at: clock.now() };
    },
    hasSeveral: (): boolean => other !== undefined && Math.abs(clock.now() - other.at) < windowMs,
  };
}
