// A gateway on the simulator whose reports age as a test wants: the clock stands still, ScaleOps can be down, and can be
// made to wait.

import { createGate, type Gate } from './gate.js';
import { startStack, type Answer, type TestStack } from './gateway.js';
import { createIdleClock, type IdleClock } from './idle-clock.js';

/** Where the clock begins. */
export const START_MS = Date.UTC(2026, 0, 31);
export const DAY_MS = 86_400_000;

export const WORKLOADS = '{ workloadCosts { asOf isStale } }';
/** Another report. */
export const AGGREGATED = '{ aggregatedCosts { asOf isStale } }';
/** A report about a time that ended so long before the start. */
export function aggregatedUntil(beforeStartMs: number): string {
  const [from, to] = [START_MS - beforeStartMs - DAY_MS, START_MS - beforeStartMs].map((ms) =>
    new Date(ms).toISOString(),
  );
  return `{ aggregatedCosts(filter: { timeRange: { between: { from: "${from}", to: "${to}" } } }) { asOf isStale } }`;
}

/** A moment after the start, as the API writes it. */
export function at(ms: number): string {
  return new Date(START_MS + ms).toISOString();
}

export const NO_CACHE: RequestInit = { headers: { 'cache-control': 'no-cache' } };

export interface AgingStack extends TestStack {
  readonly clock: IdleClock;
  /** From now on the simulator answers with 500, or as it should. */
  setDown(isDown: boolean): void;
  /** From now on the simulator's answers wait at the gate that this gives, until that is opened. */
  hold(): Gate;
  /** The counts of the last operation's log line, those that are not 0. */
  lastCounts(): Record<string, number>;
}

/** One attempt a report, so that a test counts reports, and no circuit breaker unless `env` says so. */
export async function startAging(env: Record<string, string> = {}): Promise<AgingStack> {
  const clock = createIdleClock(START_MS);
  let isDown = false;
  let gate: Gate | undefined;
  const stack = await startStack({
    clock,
    env: {
      SCALEOPS_MAX_ATTEMPTS: '1',
      SCALEOPS_BREAKER_FAILURES: '1000',
      SCALEOPS_BREAKER_MIN_CALLS: '10000',
      ...env,
    },
    simulator: {
      now: clock.now,
      async latency() {
        await gate?.pass();
        if (isDown) throw new Error('down');
      },
    },
  });
  return {
    ...stack,
    clock,
    setDown: (value) => {
      isDown = value;
    },
    hold: () => (gate = createGate()),
    lastCounts: () => {
      const counts = stack.log.findLast(({ msg }) => msg === 'operation')?.cache ?? {};
      return Object.fromEntries(Object.entries(counts as Record<string, number>).filter(([, count]) => count > 0));
    },
  };
}

/** What an answer says of its only report; a fault's code where there is none. */
export function shown({ data, errors }: Answer): { readonly asOf: string; readonly isStale: boolean } | string {
  const [report] = Object.values((data ?? {}) as Record<string, { asOf: string; isStale: boolean } | null>);
  return report ?? errors[0]?.extensions.code ?? 'nothing';
}
