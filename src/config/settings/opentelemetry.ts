// The settings of traces. Names, values and defaults are those of the OpenTelemetry specification, so that what a
// platform injects works. https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/

import { SAMPLERS } from '../../telemetry/tracing.js';
import { httpUrl, text } from './rules.js';
import type { Setting } from './setting.js';
import { attributes, headers, ratio } from './telemetry-rules.js';

const advanced = true;

/** Values that are not supported are ignored with a warning, as the specification says. */
export const OPENTELEMETRY_SETTINGS = {
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    ...httpUrl,
    advanced,
    description:
      'Sends traces to this OpenTelemetry receiver, by OTLP over HTTP (protobuf): `http://collector:4318`. `/v1/traces` is appended.',
  },
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: {
    ...httpUrl,
    advanced,
    description: 'The whole URL to send traces to, in place of OTEL_EXPORTER_OTLP_ENDPOINT.',
  },
  OTEL_EXPORTER_OTLP_HEADERS: {
    ...headers,
    advanced,
    description: 'Headers for the receiver, such as `authorization=Bearer%20…`, separated by commas. A secret.',
  },
  OTEL_EXPORTER_OTLP_TRACES_HEADERS: {
    ...headers,
    advanced,
    description: 'The same for traces alone; takes precedence over OTEL_EXPORTER_OTLP_HEADERS. A secret.',
  },
  OTEL_EXPORTER_OTLP_PROTOCOL: { ...text, advanced, description: 'Only `http/protobuf` is supported.' },
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: { ...text, advanced, description: 'Only `http/protobuf` is supported.' },
  OTEL_TRACES_EXPORTER: { ...text, default: 'otlp', advanced, description: 'otlp, or none: no traces.' },
  OTEL_SDK_DISABLED: { ...text, default: 'false', advanced, description: 'true turns traces off.' },
  OTEL_SERVICE_NAME: {
    ...text,
    advanced,
    description:
      'The name of the gateway in traces. Default: `service.name` of OTEL_RESOURCE_ATTRIBUTES, else scaleops-cost-gateway.',
  },
  OTEL_RESOURCE_ATTRIBUTES: {
    ...attributes,
    advanced,
    description: 'Attributes of the gateway in traces, such as `deployment.environment=prod,k8s.namespace.name=costs`.',
  },
  OTEL_TRACES_SAMPLER: {
    ...text,
    default: 'parentbased_traceidratio',
    advanced,
    description: `Which traces are sent: ${SAMPLERS.join(', ')}. The parentbased ones follow the caller's \`traceparent\`.`,
  },
  OTEL_TRACES_SAMPLER_ARG: {
    ...ratio,
    default: '1',
    advanced,
    description: 'The share of traces that the traceidratio samplers send, from 0 to 1.',
  },
} as const satisfies Record<string, Setting<unknown>>;
