// A circuit breaker: whoever fails again and again is left alone for a while. Then one call probes; when that goes well
// everyone may call again, else the while is twice as long. Callers never wait here: who may not call is told at once.

import type { Clock } from '../clock.js';
import { createSlidingCounts } from './sliding-window.js';

export interface CircuitBreakerSettings {
  /** Opens after so many failures without a success between them… */
  readonly failuresInARow: number;
  /** …or when this part of the calls within `windowMs` failed, of `minCalls` calls or more. */
  readonly failureRatio: number;
  readonly minCalls: number;
  readonly windowMs: number;
  /** How long it stays open the first time; doubles with each probe that fails, up to `maxOpenMs`. */
  readonly openMs: number;
  readonly maxOpenMs: number;
}

/** What a failed call says about the one who was called; "nothing", for example, when the caller gave up. */
export type Verdict = 'failure' | 'success' | 'nothing';

export interface CircuitBreakerOptions extends CircuitBreakerSettings {
  readonly clock: Clock;
  readonly judge: (error: unknown) => Verdict;
  readonly onChange?: (isOpen: boolean) => void;
}

/** No call was made. */
export class CircuitOpenError extends Error {
  override readonly name = 'CircuitOpenError';
  /** Undefined while a probe is under way: it ends when it ends. */
  readonly retryAfterMs: number | undefined;

  constructor(retryAfterMs: number | undefined) {
    super('the circuit breaker is open');
    this.retryAfterMs = retryAfterMs;
  }
}

export interface CircuitBreaker {
  /** Whether no call may be made now. */
  isOpen(): boolean;
  /** @throws CircuitOpenError at once when no call may be made now. */
  check(): void;
  /** Makes the call, and learns from what becomes of it. @throws CircuitOpenError as `check` does; what `call` throws. */
  run<T>(call: () => Promise<T>): Promise<T>;
}

export function createCircuitBreaker(options: CircuitBreakerOptions): CircuitBreaker {
  const circuit = createCircuit(options);
  const check = (): void => {
    const waitMs = circuit.waitMs();
    if (waitMs !== 0) throw new CircuitOpenError(waitMs);
  };
  return {
    check,
    isOpen: () => circuit.waitMs() !== 0,
    async run(call) {
      check();
      const begunIn = circuit.begin();
      try {
        const result = await call();
        circuit.end('success', begunIn);
        return result;
      } catch (error) {
        circuit.end(options.judge(error), begunIn);
        throw error;
      }
    },
  };
}

/** Closed: calls pass. Open: none does until `until`. Probing: one call is under way, all others are told to wait. */
type State =
  | { readonly name: 'closed' }
  | { readonly name: 'open'; readonly until: number }
  | { readonly name: 'probing'; readonly since: number };

interface Circuit {
  /** How long to wait before a call may be made; 0: it may; undefined: until a probe has ended. */
  waitMs(): number | undefined;
  /** Begins a call that may be made. */
  begin(): State;
  /** `begunIn` is the state in which the call began: in another one it tells nothing new. */
  end(verdict: Verdict, begunIn: State): void;
}

function createCircuit({ clock, onChange, ...settings }: CircuitBreakerOptions): Circuit {
  const record = createRecord(settings, clock);
  let state: State = { name: 'closed' };
  let { openMs } = settings;

  const open = (): void => {
    state = { name: 'open', until: clock.now() + openMs };
    onChange?.(true);
  };
  const close = (): void => {
    state = { name: 'closed' };
    openMs = settings.openMs;
    record.clear();
    onChange?.(false);
  };
  return {
    waitMs() {
      if (state.name === 'closed') return 0;
      // A probe that hangs is no reason to wait for it any longer than for the first.
      if (state.name === 'probing') return clock.now() - state.since < settings.openMs ? undefined : 0;
      // A clock set back must not keep it open for longer than it may be.
      if (state.until - clock.now() > openMs) state = { name: 'open', until: clock.now() + openMs };
      return Math.max(0, state.until - clock.now());
    },
    begin() {
      if (state.name !== 'closed') state = { name: 'probing', since: clock.now() };
      return state;
    },
    end(verdict, begunIn) {
      if (begunIn !== state) return;
      const isProbe = begunIn.name === 'probing';
      // The question stays open then: the next call may probe.
      if (verdict === 'nothing' && isProbe) state = { name: 'open', until: clock.now() };
      if (verdict === 'nothing') return;
      record.add(verdict === 'failure');
      if (isProbe && verdict === 'success') close();
      else if (isProbe || (verdict === 'failure' && record.isBad())) {
        if (isProbe) openMs = Math.min(2 * openMs, settings.maxOpenMs);
        open();
      }
    },
  };
}

/** What became of the calls so far, as far as it decides whether there should be more. */
function createRecord(settings: CircuitBreakerSettings, clock: Clock) {
  const recent = createSlidingCounts<'call' | 'failure'>(clock, settings.windowMs);
  let failuresInARow = 0;
  return {
    add(isFailure: boolean): void {
      failuresInARow = isFailure ? failuresInARow + 1 : 0;
      recent.add('call');
      if (isFailure) recent.add('failure');
    },
    isBad(): boolean {
      if (failuresInARow >= settings.failuresInARow) return true;
      const calls = recent.count('call');
      return calls >= settings.minCalls && recent.count('failure') / calls >= settings.failureRatio;
    },
    clear(): void {
      failuresInARow = 0;
      recent.clear();
    },
  };
}
