// A gateway on the simulator whose reports age on a clock that the test moves; ScaleOps can be down, or held at a gate.

import { createGate, type Gate } from './time/gate.js';
import { startStack, type GraphqlResponse, type TestStack } from './gateway.js';
import { createIdleClock, type IdleClock } from './time/idle-clock.js';

/** The start of the clock. */
export const START_MS = Date.UTC(2026, 0, 31);
export const DAY_MS = 86_400_000;

export const WORKLOADS = '{ workloadCosts { asOf isStale } }';
/** Another report. */
export const AGGREGATED = '{ aggregatedCosts { asOf isStale } }';
/** A report about a window that ended this long before the start. */
export function aggregatedUntil(beforeStartMs: number): string {
  const [from, to] = [START_MS - beforeStartMs - DAY_MS, START_MS - beforeStartMs].map((ms) =>
    new Date(ms).toISOString(),
  );
  return `{ aggregatedCosts(filter: { timeRange: { between: { from: "${from}", to: "${to}" } } }) { asOf isStale } }`;
}

/** The time `ms` after the start, in the format of the API. */
export function at(ms: number): string {
  return new Date(START_MS + ms).toISOString();
}

export const NO_CACHE: RequestInit = { headers: { 'cache-control': 'no-cache' } };

export interface AgingStack extends TestStack {
  readonly clock: IdleClock;
  /** Later requests to the simulator fail with 500, or succeed. */
  setDown(isDown: boolean): void;
  /** Later responses of the simulator wait at the returned gate until it opens. */
  hold(): Gate;
  /** The nonzero counts in the last operation's log line. */
  lastCounts(): Record<string, number>;
}

/** One attempt per report, so that a test counts reports, and no circuit breaker unless `env` enables it. */
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

/** The freshness of the only report in a response; the error code when there is none. */
export function shown({
  data,
  errors,
}: GraphqlResponse): { readonly asOf: string; readonly isStale: boolean } | string {
  const [report] = Object.values((data ?? {}) as Record<string, { asOf: string; isStale: boolean } | null>);
  return report ?? errors[0]?.extensions.code ?? 'nothing';
}
