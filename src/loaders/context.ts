// The context of one operation, as its resolvers get it: the caller's permissions, loaders, budget.

import { Deadline } from '../concurrency/deadline.js';
import type { Permissions } from '../report/permissions/permissions.js';
import { createLoadStats, type LoadStats } from './load-stats.js';
import { createMemoize, type Memoize } from './memoize.js';
import { OperationBudget } from './operation-budget.js';
import { createLoaders, type Loaders } from './operation-loaders.js';
import { createOperationRunner, type RunReportQuery, type RunComputation } from './operation-runner.js';
import type { Caller, RequestServices } from './request-services.js';

/** Decides which window a relative period means, and whether it is over. */
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
  readonly runComputation: RunComputation;
  readonly acquireLargeResponseSlot: () => Promise<void>;
  /** The time left for the operation. */
  readonly remainingMs: () => number;
  /** A deadline within that of the operation; the caller ends it. */
  readonly startDeadline: (timeoutMs: number, toError: () => Error) => Deadline;
  /** Whether a resolver may return a SerializedList. The executor sets it. */
  serializesLists: boolean;
  readonly multiClusterByDefault: boolean;
  readonly windowClock: WindowClock;
  readonly maxPageRows: number | undefined;
  /** Intervals of one time series. */
  readonly maxIntervals: number;
  /** Reports contain only what these allow; a filter that names anything else is FORBIDDEN. */
  readonly permissions: Permissions | undefined;
}

export function createContext(services: RequestServices, caller: Caller): GatewayContext {
  const { permissions, acquireLargeResponseSlot = () => Promise.resolve() } = caller;
  const { clock, settledAfterMs } = services.windows;
  let nowMs: number | undefined;
  const stats = createLoadStats();
  const budget = new OperationBudget(services.limits);
  const runner = createOperationRunner(services.scheduler, budget, {
    // The signal starts the deadline's timer, so it is read only when work has to wait.
    throwIfAborted: () => {
      caller.signal.throwIfAborted();
    },
  });
  return {
    loaders: createLoaders(services, { caller, stats, budget, runner }),
    stats,
    budget,
    memoize: createMemoize(),
    runReportQuery: runner.runReportQuery,
    runComputation: runner.run,
    acquireLargeResponseSlot,
    serializesLists: false,
    // Permissions for some clusters mean those clusters, as if the filter had named them.
    multiClusterByDefault: services.multiClusterByDefault || permissions?.clusters !== undefined,
    windowClock: { nowMs: () => (nowMs ??= clock.now()), settledAfterMs },
    maxPageRows: services.maxPageRows,
    maxIntervals: services.maxIntervals,
    remainingMs: () => caller.remainingMs?.() ?? Infinity,
    startDeadline: (timeoutMs, toError) => new Deadline(clock, timeoutMs, { caller, toError }),
    permissions,
  };
}
