// Whether and when to retry: a few attempts per request with full jitter between them, and a budget for all requests, so
// that retries add a tenth to the load of a failing host instead of tripling it.
// Full jitter: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/

import type { Clock } from '../clock.js';
import { createSlidingWindowCounter } from './sliding-window.js';

/**
 * What a failure allows. `immediate`: a kept-alive connection was closed just before it was reused, which is no fault of
 * the host; the first such retry of a request costs neither time nor budget. `once`: a single retry. `budget`: retries
 * within the attempts of the request and the budget of all requests.
 */
export type RetryRule = 'never' | 'immediate' | 'once' | 'budget';

export interface RetrySettings {
  /** Attempts per request, including the first. */
  readonly maxAttempts: number;
  /** Retries allowed per minute, as a share of the requests of that minute. */
  readonly retryRatio: number;
  /** Retries allowed per minute at least. */
  readonly minRetries: number;
}

const BUDGET_WINDOW_MS = 60_000;
const BASE_MS = 200;
const MAX_BACKOFF_MS = 2_000;
/** Per minute: twice the default number of connections. A host that closes more of them has a problem. */
const MAX_IMMEDIATE = 16;
/** A longer `Retry-After` is passed on to the client instead of waited for. */
const MAX_RETRY_AFTER_MS = 5_000;

export function createRetryPolicy(
  { maxAttempts, retryRatio, minRetries }: RetrySettings,
  clock: Clock,
  random: () => number = Math.random,
) {
  const recent = createSlidingWindowCounter<'request' | 'retry' | 'immediate'>(clock, BUDGET_WINDOW_MS);
  const isInBudget = (): boolean =>
    recent.count('retry') < Math.max(minRetries, Math.floor(recent.count('request') * retryRatio));

  return {
    /** Counts a request, and starts its retries. */
    start() {
      recent.add('request');
      let attempts = 1;
      let wasImmediate = false;
      return {
        /**
         * How long to wait before the next attempt; undefined: do not retry.
         * @param failed the attempt that failed, and the host's `Retry-After`.
         */
        nextDelayMs(failed: { retry: RetryRule; retryAfterMs?: number | undefined }, remainingMs: number) {
          const { retry: rule, retryAfterMs = 0 } = failed;
          if (rule === 'immediate' && !wasImmediate && recent.count('immediate') < MAX_IMMEDIATE) {
            wasImmediate = true;
            recent.add('immediate');
            return 0;
          }
          const allowed = rule === 'never' ? 1 : rule === 'once' ? Math.min(2, maxAttempts) : maxAttempts;
          if (attempts >= allowed || retryAfterMs > MAX_RETRY_AFTER_MS) return undefined;
          const backoffMs = random() * Math.min(BASE_MS * 2 ** attempts, MAX_BACKOFF_MS);
          const delayMs = Math.max(retryAfterMs, backoffMs);
          if (delayMs >= remainingMs || !isInBudget()) return undefined;
          attempts += 1;
          recent.add('retry');
          return delayMs;
        },
      };
    },
  };
}
