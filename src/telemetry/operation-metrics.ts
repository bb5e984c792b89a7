// Metrics of operations: rate, errors, duration.

import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

import { ERROR_CODES } from '../errors.js';
import type { Instruments, RequestOutcome } from './instrumentation.js';
import type { NameOf } from './operation-names.js';

/** In seconds: from a cached report to the deadline of an uncached one. */
export const DURATION_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Outcomes are counted in batches of this size, and before each collection. */
const BATCH_SIZE = 64;

/** @param onCollect is called before any of the metrics is read. */
function defineMetrics(registry: Registry, onCollect: () => void) {
  const read = { registers: [registry], collect: onCollect };
  const operations = new Counter({
    name: 'gateway_operations_total',
    help: 'Operations by outcome: ok, partial (data and errors), error (no data), client_closed (before the response).',
    labelNames: ['operation', 'outcome'],
    ...read,
  });
  const durations = new Histogram({
    name: 'gateway_operation_duration_seconds',
    help: 'Time from the arrival of a request to its response.',
    labelNames: ['operation'],
    buckets: DURATION_BUCKETS,
    ...read,
  });
  const inFlight = new Gauge({
    name: 'gateway_operations_in_flight',
    help: 'Operations in execution.',
    ...read,
  });
  const errors = new Counter({
    name: 'gateway_errors_total',
    help: 'Responses with at least one error of this code.',
    labelNames: ['code'],
    ...read,
  });
  const rejected = new Counter({
    name: 'gateway_requests_rejected_total',
    help: 'Requests that were rejected before execution, by error code.',
    labelNames: ['code'],
    ...read,
  });
  const responseCacheHits = new Counter({
    name: 'gateway_response_cache_hits_total',
    help: 'Operations that were answered from the cache of responses.',
    ...read,
  });
  // A series that starts with its first error has no rate at that moment.
  for (const code of Object.keys(ERROR_CODES)) errors.inc({ code }, 0);
  return { operations, durations, inFlight, errors, rejected, responseCacheHits };
}

export function createOperationMetrics(registry: Registry, nameOf: NameOf): Pick<Instruments, 'begin'> {
  const pending: RequestOutcome[] = [];
  const { operations, durations, inFlight, errors, rejected, responseCacheHits } = defineMetrics(
    registry,
    countPending,
  );
  function count({ operation, result, codes, durationMs, isResponseCacheHit }: RequestOutcome): void {
    for (const code of codes) errors.inc({ code });
    if (isResponseCacheHit) responseCacheHits.inc();
    if (operation === undefined) {
      for (const code of codes) rejected.inc({ code });
      return;
    }
    const name = nameOf(operation.name);
    operations.inc({ operation: name, outcome: result });
    durations.observe({ operation: name }, durationMs / 1000);
  }
  function countPending(): void {
    for (const outcome of pending.splice(0)) count(outcome);
  }
  return {
    begin() {
      let isExecuted = false;
      return {
        execute(_operation, run) {
          isExecuted = true;
          inFlight.inc();
          return run();
        },
        end(outcome) {
          if (isExecuted) inFlight.dec();
          if (pending.push(outcome) >= BATCH_SIZE) countPending();
        },
      };
    },
  };
}
