// Combines the policies of src/concurrency/ for calls to ScaleOps (queue, circuit breaker, retries) and translates their
// errors to our error codes.

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

/** A report request, as far as the policies need it. */
interface ResilientRequest {
  readonly principal: Pick<Principal, 'id' | 'isCaller'>;
  /** Identifies the caller to whose share of the queue it counts; undefined: no share. */
  readonly callerKey: string | undefined;
  /** Equal for equal requests. */
  readonly requestKey: () => string;
  readonly deadline: Deadline;
}

/** A longer `Retry-After` of a 429 suspends calls for this time. */
const MAX_PAUSE_MS = 60_000;
/** Node's timers may fire this early: a retry at the end of a pause is not rejected. */
const TIMER_SLACK_MS = 1;
/** The bound of each table of principals; the least recently used is evicted. */
const MAX_PRINCIPALS = 10_000;

/** Called when the circuit opens, with the last failure, and when it closes. */
export type OnBreaker = (isOpen: boolean, fault?: UpstreamError) => void;

export class Resilience {
  readonly #clock: Clock;
  readonly #bulkhead: Bulkhead;
  readonly #breaker: CircuitBreaker;
  readonly #retries: ReturnType<typeof createRetryPolicy>;
  /** Principals that ScaleOps has accepted. */
  readonly #accepted = new LRUCache<string, true>({ max: MAX_PRINCIPALS });
  /** When calls may resume, by principal. */
  readonly #pausedUntil = new LRUCache<string, number>({ max: MAX_PRINCIPALS });

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
    this.#retries = createRetryPolicy(settings, clock);
  }

  /** How many attempts run, and how many are queued. */
  load() {
    return this.#bulkhead.load();
  }

  /**
   * Makes attempts, numbered from 1, until one succeeds, the deadline ends or the failure allows no retry.
   * @throws UpstreamError of the last attempt; CIRCUIT_OPEN, OVERLOADED or UPSTREAM_RATE_LIMITED if none was made.
   */
  async run<T>(attempt: (number: number) => Promise<T>, request: ResilientRequest): Promise<T> {
    const { principal, callerKey, requestKey, deadline } = request;
    const isUnverified = principal.isCaller && this.#accepted.get(principal.id) === undefined;
    const origin = { source: callerKey ?? principal.id, requestKey, isUnverified };
    // A rejected request adds nothing to the retry budget.
    if (this.#breaker.isOpen() || this.#pauseMs(principal) > 0) return this.#call(() => attempt(1), request, origin);
    const retries = this.#retries.start();
    let failed: UpstreamError | undefined;
    for (let number = 1; ; number += 1) {
      try {
        return await this.#call(() => attempt(number), request, origin);
      } catch (error) {
        if (!(error instanceof UpstreamError)) throw error;
        // The failure of an attempt is more informative than why no other was made.
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
      // Checked before the queue and again before the call: a pause may begin in between, or the circuit open.
      this.#breaker.check();
      this.#checkPause(principal);
      const result = await this.#bulkhead.run(deadline, callerKey, () => {
        this.#checkPause(principal);
        return this.#breaker.run(attempt, origin).catch((error: unknown) => this.#pauseAfter(error, principal));
      });
      if (principal.isCaller) this.#accepted.set(principal.id, true);
      return result;
    } catch (error) {
      throw toUpstreamError(error);
    }
  }

  /** Suspends the calls of a principal after a 429 with `Retry-After`. @throws `error`. */
  #pauseAfter(error: unknown, { id }: ResilientRequest['principal']): never {
    if (error instanceof UpstreamError && error.code === 'UPSTREAM_RATE_LIMITED') {
      this.#pausedUntil.set(id, this.#clock.now() + Math.min(error.retryAfterMs ?? 0, MAX_PAUSE_MS));
    }
    throw error;
  }

  #checkPause(principal: ResilientRequest['principal']): void {
    const retryAfterMs = this.#pauseMs(principal);
    if (retryAfterMs === 0) return;
    throw new UpstreamError('UPSTREAM_RATE_LIMITED', { reason: 'suspended by a 429', retryAfterMs });
  }

  /** How much longer the calls of a principal are suspended; 0: not at all. */
  #pauseMs({ id }: ResilientRequest['principal']): number {
    const leftMs = (this.#pausedUntil.get(id) ?? -Infinity) - this.#clock.now();
    // A clock that is set back does not lengthen a pause.
    return leftMs > TIMER_SLACK_MS && leftMs <= MAX_PAUSE_MS ? leftMs : 0;
  }
}

const NOT_ATTEMPTED_CODES: readonly string[] = ['CIRCUIT_OPEN', 'OVERLOADED'];

/** The gateway has closed the connections, because it is shutting down. */
const OWN_ABORTS: readonly (string | undefined)[] = ['UND_ERR_DESTROYED', 'UND_ERR_CLOSED', 'UND_ERR_ABORTED'];
/** The host did not accept a connection in time, whatever the request. */
const CONNECT_TIMEOUTS: readonly (string | undefined)[] = ['UND_ERR_CONNECT_TIMEOUT', 'ETIMEDOUT'];

/**
 * What a failed call means for the host.
 *
 * | failure | verdict | why |
 * | --- | --- | --- |
 * | refused, DNS, reset, TLS, connect timeout, 502, 503 | failure | the host is down, whatever the request |
 * | no response in time, 408, 504, 500 and other 5xx, an error with 200, a body that is no report, a redirect | request-failure | a heavy or unusual request may cause it at a healthy host |
 * | 400, 403, 404, 422, a body over the limit | success | the host responds correctly |
 * | 401, 429, a reused connection that was closed, the caller aborted, the gateway stops | ignored | unrelated to the host's health |
 *
 * Until ScaleOps has accepted a caller's token, only `failure` counts: an invented token may cause any other response.
 */
function classify(error: unknown): Verdict {
  if (!(error instanceof UpstreamError) || error.retry === 'immediate') return 'ignored';
  const { code, reason } = error;
  if (OWN_ABORTS.includes(reason)) return 'ignored';
  return CONNECT_TIMEOUTS.includes(reason) ? 'failure' : (VERDICTS[code] ?? 'success');
}

const VERDICTS: Readonly<Partial<Record<string, Verdict>>> = {
  UPSTREAM_UNAVAILABLE: 'failure',
  UPSTREAM_TIMEOUT: 'request-failure',
  UPSTREAM_ERROR: 'request-failure',
  UPSTREAM_BAD_RESPONSE: 'request-failure',
  UPSTREAM_RATE_LIMITED: 'ignored',
  UPSTREAM_UNAUTHENTICATED: 'ignored',
  UNAUTHENTICATED: 'ignored',
};

function toUpstreamError(error: unknown): unknown {
  if (error instanceof CircuitOpenError) {
    return new UpstreamError('CIRCUIT_OPEN', { reason: 'circuit open', retryAfterMs: error.retryAfterMs });
  }
  if (error instanceof BulkheadFullError) {
    return new UpstreamError('OVERLOADED', { reason: error.message, retryAfterMs: error.retryAfterMs });
  }
  return error;
}
