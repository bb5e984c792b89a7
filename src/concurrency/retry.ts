// When to try again, and how long to wait before: a few attempts a request, with full jitter between them, and a budget
// over all requests, so that a host in trouble gets a tenth more load and not three times as much.
// Full jitter: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/

import type { Clock } from '../clock.js';
import { createSlidingCounts } from './sliding-window.js';

/**
 * What a fault allows. "at-once" is a connection that was closed just before it was used again: no fault of the host,
 * so that the first of a request costs neither time nor budget. "once" may be tried again a single time.
 */
export type RetryRule = 'never' | 'at-once' | 'once' | 'budget';

export interface RetrySettings {
  /** The most attempts of one request, the first included. */
  readonly maxAttempts: number;
  /** Retries within a minute, as a part of the requests of that minute… */
  readonly retryRatio: number;
  /** …and never fewer than these. */
  readonly minRetries: number;
}

export interface FailedAttempt {
  readonly rule: RetryRule;
  /** How long the host asks to be left alone. */
  readonly retryAfterMs?: number | undefined;
}

/** The retries of one request. */
export interface Retries {
  /** How many milliseconds to wait before the next attempt; undefined: there is to be none. */
  next(failed: FailedAttempt, remainingMs: number): number | undefined;
}

export interface RetryPolicy {
  /** Counts a request. */
  begin(): Retries;
}

const BUDGET_WINDOW_MS = 60_000;
const BASE_MS = 200;
const MAX_BACKOFF_MS = 2_000;
/** In a minute: twice as many as there are connections by default. A host that closes more has a fault of its own. */
const MAX_AT_ONCE = 16;
/** Who asks to be left alone for longer gets no retry: the client is told how long instead. */
const MAX_RETRY_AFTER_MS = 5_000;

export function createRetryPolicy(
  { maxAttempts, retryRatio, minRetries }: RetrySettings,
  clock: Clock,
  random: () => number = Math.random,
): RetryPolicy {
  const recent = createSlidingCounts<'request' | 'retry' | 'at-once'>(clock, BUDGET_WINDOW_MS);
  const isInBudget = (): boolean =>
    recent.count('retry') < Math.max(minRetries, Math.floor(recent.count('request') * retryRatio));

  return {
    begin() {
      recent.add('request');
      let attempts = 1;
      let wasAtOnce = false;
      return {
        next({ rule, retryAfterMs = 0 }, remainingMs) {
          if (rule === 'at-once' && !wasAtOnce && recent.count('at-once') < MAX_AT_ONCE) {
            wasAtOnce = true;
            recent.add('at-once');
            return 0;
          }
          const allowed = rule === 'never' ? 1 : rule === 'once' ? Math.min(2, maxAttempts) : maxAttempts;
          if (attempts >= allowed || retryAfterMs > MAX_RETRY_AFTER_MS) return undefined;
          const backoffMs = random() * Math.min(BASE_MS * 2 ** attempts, MAX_BACKOFF_MS);
          const waitMs = Math.max(retryAfterMs, backoffMs);
          if (waitMs >= remainingMs || !isInBudget()) return undefined;
          attempts += 1;
          recent.add('retry');
          return waitMs;
        },
      };
    },
  };
}
