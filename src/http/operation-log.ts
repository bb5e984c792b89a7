// One log line per operation: which request, which caller, which operation, how long it took, where its reports came from,
// and which error codes its response had. Never a variable, a header or a row.

import type { Logger } from 'pino';

import type { GraphQLRequest } from './graphql-request.js';
import { operationLogFields } from './response/log-fields.js';

export interface OperationLogOptions {
  readonly logger: Logger;
  readonly now: () => number;
  /** The share of successful operations that get a line, in percent. Errors and stale reports always get one. */
  readonly samplePercent: number;
}

/** Writes the line of an operation that was answered with this status. */
export type LogOperation = (request: GraphQLRequest, status: number) => void;

export function createOperationLog({ logger, now, samplePercent }: OperationLogOptions): LogOperation {
  const isSampled = createSampling(samplePercent);
  return (request, status) => {
    const { stats, errors } = request;
    if (stats === undefined && errors === undefined) return;
    const isStale = stats?.reports.some((report) => report.isStale) ?? false;
    if (errors === undefined && !isStale && status < 500 && !isSampled()) return;
    const answered = { status, durationMs: now() - request.startedAt, clientClosed: request.http.hasLeft() };
    logger.info(operationLogFields(request, answered), 'operation');
  };
}

/** Evenly and without chance: of 100 operations in a row exactly `percent` are sampled. */
function createSampling(percent: number): () => boolean {
  let due = 0;
  return () => {
    due += percent;
    if (due < 100) return false;
    due -= 100;
    return true;
  };
}
