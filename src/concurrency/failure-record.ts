// What counts as a failure of the host, for the circuit breaker. What one caller or one request provokes must not open the
// circuit for everybody:
// - failure (the host is down, whatever the request): once per origin. The attempts of one report are one failure.
// - request-failure (the request itself may be the cause): once per request and window, from any caller. The requests of
//   one source count for at most half of what opens the circuit, if another source calls within the window.
// - success: ends a row of failures.

import type { Clock } from '../clock.js';
import { createSlidingWindowCounter, type SlidingWindowCounter } from './sliding-window.js';

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

interface FailedRequest {
  readonly source: string;
  readonly failedAt: number;
  /** Whether no call has succeeded since. */
  isInRow: boolean;
}

/** Bounds the memory; far more than trip any breaker. The oldest is evicted. */
const MAX_FAILED_REQUESTS = 1_000;

/** The `add…` of a failure returns whether it trips the breaker. */
export class FailureRecord {
  readonly #thresholds: FailureThresholds;
  readonly #clock: Clock;
  readonly #recent: SlidingWindowCounter<'call' | 'failure'>;
  /** Requests that failed within the window, oldest first. */
  readonly #failedRequests = new Map<string, FailedRequest>();
  /** Origins whose failure is counted already. */
  #counted = new WeakSet<CallOrigin>();
  #failuresInARow = 0;
  /** The latest call, and when one of another source was made: enough to tell whether there are several. */
  #latest: { readonly source: string; readonly at: number } | undefined;
  #otherSourceAt = -Infinity;

  constructor(thresholds: FailureThresholds, clock: Clock) {
    this.#thresholds = thresholds;
    this.#clock = clock;
    this.#recent = createSlidingWindowCounter(clock, thresholds.windowMs);
  }

  addSuccess({ source = '' }: CallOrigin): void {
    this.#noteSource(source);
    this.#recent.add('call');
    this.#failuresInARow = 0;
    for (const failed of this.#failedRequests.values()) failed.isInRow = false;
  }

  addFailure(origin: CallOrigin): boolean {
    this.#noteSource(origin.source ?? '');
    if (this.#counted.has(origin)) return false;
    this.#counted.add(origin);
    this.#recent.add('call');
    this.#recent.add('failure');
    this.#failuresInARow += 1;
    return this.#shouldTrip();
  }

  addRequestFailure({ source = '', requestKey }: CallOrigin): boolean {
    this.#noteSource(source);
    this.#evictOld();
    const key = requestKey?.() ?? '';
    if (this.#failedRequests.has(key)) return false;
    this.#failedRequests.set(key, { source, failedAt: this.#clock.now(), isInRow: true });
    this.#recent.add('call');
    return this.#shouldTrip();
  }

  clear(): void {
    this.#recent.clear();
    this.#failedRequests.clear();
    this.#counted = new WeakSet();
    this.#failuresInARow = 0;
  }

  #shouldTrip(): boolean {
    const { failuresInARow, failureRatio, minCalls } = this.#thresholds;
    const inARow = this.#failuresInARow + this.#countRequests(failuresInARow, ({ isInRow }) => isInRow);
    if (inARow >= failuresInARow) return true;
    const calls = this.#recent.count('call');
    const needed = calls * failureRatio;
    return calls >= minCalls && this.#recent.count('failure') + this.#countRequests(needed, () => true) >= needed;
  }

  /** Failed requests, where those of one source count for at most half of `needed` if there are several sources. */
  #countRequests(needed: number, isCounted: (failed: FailedRequest) => boolean): number {
    const bySource = new Map<string, number>();
    for (const failed of this.#failedRequests.values()) {
      if (isCounted(failed)) bySource.set(failed.source, (bySource.get(failed.source) ?? 0) + 1);
    }
    const hasSeveral = Math.abs(this.#clock.now() - this.#otherSourceAt) < this.#thresholds.windowMs;
    const max = hasSeveral ? Math.ceil(needed / 2) : Infinity;
    let sum = 0;
    for (const count of bySource.values()) sum += Math.min(count, max);
    return sum;
  }

  #noteSource(source: string): void {
    if (this.#latest !== undefined && this.#latest.source !== source) this.#otherSourceAt = this.#latest.at;
    this.#latest = { source, at: this.#clock.now() };
  }

  #evictOld(): void {
    const now = this.#clock.now();
    for (const [key, { failedAt }] of this.#failedRequests) {
      const isRecent = Math.abs(now - failedAt) < this.#thresholds.windowMs;
      if (isRecent && this.#failedRequests.size < MAX_FAILED_REQUESTS) return;
      this.#failedRequests.delete(key);
    }
  }
}
