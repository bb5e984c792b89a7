// Reads reports for one operation: charged to its budget, in steps that share the event loop, until the operation ends.

import type { Scheduler, SchedulerCaller } from '../concurrency/scheduler.js';
import type { Report } from '../report/report.js';
import type { Steps } from '../report/steps.js';
import type { OperationBudget } from './operation-budget.js';

/**
 * Runs a question over a report. Synchronous when it finishes within the time slice of this turn of the event loop.
 * @param passes how often it reads all rows of the report.
 * @throws GatewayError QUERY_TOO_COMPLEX before it reads anything, when the budget does not allow it.
 */
export type ReadReport = <T>(
  report: Pick<Report, 'scanCost'>,
  passes: number,
  read: () => T | Steps<T>,
) => T | Promise<T>;

/** @param operation throws once the deadline has passed or the client has left. */
export function createReadReport(
  scheduler: Scheduler,
  budget: OperationBudget,
  operation: SchedulerCaller,
): ReadReport {
  // Work that still waits for its slice ends with the operation that it is for.
  const caller: SchedulerCaller = {
    throwIfAborted() {
      if (budget.exceeded !== undefined) throw budget.exceeded;
      operation.throwIfAborted();
    },
  };
  return (report, passes, read) => {
    budget.chargeReading(passes * report.scanCost);
    return scheduler.run(toSteps(read), caller);
  };
}

/** A question that is answered in steps or, where it is short, with a plain value. */
export function* toSteps<T>(read: () => T | Steps<T>): Steps<T> {
  const started = read();
  return isSteps(started) ? yield* started : started;
}

function isSteps<T>(value: T | Steps<T>): value is Steps<T> {
  return typeof value === 'object' && value !== null && 'next' in value && Symbol.iterator in value;
}
