// Reads the settings of metrics and traces.

import { readTracing } from './read-opentelemetry.js';
import type { Reader } from './reader.js';

export function readTelemetry(read: Reader) {
  return {
    metrics: read('GATEWAY_METRICS'),
    operations: read('GATEWAY_METRICS_OPERATIONS') ?? [],
    tracing: readTracing(read),
  };
}
