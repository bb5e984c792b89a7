// What stands between a report that is wanted and the calls that are made for it: a bound on how many run and wait, a
// circuit breaker, retries. The policies themselves are in src/flow/; here they meet, and speak in our error codes.

import type { Clock } from '../../clock.js';
import { UpstreamError } from '../../errors.js';
import { delay } from '../../concurrency/abort.js';
import {
  BulkheadFullError,
  createBulkhead,
  type BulkheadLoad,
  type BulkheadSettings,
} from '../../concurrency/bulkhead.js';
import {
  CircuitOpenError,
  createCircuitBreaker,
  type CircuitBreakerSettings,
  type Verdict,
} from '../../concurrency/circuit-breaker.js';
import type { Deadline } from '../../concurrency/deadline.js';
import { createRetryPolicy, type RetrySettings } from '../../concurrency/retry.js';

export interface ResilienceSettings extends BulkheadSettings, RetrySettings {
  readonly breaker: CircuitBreakerSettings;
}

export interface ResilienceOptions extends ResilienceSettings {
  readonly clock: Clock;
  /** Told when ScaleOps begins to be left alone, and when it is asked again. */
  readonly onBreaker: (isOpen: boolean) => void;
}

export interface Resilience {
  /**
   * Attempts until one goes well, the deadline comes or the fault allows no more; each is told which it is, from 1.
   * @throws UpstreamError of the last attempt; CIRCUIT_OPEN or OVERLOADED where none was made.
   */
  run<T>(attempt: (number: number) => Promise<T>, deadline: Deadline): Promise<T>;
  /** How many attempts run, and how many wait for their turn. */
  load(): BulkheadLoad;
}

export function createResilience({ clock, onBreaker, breaker: settings, ...rest }: ResilienceOptions): Resilience {
  const bulkhead = createBulkhead(rest, clock);
  const breaker = createCircuitBreaker({ ...settings, clock, judge, onChange: onBreaker });
  const policy = createRetryPolicy(rest, clock);

  const call = async <T>(attempt: () => Promise<T>, deadline: Deadline): Promise<T> => {
    try {
      // Asked twice: nobody waits for a place only to hear that there is nothing to be had, and it may open meanwhile.
      breaker.check();
      return await bulkhead.run(() => breaker.run(attempt), deadline);
    } catch (error) {
      throw toOwnError(error);
    }
  };

  return {
    load: () => bulkhead.load(),
    async run(attempt, deadline) {
      // Who is turned away adds nothing to what may be retried.
      if (breaker.isOpen()) return call(() => attempt(1), deadline);
      const retries = policy.begin();
      let failed: UpstreamError | undefined;
      for (let number = 1; ; number += 1) {
        try {
          return await call(() => attempt(number), deadline);
        } catch (error) {
          if (!(error instanceof UpstreamError)) throw error;
          // What became of the attempt says more than that there was no room for another.
          if (failed !== undefined && NOT_CALLED.includes(error.code)) throw failed;
          failed = error;
          const { retry: rule, retryAfterMs } = error;
          const waitMs = breaker.isOpen() ? undefined : retries.next({ rule, retryAfterMs }, deadline.remainingMs());
          if (waitMs === undefined || deadline.signal.aborted) throw error;
          if (waitMs > 0) await delay(clock, waitMs, deadline.signal);
        }
      }
    },
  };
}

/** No attempt was made. */
const NOT_CALLED: readonly string[] = ['CIRCUIT_OPEN', 'OVERLOADED'];
const SICK: readonly string[] = ['UPSTREAM_UNAVAILABLE', 'UPSTREAM_TIMEOUT', 'UPSTREAM_ERROR', 'UPSTREAM_BAD_RESPONSE'];

/** Any answer that makes sense, a refusal too, shows that the host is well. */
function judge(error: unknown): Verdict {
  if (!(error instanceof UpstreamError)) return 'nothing';
  // A full host says so itself, and when; a connection that had been closed is nobody's fault.
  if (error.code === 'UPSTREAM_RATE_LIMITED' || error.retry === 'at-once') return 'nothing';
  // Where there is no token that could be sent, nothing was asked.
  if (error.code === 'UPSTREAM_UNAUTHENTICATED') return 'nothing';
  return SICK.includes(error.code) ? 'failure' : 'success';
}

function toOwnError(error: unknown): unknown {
  if (error instanceof CircuitOpenError) {
    return new UpstreamError('CIRCUIT_OPEN', { reason: 'circuit open', retryAfterMs: error.retryAfterMs });
  }
  if (error instanceof BulkheadFullError) return new UpstreamError('OVERLOADED', { reason: error.message });
  return error;
}
