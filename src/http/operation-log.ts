// One log line per operation: which request, which caller, which operation, how long it took, where its reports came from,
// and which error codes its response had. Never a variable, a header or a row.

import type { Logger } from 'pino';

import type { Clock } from '../clock.js';
import type { GraphQLRequest } from './graphql-request.js';

/** Writes the line of an operation that was answered with this status. */
export type LogOperation = (request: GraphQLRequest, status: number) => void;

/** @param samplePercent the share of successful operations that get a line. Errors and stale reports always get one. */
export function createOperationLog(logger: Logger, clock: Clock, samplePercent: number): LogOperation {
  const isSampled = createSampling(samplePercent);
  return (request, status) => {
    const { stats, errors } = request;
    if (stats === undefined && errors === undefined) return;
    const isStale = stats?.reports.some((report) => report.isStale) ?? false;
    if (errors === undefined && !isStale && status < 500 && !isSampled()) return;
    logger.info(toLogFields(request, status, clock.now() - request.startedAt), 'operation');
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

const MAX_NAME_LENGTH = 128;

function toLogFields(request: GraphQLRequest, status: number, durationMs: number) {
  const { id: requestId, traceId, callerName, operation, stats, errors, isResponseCacheHit } = request;
  const { cache, upstreamMs, faults = [] } = stats ?? {};
  return {
    requestId,
    traceId,
    caller: callerName,
    operationName: operation?.name?.slice(0, MAX_NAME_LENGTH) ?? null,
    status,
    durationMs,
    cache,
    upstreamMs,
    ...(faults.length > 0 && { staleFor: distinct(faults, 'code'), staleReasons: distinct(faults, 'reason') }),
    ...(isResponseCacheHit && { responseCacheHit: true }),
    ...(errors !== undefined && { errors: distinct(errors, 'code'), reasons: distinct(errors, 'reason') }),
    ...(request.http.hasLeft() && { clientClosed: true }),
  };
}

function distinct(errors: NonNullable<GraphQLRequest['errors']>, key: 'code' | 'reason'): string[] {
  return [...new Set(errors.flatMap((error) => error[key] ?? []))];
}
