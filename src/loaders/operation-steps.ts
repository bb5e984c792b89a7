// Runs long work of one operation: in steps that share the event loop, until the operation ends.

import type { Scheduler } from '../concurrency/scheduler.js';
import type { Report } from '../report/report.js';
import type { Steps } from '../report/steps.js';
import type { OperationBudget } from './operation-budget.js';

/** Synchronous when it finishes within the time slice of this turn of the event loop. */
export type RunSteps = <T>(steps: Steps<T>) => T | Promise<T>;

/** How often a query over a report reads its rows, and how often the labels of its rows. */
interface ReadCounts {
  readonly rows: number;
  readonly labels?: number;
}

/**
 * Runs a query over a report, charged to the budget of the operation.
 * @throws GatewayError QUERY_TOO_COMPLEX before it reads anything, when the budget does not allow it.
 */
export type RunReportQuery = <T>(
  report: Pick<Report, 'scanCost' | 'labelScanCost'>,
  counts: ReadCounts,
  query: Steps<T>,
) => T | Promise<T>;

/** The long work of one operation. */
export interface OperationSteps {
  readonly run: RunSteps;
  readonly runReportQuery: RunReportQuery;
  /** Calls the function in a later turn of the event loop, when no steps are left to run. */
  readonly whenIdle: (task: () => void) => void;
}

/** @param operation throws once the deadline has passed or the client has disconnected. */
export function createOperationSteps(
  scheduler: Scheduler,
  budget: OperationBudget,
  operation: Pick<AbortSignal, 'throwIfAborted'>,
): OperationSteps {
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
  const run: RunSteps = (steps) => {
    const result = scheduler.run(steps, caller);
    if (result instanceof Promise) {
      running += 1;
      result.then(settle, settle);
    }
    return result;
  };
  const whenIdle = (task: () => void): void => {
    setImmediate(() => {
      if (running > 0) whenIdle(task);
      else task();
    });
  };
  return {
    run,
    whenIdle,
    runReportQuery: (report, { rows, labels = 0 }, query) => {
      budget.chargeReading(rows * report.scanCost + (labels > 0 ? labels * report.labelScanCost : 0));
      return run(query);
    },
  };
}
