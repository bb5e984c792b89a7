// Reads the settings of metrics and traces.

import type { Environment, Reader } from './reader.js';

export function readTelemetry(read: Reader) {
  const endpoint = read('OTEL_EXPORTER_OTLP_ENDPOINT');
  const headers = read('OTEL_EXPORTER_OTLP_HEADERS') ?? {};
  const serviceName = read('OTEL_SERVICE_NAME');
  const ratio = read('OTEL_TRACES_SAMPLER_ARG');
  return {
    metrics: read('GATEWAY_METRICS'),
    operations: read('GATEWAY_METRICS_OPERATIONS') ?? [],
    tracing: endpoint === undefined ? undefined : { endpoint, headers, serviceName, ratio },
  };
}

/** Headers without a receiver: their author expects traces to be sent. */
export function findUnusedHeaders(env: Environment): string[] {
  const isSet = (name: string): boolean => (env[name]?.trim() ?? '') !== '';
  const isUnused = isSet('OTEL_EXPORTER_OTLP_HEADERS') && !isSet('OTEL_EXPORTER_OTLP_ENDPOINT');
  return isUnused ? ['OTEL_EXPORTER_OTLP_HEADERS has no effect without OTEL_EXPORTER_OTLP_ENDPOINT.'] : [];
}
