// Metrics of operations: rate, errors, duration.

import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

import { ERROR_CODES } from '../errors.js';
import type { Instruments, RequestOutcome } from './instrumentation.js';
import { ANONYMOUS, OTHER, type NameOf } from './operation-names.js';

/** In seconds: from a cached report to the deadline of an uncached one. */
export const DURATION_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

const RESULTS: readonly RequestOutcome['result'][] = ['ok', 'partial', 'error', 'client_closed'];

function defineMetrics(registry: Registry) {
  const registers = [registry];
  const operations = new Counter({
    name: 'gateway_operations_total',
    help: 'Operations by outcome: ok, partial (data and errors), error (no data), client_closed (before the response).',
    labelNames: ['operation', 'outcome'],
    registers,
  });
  const durations = new Histogram({
    name: 'gateway_operation_duration_seconds',
    help: 'Time from the arrival of a request to its response.',
    labelNames: ['operation'],
    buckets: DURATION_BUCKETS,
    registers,
  });
  const inFlight = new Gauge({
    name: 'gateway_operations_in_flight',
    help: 'Operations in execution.',
    registers,
  });
  const errors = new Counter({
    name: 'gateway_errors_total',
    help: 'Responses with at least one error of this code.',
    labelNames: ['code'],
    registers,
  });
  const rejected = new Counter({
    name: 'gateway_requests_rejected_total',
    help: 'Requests that were rejected before execution, by error code.',
    labelNames: ['code'],
    registers,
  });
  const responseCacheHits = new Counter({
    name: 'gateway_response_cache_hits_total',
    help: 'Operations that were answered from the cache of responses.',
    registers,
  });
  return { operations, durations, inFlight, errors, rejected, responseCacheHits };
}

/** A series that starts with its first event has no rate at that moment. */
function startAtZero(
  { operations, errors, rejected }: ReturnType<typeof defineMetrics>,
  names: readonly string[],
): void {
  for (const [code, facts] of Object.entries(ERROR_CODES)) {
    errors.inc({ code }, 0);
    if ('status' in facts) rejected.inc({ code }, 0);
  }
  for (const operation of names) for (const outcome of RESULTS) operations.inc({ operation, outcome }, 0);
}

/** @param listed the names of operations that are shown. */
export function createOperationMetrics(
  registry: Registry,
  nameOf: NameOf,
  listed: readonly string[],
): Pick<Instruments, 'begin'> {
  const metrics = defineMetrics(registry);
  startAtZero(metrics, [...listed, OTHER, ANONYMOUS]);
  const { operations, durations, inFlight, errors, rejected, responseCacheHits } = metrics;
  const count = ({ operation, result, codes, durationMs, isResponseCacheHit }: RequestOutcome): void => {
    for (const code of codes) errors.inc({ code });
    if (isResponseCacheHit) responseCacheHits.inc();
    if (operation === undefined) {
      for (const code of codes) rejected.inc({ code });
      return;
    }
    const name = nameOf(operation.name);
    operations.inc({ operation: name, outcome: result });
    durations.observe({ operation: name }, durationMs / 1000);
  };
  return {
    begin() {
      let isExecuted = false;
      return {
        execute(run) {
          isExecuted = true;
          inFlight.inc();
          return run();
        },
        end(outcome) {
          if (isExecuted) inFlight.dec();
          count(outcome);
        },
      };
    },
  };
}
