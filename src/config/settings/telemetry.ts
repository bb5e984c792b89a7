// The settings of what the gateway lets be seen: metrics, traces, and how much of the log. Those of traces have
// OpenTelemetry's own names.

import type { Setting } from './setting.js';
import { boolean, httpUrl, number, text } from './rules.js';
import { headers, operationNames, ratio } from './telemetry-rules.js';

const fine = true;

export const TELEMETRY_SETTINGS = {
  GATEWAY_METRICS: {
    ...boolean,
    default: 'on',
    fine,
    meaning:
      'Metrics for Prometheus at `/metrics`, open to whoever reaches the port as health is: counts and times, nothing of who asks or of costs. on or off.',
  },
  GATEWAY_METRICS_OPERATIONS: {
    ...operationNames,
    fine,
    meaning: 'Operations that metrics and traces name, separated by commas; all others are `other` or `anonymous`.',
  },
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    ...httpUrl,
    fine,
    meaning:
      'Sends traces to this OpenTelemetry receiver, by OTLP over HTTP (protobuf), such as `http://collector:4318`.',
  },
  OTEL_EXPORTER_OTLP_HEADERS: {
    ...headers,
    fine,
    meaning: 'Headers for it, such as `authorization=Bearer%20…`, separated by commas. A secret.',
  },
  OTEL_SERVICE_NAME: {
    ...text,
    default: 'scaleops-cost-gateway',
    fine,
    meaning: 'What traces call the gateway.',
  },
  OTEL_TRACES_SAMPLER_ARG: {
    ...ratio,
    default: '1',
    fine,
    meaning:
      'The part of the traces that begin here which is sent, from 0 to 1; a caller that sends `traceparent` decides itself.',
  },
  LOG_SAMPLE_PERCENT: {
    ...number(0, 100),
    default: '100',
    fine,
    meaning:
      'How many percent of the operations that went well are logged; those with errors or stale reports always are.',
  },
} as const satisfies Record<string, Setting<unknown>>;
