// What the resolvers of one operation see: the caller's permissions, loaders and a budget that live as long as the
// operation.

import type { Permissions } from '../report/permissions/permissions.js';
import { createLoadStats, type LoadStats } from './load-stats.js';
import { createMemoize, type Memoize } from './memoize.js';
import { OperationBudget } from './operation-budget.js';
import { createLoaders, type Loaders } from './operation-loaders.js';
import { createReadReport, type ReadReport } from './read-report.js';
import type { Caller, RequestServices } from './request-services.js';

export interface GatewayContext {
  readonly loaders: Loaders;
  readonly stats: LoadStats;
  readonly budget: OperationBudget;
  readonly memoize: Memoize;
  readonly readReport: ReadReport;
  readonly acquireLargeResponseSlot: () => Promise<void>;
  /** Whether a resolver may return a SerializedList. The executor sets it. */
  serializesLists: boolean;
  readonly multiClusterByDefault: boolean;
  readonly maxPageRows: number | undefined;
  /** Reports contain only what these allow; naming anything else explicitly is FORBIDDEN. */
  readonly permissions: Permissions | undefined;
}

export function createContext(services: RequestServices, caller: Caller): GatewayContext {
  const { permissions, acquireLargeResponseSlot = () => Promise.resolve() } = caller;
  const stats = createLoadStats();
  const budget = new OperationBudget(services.limits);
  const readReport = createReadReport(services.scheduler, budget, {
    // The signal starts the deadline's timer, so it is read only when work has to wait.
    throwIfAborted: () => {
      caller.signal.throwIfAborted();
    },
  });
  return {
    loaders: createLoaders({ services, caller, stats, budget, readReport }),
    stats,
    budget,
    memoize: createMemoize(),
    readReport,
    acquireLargeResponseSlot,
    serializesLists: false,
    // Permissions for some clusters mean those clusters, as if the filter had named them.
    multiClusterByDefault: services.multiClusterByDefault || permissions?.clusters !== undefined,
    maxPageRows: services.maxPageRows,
    permissions,
  };
}
