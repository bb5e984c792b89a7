// Rate, errors and duration of operations.

import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

import { ERROR_CODES } from '../errors.js';
import type { Instruments } from './instruments.js';
import type { NameOf } from './operation-names.js';

/** In seconds: from a report that is at hand to the deadline of one that is not. */
export const DURATION_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

function defineMetrics(registry: Registry) {
  const registers = [registry];
  const operations = new Counter({
    name: 'gateway_operations_total',
    help: 'Operations by outcome: ok, partial (data and errors), error (no data), left (the client had left).',
    labelNames: ['operation', 'outcome'],
    registers,
  });
  const durations = new Histogram({
    name: 'gateway_operation_duration_seconds',
    help: 'From the first byte of an operation to its answer.',
    labelNames: ['operation'],
    buckets: DURATION_BUCKETS,
    registers,
  });
  const inFlight = new Gauge({
    name: 'gateway_operations_in_flight',
    help: 'Operations that are being executed.',
    registers,
  });
  const errors = new Counter({
    name: 'gateway_errors_total',
    help: 'Answers that had an error of this code, once an answer.',
    labelNames: ['code'],
    registers,
  });
  const refused = new Counter({
    name: 'gateway_requests_refused_total',
    help: 'Requests that were turned away before an operation began, by the code of the error.',
    labelNames: ['code'],
    registers,
  });
  const ready = new Counter({
    name: 'gateway_ready_answers_total',
    help: 'Operations that were answered from kept bytes: they had been answered before, and their reports were unchanged.',
    registers,
  });
  // A series that begins with its first error has no rate at that moment.
  for (const code of Object.keys(ERROR_CODES)) errors.inc({ code }, 0);
  return { operations, durations, inFlight, errors, refused, ready };
}

export function createOperationMetrics(registry: Registry, nameOf: NameOf): Pick<Instruments, 'begin'> {
  const { operations, durations, inFlight, errors, refused, ready } = defineMetrics(registry);
  return {
    begin() {
      let isExecuted = false;
      return {
        execute(_operation, run) {
          isExecuted = true;
          inFlight.inc();
          return run();
        },
        end({ operation, result, codes, durationMs, isReady }) {
          if (isExecuted) inFlight.dec();
          for (const code of codes) errors.inc({ code });
          if (isReady) ready.inc();
          if (operation === undefined) {
            for (const code of codes) refused.inc({ code });
            return;
          }
          const name = nameOf(operation.name);
          operations.inc({ operation: name, outcome: result });
          durations.observe({ operation: name }, durationMs / 1000);
        },
      };
    },
  };
}
