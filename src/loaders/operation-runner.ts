// Runs the computations of one operation: they share the event loop, and end with the operation.

import type { Scheduler } from '../concurrency/scheduler.js';
import type { Report } from '../report/report.js';
import type { Computation } from '../report/computation.js';
import type { OperationBudget } from './operation-budget.js';

/** Synchronous when it finishes within the time slice of this turn of the event loop. */
export type RunComputation = <T>(computation: Computation<T>) => T | Promise<T>;

/**
 * Runs a query over a report, charged to the budget: `passes` counts how often it reads the rows, and their labels.
 * @throws GatewayError QUERY_TOO_COMPLEX before it reads anything, when the budget does not allow it.
 */
export type RunReportQuery = <T>(
  report: Pick<Report, 'scanCost' | 'labelScanCost'>,
  passes: { readonly rows: number; readonly labels?: number },
  query: Computation<T>,
) => T | Promise<T>;

export type OperationRunner = ReturnType<typeof createOperationRunner>;

/** @param operation throws once the deadline has passed or the client has disconnected. */
export function createOperationRunner(
  scheduler: Scheduler,
  budget: OperationBudget,
  operation: Pick<AbortSignal, 'throwIfAborted'>,
) {
  const caller = {
    throwIfAborted(): void {
      if (budget.exceeded !== undefined) throw budget.exceeded;
      operation.throwIfAborted();
    },
  };
  let running = 0;
  const settle = (): void => {
    running -= 1;
  };
  const run: RunComputation = (computation) => {
    const result = scheduler.run(computation, caller);
    if (result instanceof Promise) {
      running += 1;
      result.then(settle, settle);
    }
    return result;
  };
  /** Calls the function in a later turn of the event loop, when no computation is running. */
  const whenIdle = (task: () => void): void => {
    setImmediate(() => {
      if (running > 0) whenIdle(task);
      else task();
    });
  };
  const runReportQuery: RunReportQuery = (report, { rows, labels = 0 }, query) => {
    budget.chargeScan(rows * report.scanCost + (labels > 0 ? labels * report.labelScanCost : 0));
    return run(query);
  };
  return { run, runReportQuery, whenIdle };
}
