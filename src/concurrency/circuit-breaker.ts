// A circuit breaker: after repeated failures no call is made for a while. Then one call at a time probes; a success closes
// the circuit, a failure opens it for twice as long. Nobody waits here: a call that may not be made is rejected at once.

import type { Clock } from '../clock.js';
import { FailureRecord, type CallOrigin, type FailureThresholds } from './failure-record.js';

export interface CircuitBreakerSettings extends FailureThresholds {
  /** How long the circuit stays open the first time; doubles with each failed probe, up to `maxOpenMs`. */
  readonly openMs: number;
  readonly maxOpenMs: number;
}

/** What a failed call says about the host; see `failure-record.ts` for how each is counted. */
export type Verdict = 'failure' | 'request-failure' | 'success' | 'ignored';

interface CircuitBreakerOptions {
  readonly clock: Clock;
  readonly classify: (error: unknown) => Verdict;
  /** `error` is the last failure of the calls that open it. */
  readonly onChange?: (isOpen: boolean, error?: unknown) => void;
}

/** No call was made. */
export class CircuitOpenError extends Error {
  override readonly name = 'CircuitOpenError';
  readonly retryAfterMs: number;

  constructor(retryAfterMs: number) {
    super('the circuit breaker is open');
    this.retryAfterMs = retryAfterMs;
  }
}

/** While a probe is under way it is not known when it ends; a call usually has by then. */
const PROBE_RETRY_AFTER_MS = 1_000;

/** Closed: calls pass. Open: none does before `until`. Probing: one call is under way, all others are rejected. */
type State =
  | { readonly name: 'closed' }
  | { readonly name: 'open'; readonly until: number }
  | { readonly name: 'probing'; readonly since: number };

/** What came of a call. */
interface Outcome {
  readonly verdict: Verdict;
  /** The state in which the call started; in a later one its outcome is outdated. */
  readonly startedIn: State;
  readonly origin: CallOrigin;
  readonly error?: unknown;
}

export class CircuitBreaker {
  readonly #settings: CircuitBreakerSettings;
  readonly #options: CircuitBreakerOptions;
  readonly #record: FailureRecord;
  #state: State = { name: 'closed' };
  #openMs: number;

  constructor(settings: CircuitBreakerSettings, options: CircuitBreakerOptions) {
    this.#settings = settings;
    this.#options = options;
    this.#record = new FailureRecord(settings, options.clock);
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
    const startedIn = this.#state;
    try {
      const result = await call();
      this.#end({ verdict: 'success', startedIn, origin });
      return result;
    } catch (error) {
      const verdict = this.#options.classify(error);
      const isCounted = origin.isUnknown !== true || verdict === 'failure';
      this.#end({ verdict: isCounted ? verdict : 'ignored', startedIn, origin, error });
      throw error;
    }
  }

  /** How long until a call may be made; 0: now. */
  #waitMs(): number {
    const now = this.#options.clock.now();
    const state = this.#state;
    if (state.name === 'closed') return 0;
    // A probe that hangs holds up the next one no longer than an open circuit would.
    if (state.name === 'probing') return now - state.since < this.#settings.openMs ? PROBE_RETRY_AFTER_MS : 0;
    // A clock that is set back does not keep the circuit open for longer.
    if (state.until - now > this.#openMs) {
      this.#state = { name: 'open', until: now + this.#openMs };
      return this.#openMs;
    }
    return Math.max(0, state.until - now);
  }

  #end(outcome: Outcome): void {
    const { verdict, startedIn, origin, error } = outcome;
    if (startedIn !== this.#state) return;
    if (this.#state.name === 'probing') this.#endProbe(outcome);
    else if (verdict === 'success') this.#record.addSuccess(origin);
    else if (verdict === 'failure' && this.#record.addFailure(origin)) this.#open(error);
    else if (verdict === 'request-failure' && this.#record.addRequestFailure(origin)) this.#open(error);
  }

  #endProbe({ verdict, origin, error }: Outcome): void {
    if (verdict === 'success') this.#close();
    else if (verdict === 'failure' || (verdict === 'request-failure' && this.#record.addRequestFailure(origin))) {
      this.#openMs = Math.min(2 * this.#openMs, this.#settings.maxOpenMs);
      this.#open(error);
    } else {
      // Inconclusive: the next call may probe.
      this.#state = { name: 'open', until: this.#options.clock.now() };
    }
  }

  #open(error: unknown): void {
    this.#state = { name: 'open', until: this.#options.clock.now() + this.#openMs };
    this.#record.clear();
    this.#options.onChange?.(true, error);
  }

  #close(): void {
    this.#state = { name: 'closed' };
    this.#openMs = this.#settings.openMs;
    this.#record.clear();
    this.#options.onChange?.(false);
  }
}
