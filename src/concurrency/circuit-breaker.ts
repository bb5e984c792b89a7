// A circuit breaker: after repeated failures no call is made for a while. Then one call at a time probes; a success closes
// the circuit, a failure opens it for twice as long. Nobody waits here: a call that may not be made is rejected at once.

import type { Clock } from '../clock.js';
import { createFailureRecord, type CallOrigin, type FailureThresholds } from './failure-record.js';

export interface CircuitBreakerSettings extends FailureThresholds {
  /** How long the circuit stays open the first time; doubles with each failed probe, up to `maxOpenMs`. */
  readonly openMs: number;
  readonly maxOpenMs: number;
}

/** What a failed call says about the host; see `failure-record.ts` for how each is counted. */
export type Verdict = 'failure' | 'request-failure' | 'success' | 'ignored';

export interface CircuitBreakerOptions extends CircuitBreakerSettings {
  readonly clock: Clock;
  readonly classify: (error: unknown) => Verdict;
  readonly onChange?: (isOpen: boolean) => void;
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

export interface CircuitBreaker {
  /** Whether a call would be rejected now. */
  isOpen(): boolean;
  /** @throws CircuitOpenError when a call would be rejected now. */
  check(): void;
  /** Makes the call and counts its outcome. @throws CircuitOpenError as `check` does; what `call` throws. */
  run<T>(call: () => Promise<T>, origin?: CallOrigin): Promise<T>;
}

/** While a probe is under way it is not known when it ends; a call usually has by then. */
const PROBE_RETRY_AFTER_MS = 1_000;

export function createCircuitBreaker(options: CircuitBreakerOptions): CircuitBreaker {
  const circuit = createCircuit(options);
  const check = (): void => {
    const waitMs = circuit.waitMs();
    if (waitMs > 0) throw new CircuitOpenError(waitMs);
  };
  return {
    check,
    isOpen: () => circuit.waitMs() > 0,
    async run(call, origin = {}) {
      check();
      const startedIn = circuit.start();
      try {
        const result = await call();
        circuit.end('success', startedIn, origin);
        return result;
      } catch (error) {
        const verdict = options.classify(error);
        circuit.end(origin.isUnknown === true && verdict !== 'failure' ? 'ignored' : verdict, startedIn, origin);
        throw error;
      }
    },
  };
}

/** Closed: calls pass. Open: none does before `until`. Probing: one call is under way, all others are rejected. */
type State =
  | { readonly name: 'closed' }
  | { readonly name: 'open'; readonly until: number }
  | { readonly name: 'probing'; readonly since: number };

interface Circuit {
  /** How long until a call may be made; 0: now. */
  waitMs(): number;
  /** Starts a call that may be made. */
  start(): State;
  /** @param startedIn the state in which the call started; in a later one its outcome is outdated. */
  end(verdict: Verdict, startedIn: State, origin: CallOrigin): void;
}

function createCircuit({ clock, onChange, ...settings }: CircuitBreakerOptions): Circuit {
  const record = createFailureRecord(settings, clock);
  let state: State = { name: 'closed' };
  let { openMs } = settings;

  const open = (): void => {
    state = { name: 'open', until: clock.now() + openMs };
    record.clear();
    onChange?.(true);
  };
  const close = (): void => {
    state = { name: 'closed' };
    openMs = settings.openMs;
    record.clear();
    onChange?.(false);
  };
  const endProbe = (verdict: Verdict, origin: CallOrigin): void => {
    if (verdict === 'success') {
      close();
      return;
    }
    if (verdict === 'failure' || (verdict === 'request-failure' && record.addRequestFailure(origin))) {
      openMs = Math.min(2 * openMs, settings.maxOpenMs);
      open();
      return;
    }
    // Inconclusive: the next call may probe.
    state = { name: 'open', until: clock.now() };
  };
  return {
    waitMs() {
      if (state.name === 'closed') return 0;
      if (state.name === 'probing') {
        // A probe that hangs holds up the next one no longer than an open circuit would.
        return clock.now() - state.since < settings.openMs ? PROBE_RETRY_AFTER_MS : 0;
      }
      // A clock that is set back does not keep the circuit open for longer.
      if (state.until - clock.now() > openMs) state = { name: 'open', until: clock.now() + openMs };
      return Math.max(0, state.until - clock.now());
    },
    start() {
      if (state.name !== 'closed') state = { name: 'probing', since: clock.now() };
      return state;
    },
    end(verdict, startedIn, origin) {
      if (startedIn !== state) return;
      if (state.name === 'probing') endProbe(verdict, origin);
      else if (verdict === 'success') record.addSuccess(origin);
      else if (
        verdict === 'failure'
          ? record.addFailure(origin)
          : verdict === 'request-failure' && record.addRequestFailure(origin)
      )
        open();
    },
  };
}
