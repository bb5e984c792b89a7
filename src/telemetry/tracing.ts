// Traces. OpenTelemetry is loaded only where traces are configured: it costs time and memory even when idle.

import type { Clock } from '../clock.js';
import type { ProxySettings } from '../upstream/http/proxy.js';
import type { NameOf } from './instrumentation.js';

/** The samplers of the OpenTelemetry specification; the "parentbased" ones follow the decision of the caller. */
export const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

export interface SamplerSettings {
  readonly kind: (typeof SAMPLERS)[number];
  /** The share of traces that the two "traceidratio" samplers send, from 0 to 1. */
  readonly ratio: number;
}

export interface TracingSettings {
  /** Where traces are sent, as OTLP over HTTP (protobuf). */
  readonly url: string;
  /** May hold a secret. */
  readonly headers: Readonly<Record<string, string>>;
  /** Describe the gateway in each export: `service.name` and others. */
  readonly resourceAttributes: Readonly<Record<string, string>>;
  readonly sampler: SamplerSettings;
  /** The proxy for exports, with Node 24.5 and later; older versions connect directly. */
  readonly proxy?: ProxySettings | undefined;
}

export interface TracingOptions {
  readonly settings: TracingSettings;
  readonly version: string;
  readonly nameOf: NameOf;
  readonly clock: Clock;
  /** Called when exports begin to fail, and when they succeed again. */
  readonly onExportFailure: (isFailing: boolean, reason?: string) => void;
}
