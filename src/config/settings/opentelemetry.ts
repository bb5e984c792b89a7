// The settings of traces. Names, values and defaults follow the OpenTelemetry specification, so that variables injected by
// a platform work. https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/

import { SAMPLERS } from '../../telemetry/tracing.js';
import { httpUrl, text, type Setting } from './rules.js';
import { attributes, headers, ratio } from './telemetry-rules.js';

/** Values that are not supported are ignored with a warning, as the specification says. */
export const OPENTELEMETRY_SETTINGS = {
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    ...httpUrl,
    description:
      'Sends traces to this OpenTelemetry receiver, by OTLP over HTTP (protobuf): `http://collector:4318`. `/v1/traces` is appended.',
  },
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: {
    ...httpUrl,
    description: 'The whole URL to send traces to, in place of OTEL_EXPORTER_OTLP_ENDPOINT.',
  },
  OTEL_EXPORTER_OTLP_HEADERS: {
    ...headers,
    secret: true,
    description: 'Headers for the receiver, such as `authorization=Bearer%20…`, separated by commas. A secret.',
  },
  OTEL_EXPORTER_OTLP_TRACES_HEADERS: {
    ...headers,
    secret: true,
    description: 'The same for traces alone; takes precedence over OTEL_EXPORTER_OTLP_HEADERS. A secret.',
  },
  OTEL_EXPORTER_OTLP_PROTOCOL: { ...text, description: 'Only `http/protobuf` is supported.' },
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: { ...text, description: 'Only `http/protobuf` is supported.' },
  OTEL_TRACES_EXPORTER: { ...text, default: 'otlp', description: 'otlp, or none: no traces.' },
  OTEL_SDK_DISABLED: { ...text, default: 'false', description: 'true turns traces off.' },
  OTEL_SERVICE_NAME: {
    ...text,
    description:
      'The name of the gateway in traces. Default: `service.name` of OTEL_RESOURCE_ATTRIBUTES, else scaleops-cost-gateway.',
  },
  OTEL_RESOURCE_ATTRIBUTES: {
    ...attributes,
    description: 'Attributes of the gateway in traces, such as `deployment.environment=prod,k8s.namespace.name=costs`.',
  },
  OTEL_TRACES_SAMPLER: {
    ...text,
    default: 'parentbased_traceidratio',
    description: `Which traces are sent: ${SAMPLERS.join(', ')}. The parentbased ones follow the caller's \`traceparent\`.`,
  },
  OTEL_TRACES_SAMPLER_ARG: {
    ...ratio,
    default: '1',
    description: 'The share of traces that the traceidratio samplers send, from 0 to 1.',
  },
} as const satisfies Record<string, Setting<unknown>>;
