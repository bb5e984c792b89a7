// Metrics of operations: rate, errors, duration.

import { Gauge, Histogram, type Registry } from 'prom-client';

import { ERROR_CODES } from '../errors.js';
import { createCounter } from './counter.js';
import { ANONYMOUS, createNameOf, OTHER, type Instruments, type RequestOutcome } from './instrumentation.js';

/** In seconds: from a cached report to the deadline of an uncached one. */
export const DURATION_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

const RESULTS: readonly RequestOutcome['result'][] = ['ok', 'partial', 'error', 'client_closed'];
/** The codes of requests that are not executed. */
const REJECTION_CODES = Object.entries(ERROR_CODES).flatMap(([code, facts]) => ('status' in facts ? [code] : []));

/** @param listed the operation names that are shown. */
export function createOperationMetrics(registry: Registry, listed: readonly string[]): Pick<Instruments, 'begin'> {
  const nameOf = createNameOf(listed);
  const { inFlight, operations, durations, ...counters } = defineMetrics(registry, [...listed, OTHER, ANONYMOUS]);
  const count = ({ operation, result, codes, durationMs, isResponseCacheHit }: RequestOutcome): void => {
    for (const code of codes) counters.errors.inc({ code });
    if (isResponseCacheHit) counters.responseCacheHits.inc();
    if (operation === undefined) {
      for (const code of codes) counters.rejected.inc({ code });
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

function defineMetrics(registry: Registry, names: readonly string[]) {
  return {
    operations: createCounter(
      registry,
      'gateway_operations_total',
      'Operations by outcome: ok, partial (data and errors), error (no data), client_closed (before the response).',
      { operation: names, outcome: RESULTS },
    ),
    durations: new Histogram({
      name: 'gateway_operation_duration_seconds',
      help: 'Time from the arrival of a request to its response.',
      labelNames: ['operation'],
      buckets: DURATION_BUCKETS,
      registers: [registry],
    }),
    inFlight: new Gauge({
      name: 'gateway_operations_in_flight',
      help: 'Operations in execution.',
      registers: [registry],
    }),
    errors: createCounter(registry, 'gateway_errors_total', 'Responses with at least one error of this code.', {
      code: Object.keys(ERROR_CODES),
    }),
    rejected: createCounter(
      registry,
      'gateway_requests_rejected_total',
      'Requests that were rejected before execution, by error code.',
      { code: REJECTION_CODES },
    ),
    responseCacheHits: createCounter(
      registry,
      'gateway_response_cache_hits_total',
      'Operations that were answered from the cache of responses.',
      {},
    ),
  };
}
