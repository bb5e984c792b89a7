// The policies between a report request and its calls to ScaleOps: queue, circuit breaker, retries. The policies live in
// src/concurrency/; this module combines them and speaks in our error codes.

import { LRUCache } from 'lru-cache';

import type { Clock } from '../../clock.js';
import { delay } from '../../concurrency/abort.js';
import { Bulkhead, BulkheadFullError, type BulkheadSettings } from '../../concurrency/bulkhead.js';
import {
  CircuitOpenError,
  CircuitBreaker,
  type CircuitBreakerSettings,
  type Verdict,
} from '../../concurrency/circuit-breaker.js';
import type { Deadline } from '../../concurrency/deadline.js';
import type { CallOrigin } from '../../concurrency/failure-record.js';
import { createRetryPolicy, type RetrySettings } from '../../concurrency/retry.js';
import { UpstreamError } from '../../errors.js';
import type { Principal } from '../principal.js';

export interface ResilienceSettings extends BulkheadSettings, RetrySettings {
  readonly breaker: CircuitBreakerSettings;
}

/** A report request, as far as the policies need to know it. */
interface ResilientRequest {
  readonly principal: Pick<Principal, 'id' | 'isCaller'>;
  /** The caller whose share of the queue it takes; undefined: no particular one. */
  readonly callerKey: string | undefined;
  /** Equal for equal requests. */
  readonly requestKey: () => string;
  readonly deadline: Deadline;
}

/** A longer `Retry-After` of a 429 suspends calls for this time. */
const MAX_PAUSE_MS = 60_000;
/** A timer of Node may fire this much before its time: a retry at the end of a pause is not refused. */
const TIMER_SLACK_MS = 1;
/** Called when the circuit opens, with the last failure, and when it closes. */
export type OnBreaker = (isOpen: boolean, fault?: UpstreamError) => void;

/** How many callers' principals are remembered as accepted by ScaleOps; the one that called longest ago is evicted. */
const MAX_ACCEPTED = 10_000;

export class Resilience {
  readonly #clock: Clock;
  readonly #bulkhead: Bulkhead;
  readonly #breaker: CircuitBreaker;
  readonly #policy: ReturnType<typeof createRetryPolicy>;
  readonly #accepted = new LRUCache<string, true>({ max: MAX_ACCEPTED });
  /** Until when ScaleOps wants no calls, by principal. */
  readonly #pauses = new LRUCache<string, number>({ max: MAX_ACCEPTED });

  constructor(settings: ResilienceSettings, clock: Clock, onBreaker: OnBreaker) {
    this.#clock = clock;
    this.#bulkhead = new Bulkhead(settings, clock);
    this.#breaker = new CircuitBreaker(settings.breaker, {
      clock,
      classify,
      onChange: (isOpen, error) => {
        onBreaker(isOpen, error instanceof UpstreamError ? error : undefined);
      },
    });
    this.#policy = createRetryPolicy(settings, clock);
  }

  /** How many attempts run, and how many are queued. */
  load(): ReturnType<Bulkhead['load']> {
    return this.#bulkhead.load();
  }

  /**
   * Makes attempts until one succeeds, the deadline ends or the fault allows no more. Each gets its number, from 1.
   * @throws UpstreamError of the last attempt; CIRCUIT_OPEN, OVERLOADED or UPSTREAM_RATE_LIMITED where none was made.
   */
  async run<T>(attempt: (number: number) => Promise<T>, request: ResilientRequest): Promise<T> {
    const { principal, callerKey, requestKey, deadline } = request;
    const isUnverified = principal.isCaller && this.#accepted.get(principal.id) === undefined;
    const origin = { source: callerKey ?? principal.id, requestKey, isUnverified };
    // A rejected request adds nothing to the retry budget.
    if (this.#breaker.isOpen() || this.#pauseMs(principal) > 0) return this.#call(() => attempt(1), request, origin);
    const retries = this.#policy.start();
    let failed: UpstreamError | undefined;
    for (let number = 1; ; number += 1) {
      try {
        return await this.#call(() => attempt(number), request, origin);
      } catch (error) {
        if (!(error instanceof UpstreamError)) throw error;
        // The failure of an attempt says more than that there was no room for another one.
        if (failed !== undefined && NOT_ATTEMPTED_CODES.includes(error.code)) throw failed;
        failed = error;
        const delayMs = this.#breaker.isOpen() ? undefined : retries.nextDelayMs(error, deadline.remainingMs());
        if (delayMs === undefined || deadline.signal.aborted) throw error;
        if (delayMs > 0) await delay(this.#clock, delayMs, deadline.signal);
      }
    }
  }

  async #call<T>(attempt: () => Promise<T>, request: ResilientRequest, origin: CallOrigin): Promise<T> {
    const { deadline, callerKey, principal } = request;
    try {
      // Checked before the queue, and again before the call: the circuit may open in between, or a pause begin.
      this.#breaker.check();
      this.#checkPause(principal);
      const result = await this.#bulkhead.run(deadline, callerKey, () => {
        this.#checkPause(principal);
        return this.#breaker.run(attempt, origin).catch(this.#pauseAfter(principal));
      });
      if (principal.isCaller) this.#accepted.set(principal.id, true);
      return result;
    } catch (error) {
      throw toUpstreamError(error);
    }
  }

  /** Suspends the calls of a principal after a 429 that says for how long. */
  #pauseAfter({ id }: ResilientRequest['principal']) {
    return (error: unknown): never => {
      if (error instanceof UpstreamError && error.code === 'UPSTREAM_RATE_LIMITED') {
        this.#pauses.set(id, this.#clock.now() + Math.min(error.retryAfterMs ?? 0, MAX_PAUSE_MS));
      }
      throw error;
    };
  }

  #checkPause(principal: ResilientRequest['principal']): void {
    const retryAfterMs = this.#pauseMs(principal);
    if (retryAfterMs > 0)
      throw new UpstreamError('UPSTREAM_RATE_LIMITED', { reason: 'suspended by a 429', retryAfterMs });
  }

  /** How long the calls of a principal are still suspended; 0: they are not. */
  #pauseMs({ id }: ResilientRequest['principal']): number {
    const leftMs = (this.#pauses.get(id) ?? -Infinity) - this.#clock.now();
    // A clock that is set back does not lengthen a pause.
    return leftMs > TIMER_SLACK_MS && leftMs <= MAX_PAUSE_MS ? leftMs : 0;
  }
}

const NOT_ATTEMPTED_CODES: readonly string[] = ['CIRCUIT_OPEN', 'OVERLOADED'];

/** The gateway closed the connections itself: it is shutting down. */
const OWN_ABORTS: readonly (string | undefined)[] = ['UND_ERR_DESTROYED', 'UND_ERR_CLOSED', 'UND_ERR_ABORTED'];
/** A connection was not made within its time: the host, and not the request, is at fault. */
const CONNECT_TIMEOUTS: readonly (string | undefined)[] = ['UND_ERR_CONNECT_TIMEOUT', 'ETIMEDOUT'];

/**
 * What a failed call says about the host.
 *
 * | failure | verdict | why |
 * | --- | --- | --- |
 * | refused, DNS, reset, TLS, connect timeout, 502, 503 | failure | the host is down, whatever is asked |
 * | no response in time, 408, 504, 500 and other 5xx, an error with 200, a body that is no report, a redirect | request-failure | a heavy or odd request does that to a healthy host |
 * | 400, 403, 404, 422, a body over the limit | success | the host answers as it should |
 * | 401, 429, a reused connection that was closed, the caller left, the gateway stops | ignored | says nothing about the host's health |
 *
 * Of a caller whose token ScaleOps has not accepted yet, only `failure` counts: a made-up token may provoke any response.
 */
function classify(error: unknown): Verdict {
  if (!(error instanceof UpstreamError) || error.retry === 'immediate') return 'ignored';
  const { code, reason } = error;
  if (OWN_ABORTS.includes(reason)) return 'ignored';
  if (code === 'UPSTREAM_UNAVAILABLE' || CONNECT_TIMEOUTS.includes(reason)) return 'failure';
  if (IGNORED_CODES.includes(code)) return 'ignored';
  return REQUEST_FAILURE_CODES.includes(code) ? 'request-failure' : 'success';
}

const IGNORED_CODES: readonly string[] = ['UPSTREAM_RATE_LIMITED', 'UPSTREAM_UNAUTHENTICATED', 'UNAUTHENTICATED'];
const REQUEST_FAILURE_CODES: readonly string[] = ['UPSTREAM_TIMEOUT', 'UPSTREAM_ERROR', 'UPSTREAM_BAD_RESPONSE'];

function toUpstreamError(error: unknown): unknown {
  if (error instanceof CircuitOpenError) {
    return new UpstreamError('CIRCUIT_OPEN', { reason: 'circuit open', retryAfterMs: error.retryAfterMs });
  }
  if (error instanceof BulkheadFullError) {
    return new UpstreamError('OVERLOADED', { reason: error.message, retryAfterMs: error.retryAfterMs });
  }
  return error;
}
