// What is recorded of a request at its end: one log line per operation, and the outcome for metrics and traces. Never a
// variable, a header or a row.

import type { Level, Logger } from 'pino';

import type { Clock } from '../clock.js';
import { longestWaitMs } from '../loaders/load-stats.js';
import type { RequestOutcome } from '../telemetry/instrumentation.js';
import type { GraphQLRequest } from './graphql-request.js';

/** Writes the log line of an operation whose response has this status. */
export type LogOperation = (request: GraphQLRequest, status: number) => void;

/** @param samplePercent the share of successful operations that get a line. Errors and stale reports always get one. */
export function createOperationLog(logger: Logger, clock: Clock, samplePercent: number): LogOperation {
  const isSampled = createSampling(samplePercent);
  return (request, status) => {
    const { stats, errors } = request;
    if (stats === undefined && errors === undefined) return;
    const isStale = stats?.reports.some((report) => report.isStale) ?? false;
    if (errors === undefined && !isStale && status < 500 && !isSampled()) return;
    logger[levelOf(request)](toLogFields(request, status, clock.now()), 'operation');
  };
}

/** Evenly spaced: of 100 operations in a row exactly `percent` are sampled. */
function createSampling(percent: number): () => boolean {
  let due = 0;
  return () => {
    due += percent;
    if (due < 100) return false;
    due -= 100;
    return true;
  };
}

/** Faults of ScaleOps and stale reports are warnings; mistakes of callers are not. */
function levelOf({ errors = [], stats }: GraphQLRequest): Level {
  if (errors.some(({ code }) => code === 'INTERNAL_SERVER_ERROR')) return 'error';
  return errors.some(({ code }) => FAULT.test(code)) || (stats?.faults.length ?? 0) > 0 ? 'warn' : 'info';
}

const FAULT = /^(?:UPSTREAM_.+|CIRCUIT_OPEN|OVERLOADED|REQUEST_TIMEOUT)$/;
const MAX_NAME_LENGTH = 128;

function toLogFields(request: GraphQLRequest, status: number, nowMs: number) {
  const { id: requestId, startedAt, traceId, callerName, operation, stats, errors, isResponseCacheHit } = request;
  const { cache, faults = [] } = stats ?? {};
  return {
    requestId,
    traceId,
    caller: callerName,
    operationName: operation?.name?.slice(0, MAX_NAME_LENGTH) ?? null,
    status,
    durationMs: Math.max(0, nowMs - startedAt),
    cache,
    upstreamMs: stats && longestWaitMs(stats, nowMs),
    ...(faults.length > 0 && {
      staleErrorCodes: distinct(faults, 'code'),
      staleErrorReasons: distinct(faults, 'reason'),
    }),
    ...(isResponseCacheHit && { responseCacheHit: true }),
    ...(errors !== undefined && { errorCodes: distinct(errors, 'code'), errorReasons: distinct(errors, 'reason') }),
    ...(request.http.isDisconnected() && { clientClosed: true }),
  };
}

function distinct(errors: NonNullable<GraphQLRequest['errors']>, key: 'code' | 'reason'): string[] {
  return [...new Set(errors.flatMap((error) => error[key] ?? []))];
}

export function toOutcome(request: GraphQLRequest, status: number, nowMs: number): RequestOutcome {
  const { startedAt, errors = [], callerName, operation, result, isResponseCacheHit } = request;
  return {
    operation,
    result: request.http.isDisconnected() ? 'client_closed' : (result ?? (status < 400 ? 'ok' : 'error')),
    status,
    codes: [...new Set(errors.map(({ code }) => code))],
    // A clock may be set back.
    durationMs: Math.max(0, nowMs - startedAt),
    callerName,
    isResponseCacheHit,
  };
}
