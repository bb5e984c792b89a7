// The settings of metrics and traces as the gateway wants them.

import type { Environment, Reader } from './reader.js';

/** What is shown to whom. */
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

/** The key of a receiver that is not named: whoever set it expects traces to arrive. */
export function findIdleHeaders(env: Environment): string[] {
  const given = (name: string): boolean => (env[name]?.trim() ?? '') !== '';
  const isIdle = given('OTEL_EXPORTER_OTLP_HEADERS') && !given('OTEL_EXPORTER_OTLP_ENDPOINT');
  return isIdle ? ['OTEL_EXPORTER_OTLP_HEADERS has no effect without OTEL_EXPORTER_OTLP_ENDPOINT.'] : [];
}
