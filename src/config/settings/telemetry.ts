// The settings of metrics, traces and the sampling of the log. Settings of traces have OpenTelemetry's names.

import { boolean, httpUrl, number, text } from './rules.js';
import type { Setting } from './setting.js';
import { headers, operationNames, ratio } from './telemetry-rules.js';

const advanced = true;

export const TELEMETRY_SETTINGS = {
  GATEWAY_METRICS: {
    ...boolean,
    default: 'on',
    advanced,
    description:
      'Prometheus metrics at `/metrics`, without authentication: on or off. They contain counts and durations, no callers and no costs.',
  },
  GATEWAY_METRICS_OPERATIONS: {
    ...operationNames,
    advanced,
    description:
      'The names of operations in metrics and traces, separated by commas; all others are `other` or `anonymous`.',
  },
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    ...httpUrl,
    advanced,
    description: 'The OpenTelemetry receiver of traces, by OTLP over HTTP (protobuf), such as `http://collector:4318`.',
  },
  OTEL_EXPORTER_OTLP_HEADERS: {
    ...headers,
    advanced,
    description: 'Headers sent to that receiver, such as `authorization=Bearer%20…`, separated by commas. A secret.',
  },
  OTEL_SERVICE_NAME: {
    ...text,
    default: 'scaleops-cost-gateway',
    advanced,
    description: 'The service name in traces.',
  },
  OTEL_TRACES_SAMPLER_ARG: {
    ...ratio,
    default: '1',
    advanced,
    description:
      'The proportion of traces that are sent, from 0 to 1. It does not apply to requests with `traceparent`: their sender decides.',
  },
  LOG_SAMPLE_PERCENT: {
    ...number(0, 100),
    default: '100',
    advanced,
    description:
      'The percentage of successful operations that are logged. Operations with errors or stale reports are always logged.',
  },
} as const satisfies Record<string, Setting<unknown>>;
