// What the resolvers of one operation see: the caller's permissions, loaders and a budget that live as long as the
// operation.

import { Deadline } from '../concurrency/deadline.js';
import type { Permissions } from '../report/permissions/permissions.js';
import { createLoadStats, type LoadStats } from './load-stats.js';
import { createMemoize, type Memoize } from './memoize.js';
import { OperationBudget } from './operation-budget.js';
import { createLoaders, type Loaders } from './operation-loaders.js';
import { createOperationSteps, createRunReportQuery, type RunReportQuery, type RunSteps } from './operation-steps.js';
import type { Caller, RequestServices } from './request-services.js';

/** What tells which window is meant, and whether it is over. */
export interface WindowClock {
  /** The time of the operation, in milliseconds since the Unix epoch: the same for all of its fields. */
  readonly nowMs: () => number;
  /** How long after its end ScaleOps corrects the costs of a window. */
  readonly settledAfterMs: number;
}

export interface GatewayContext {
  readonly loaders: Loaders;
  readonly stats: LoadStats;
  readonly budget: OperationBudget;
  readonly memoize: Memoize;
  readonly runReportQuery: RunReportQuery;
  /** Runs other long work of the operation. */
  readonly runSteps: RunSteps;
  readonly acquireLargeResponseSlot: () => Promise<void>;
  /** What is left of the operation's time, in milliseconds. */
  readonly remainingMs: () => number;
  /** A deadline within that of the operation; the caller ends it. */
  readonly startDeadline: (timeoutMs: number, toError: () => Error) => Deadline;
  /** Whether a resolver may return a SerializedList. The executor sets it. */
  serializesLists: boolean;
  readonly multiClusterByDefault: boolean;
  readonly windows: WindowClock;
  readonly maxPageRows: number | undefined;
  /** Intervals of one time series. */
  readonly maxIntervals: number;
  /** Reports contain only what these allow; naming anything else explicitly is FORBIDDEN. */
  readonly permissions: Permissions | undefined;
}

export function createContext(services: RequestServices, caller: Caller): GatewayContext {
  const { permissions, acquireLargeResponseSlot = () => Promise.resolve() } = caller;
  const stats = createLoadStats();
  const budget = new OperationBudget(services.limits);
  const steps = createOperationSteps(services.scheduler, budget, {
    // The signal starts the deadline's timer, so it is read only when work has to wait.
    throwIfAborted: () => {
      caller.signal.throwIfAborted();
    },
  });
  const runReportQuery = createRunReportQuery(steps.run, budget);
  return {
    loaders: createLoaders(services, { caller, stats, budget, runReportQuery, whenIdle: steps.whenIdle }),
    stats,
    budget,
    memoize: createMemoize(),
    runReportQuery,
    runSteps: steps.run,
    acquireLargeResponseSlot,
    serializesLists: false,
    // Permissions for some clusters mean those clusters, as if the filter had named them.
    multiClusterByDefault: services.multiClusterByDefault || permissions?.clusters !== undefined,
    windows: createWindowClock(services.windows),
    maxPageRows: services.maxPageRows,
    maxIntervals: services.maxIntervals,
    remainingMs: () => caller.remainingMs?.() ?? Infinity,
    startDeadline: (timeoutMs, toError) => new Deadline(services.windows.clock, timeoutMs, { caller, toError }),
    permissions,
  };
}

function createWindowClock({ clock, settledAfterMs }: RequestServices['windows']): WindowClock {
  let now: number | undefined;
  return { nowMs: () => (now ??= clock.now()), settledAfterMs };
}
