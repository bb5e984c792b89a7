// What counts as a failure of the host, for the circuit breaker. One caller or one request must not open the circuit for
// everybody:
// - failure (the host is down, whatever the request): once per origin. The attempts of one report are one failure.
// - request-failure (the request itself may be the cause): once per request and window, from any caller. The requests of
//   one source count for at most half of what opens the circuit, if another source calls within the window.
// - success: resets the consecutive failures.

import type { Clock } from '../clock.js';
import { createSlidingWindowCounter, type SlidingWindowCounter } from './sliding-window.js';

export interface FailureThresholds {
  /** The breaker trips after this many failures without a success between them… */
  readonly consecutiveFailures: number;
  /** …or when this share of at least `minCalls` calls within `windowMs` failed. */
  readonly failureRatio: number;
  readonly minCalls: number;
  readonly windowMs: number;
}

/** Where a call comes from. One object for all attempts of one request. */
export interface CallOrigin {
  /** Identifies the caller. */
  readonly source?: string;
  /** Whether the host has not accepted the caller yet: then a failed call counts only as `failure`, or not at all. */
  readonly isUnverified?: boolean;
  /** Equal for equal requests. Called when a call fails. */
  readonly requestKey?: () => string;
}

interface FailedRequest {
  readonly source: string;
  readonly failedAt: number;
  /** Whether no call has succeeded since. */
  isConsecutive: boolean;
}

/** Bounds the memory; far more than any breaker needs to trip. The oldest is evicted. */
const MAX_FAILED_REQUESTS = 1_000;

/** `addFailure` and `addRequestFailure` return whether the breaker trips. */
export class FailureRecord {
  readonly #thresholds: FailureThresholds;
  readonly #clock: Clock;
  readonly #recent: SlidingWindowCounter<'call' | 'failure'>;
  /** Requests that failed within the window, oldest first. */
  readonly #failedRequests = new Map<string, FailedRequest>();
  /** Origins whose failure is already counted. */
  #countedOrigins = new WeakSet<CallOrigin>();
  #consecutiveFailures = 0;
  /** The latest call, and the latest one of another source: they show whether several sources call. */
  #latestCall: { readonly source: string; readonly at: number } | undefined;
  #otherSourceAt = -Infinity;

  constructor(thresholds: FailureThresholds, clock: Clock) {
    this.#thresholds = thresholds;
    this.#clock = clock;
    this.#recent = createSlidingWindowCounter(clock, thresholds.windowMs);
  }

  addSuccess({ source = '' }: CallOrigin): void {
    this.#recordSource(source);
    this.#recent.add('call');
    this.#consecutiveFailures = 0;
    for (const failed of this.#failedRequests.values()) failed.isConsecutive = false;
  }

  addFailure(origin: CallOrigin): boolean {
    this.#recordSource(origin.source ?? '');
    if (this.#countedOrigins.has(origin)) return false;
    this.#countedOrigins.add(origin);
    this.#recent.add('call');
    this.#recent.add('failure');
    this.#consecutiveFailures += 1;
    return this.#shouldTrip();
  }

  addRequestFailure({ source = '', requestKey }: CallOrigin): boolean {
    this.#recordSource(source);
    this.#evictOld();
    const key = requestKey?.() ?? '';
    if (this.#failedRequests.has(key)) return false;
    this.#failedRequests.set(key, { source, failedAt: this.#clock.now(), isConsecutive: true });
    this.#recent.add('call');
    return this.#shouldTrip();
  }

  clear(): void {
    this.#recent.clear();
    this.#failedRequests.clear();
    this.#countedOrigins = new WeakSet();
    this.#consecutiveFailures = 0;
  }

  #shouldTrip(): boolean {
    const { consecutiveFailures, failureRatio, minCalls } = this.#thresholds;
    const inARow =
      this.#consecutiveFailures + this.#countRequests(consecutiveFailures, ({ isConsecutive }) => isConsecutive);
    if (inARow >= consecutiveFailures) return true;
    const calls = this.#recent.count('call');
    const needed = calls * failureRatio;
    return calls >= minCalls && this.#recent.count('failure') + this.#countRequests(needed, () => true) >= needed;
  }

  /** Counts failed requests. If several sources call, each contributes at most half of `needed`. */
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

  #recordSource(source: string): void {
    const latest = this.#latestCall;
    if (latest !== undefined && latest.source !== source) this.#otherSourceAt = latest.at;
    this.#latestCall = { source, at: this.#clock.now() };
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
