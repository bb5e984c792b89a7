// A circuit breaker: after repeated failures no call is made for a while. Then one call at a time probes; a success closes
// the circuit, a failure opens it for twice as long. Calls never wait: without permission they are rejected at once.

import type { Clock } from '../clock.js';
import { FailureRecord, type CallOrigin, type FailureThresholds } from './failure-record.js';

export interface CircuitBreakerSettings extends FailureThresholds {
  /** How long the circuit stays open the first time; doubles with each failed probe, up to `maxOpenMs`. */
  readonly openMs: number;
  readonly maxOpenMs: number;
}

/** What the outcome of a call means for the host; `failure-record.ts` explains how each is counted. */
export type Verdict = 'failure' | 'request-failure' | 'success' | 'ignored';

interface CircuitBreakerOptions {
  readonly clock: Clock;
  readonly classify: (error: unknown) => Verdict;
  /** `error` is the failure that opened the circuit. */
  readonly onChange?: (isOpen: boolean, error?: unknown) => void;
}

/** The call was not made. */
export class CircuitOpenError extends Error {
  override readonly name = 'CircuitOpenError';
  readonly retryAfterMs: number;

  constructor(retryAfterMs: number) {
    super('the circuit breaker is open');
    this.retryAfterMs = retryAfterMs;
  }
}

/** It is unknown when a probe ends; by then, it usually has. */
const PROBE_RETRY_AFTER_MS = 1_000;

/** Closed: calls pass. Open: none passes before `until`. Probing: one call is in flight, all others are rejected. */
type State =
  | { readonly name: 'closed' }
  | { readonly name: 'open'; readonly until: number }
  | { readonly name: 'probing'; readonly since: number };

export class CircuitBreaker {
  readonly #settings: CircuitBreakerSettings;
  readonly #options: CircuitBreakerOptions;
  readonly #failures: FailureRecord;
  #state: State = { name: 'closed' };
  #openMs: number;

  constructor(settings: CircuitBreakerSettings, options: CircuitBreakerOptions) {
    this.#settings = settings;
    this.#options = options;
    this.#failures = new FailureRecord(settings, options.clock);
    this.#openMs = settings.openMs;
  }

  /** Whether a call would be rejected now. */
  isOpen(): boolean {
    return this.#waitMs() > 0;
  }

  /** @throws CircuitOpenError when a call would be rejected now. */
  check(): void {
    const waitMs = this.#waitMs();
    if (waitMs > 0) throw new CircuitOpenError(waitMs);
  }

  /** Makes the call and counts its outcome. @throws CircuitOpenError as `check` does; what `call` throws. */
  async run<T>(call: () => Promise<T>, origin: CallOrigin = {}): Promise<T> {
    this.check();
    if (this.#state.name !== 'closed') this.#state = { name: 'probing', since: this.#options.clock.now() };
    const state = this.#state;
    try {
      const result = await call();
      this.#record(state, 'success', origin);
      return result;
    } catch (error) {
      const verdict = this.#options.classify(error);
      const isCounted = origin.isUnverified !== true || verdict === 'failure';
      this.#record(state, isCounted ? verdict : 'ignored', origin, error);
      throw error;
    }
  }

  /** How long until a call may be made; 0: now. */
  #waitMs(): number {
    const now = this.#options.clock.now();
    const state = this.#state;
    if (state.name === 'closed') return 0;
    // A probe that hangs delays the next one no longer than an open circuit would.
    if (state.name === 'probing') return now - state.since < this.#settings.openMs ? PROBE_RETRY_AFTER_MS : 0;
    // A clock that is set back does not keep the circuit open for longer.
    if (state.until - now > this.#openMs) {
      this.#state = { name: 'open', until: now + this.#openMs };
      return this.#openMs;
    }
    return Math.max(0, state.until - now);
  }

  /** @param startedIn the state in which the call started; once that has changed, the outcome is outdated. */
  #record(startedIn: State, verdict: Verdict, origin: CallOrigin, error?: unknown): void {
    if (startedIn !== this.#state) return;
    const isProbe = startedIn.name === 'probing';
    if (verdict === 'success') {
      if (isProbe) this.#close();
      else this.#failures.addSuccess(origin);
      return;
    }
    const trips =
      (verdict === 'failure' && (isProbe || this.#failures.addFailure(origin))) ||
      (verdict === 'request-failure' && this.#failures.addRequestFailure(origin));
    if (trips) {
      if (isProbe) this.#openMs = Math.min(2 * this.#openMs, this.#settings.maxOpenMs);
      this.#state = { name: 'open', until: this.#options.clock.now() + this.#openMs };
      this.#failures.clear();
      this.#options.onChange?.(true, error);
    } else if (isProbe) {
      // Inconclusive: the next call may probe.
      this.#state = { name: 'open', until: this.#options.clock.now() };
    }
  }

  #close(): void {
    this.#state = { name: 'closed' };
    this.#openMs = this.#settings.openMs;
    this.#failures.clear();
    this.#options.onChange?.(false);
  }
}
