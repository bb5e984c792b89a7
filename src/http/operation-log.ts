// One log line per operation: which request, which caller, which operation, how long it took, where its reports came from,
// and which error codes its response had. Never a variable, a header or a row.

import type { GatewayLogger } from '../telemetry/logger.js';
import type { GraphQLRequest } from './graphql-request.js';
import { toOperationFields } from './response/log-fields.js';

const MESSAGE = 'operation';

export interface OperationLogOptions {
  readonly logger: GatewayLogger;
  readonly now: () => number;
  /** The share of successful operations that get a line, in percent. Errors and stale reports always get one. */
  readonly samplePercent: number;
}

/** Writes the line of an operation that was answered with this status. */
export type LogOperation = (request: GraphQLRequest, status: number) => void;

export function createOperationLog({ logger, now, samplePercent }: OperationLogOptions): LogOperation {
  const isSampled = createSampling(samplePercent);
  return (request, status) => {
    const { operation, errors } = request;
    if (operation === undefined && errors === undefined) return;
    const isStale = operation?.stats.reports.some((report) => report.isStale) ?? false;
    if (errors === undefined && !isStale && status < 500 && !isSampled()) return;
    const answered = { status, durationMs: now() - request.startedAt, clientLeft: request.http.hasLeft() };
    const toFields = (): string => toOperationFields(request, answered);
    if (logger.infoFields === undefined) logger.info(JSON.parse(`{${toFields()}}`), MESSAGE);
    else logger.infoFields(toFields, MESSAGE);
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
