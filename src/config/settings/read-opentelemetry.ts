// Reads the settings of traces, and warns about unsupported ones.

import { SAMPLERS, type SamplerSettings, type TracingSettings } from '../../telemetry/tracing.js';
import { OPENTELEMETRY_SETTINGS } from './opentelemetry.js';
import { isSet, type Reader, type Source } from './reader.js';
import type { SettingName } from './settings.js';

const SERVICE_NAME = 'scaleops-cost-gateway';
const PROTOCOL = 'http/protobuf';
const DEFAULT_SAMPLER = 'parentbased_traceidratio';
const PROTOCOLS = ['OTEL_EXPORTER_OTLP_PROTOCOL', 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL'] as const;
const ENDPOINTS = ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] as const;
/** Without an endpoint they have no effect, although the operator expects traces to arrive. */
const NEED_ENDPOINT = [
  'OTEL_EXPORTER_OTLP_HEADERS',
  'OTEL_EXPORTER_OTLP_TRACES_HEADERS',
  ...PROTOCOLS,
  'OTEL_TRACES_SAMPLER',
  'OTEL_TRACES_SAMPLER_ARG',
];
/** The exporter reads these itself: see telemetry/span-pipeline.ts. */
const READ_BY_EXPORTER =
  /^OTEL_EXPORTER_OTLP_(?:TRACES_)?(?:TIMEOUT|COMPRESSION|CERTIFICATE|CLIENT_KEY|CLIENT_CERTIFICATE)$/;

/** Undefined: no traces. */
export function readTracing(read: Reader): TracingSettings | undefined {
  const url = read('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT') ?? withTracesPath(read('OTEL_EXPORTER_OTLP_ENDPOINT'));
  const headers = { ...read('OTEL_EXPORTER_OTLP_HEADERS'), ...read('OTEL_EXPORTER_OTLP_TRACES_HEADERS') };
  const attributes = read('OTEL_RESOURCE_ATTRIBUTES') ?? {};
  const serviceName = read('OTEL_SERVICE_NAME') ?? attributes['service.name'] ?? SERVICE_NAME;
  const sampler = { kind: readSampler(read) ?? DEFAULT_SAMPLER, ratio: read('OTEL_TRACES_SAMPLER_ARG') };
  if (url === undefined || isDisabled(read)) return undefined;
  return { url, headers, resourceAttributes: { ...attributes, 'service.name': serviceName }, sampler };
}

/** Names variables that are set and have no effect, and what is supported. Never repeats a value. */
export function findTracingWarnings({ env, read }: Source): string[] {
  const isGiven = (name: string): boolean => isSet(env, name);
  const warnings: string[] = [];
  const unknown = Object.keys(env).filter(isGiven).filter(isUnknownName);
  if (unknown.length > 0) warnings.push(`${unknown.join(', ')}: not supported by the gateway, without effect.`);
  const check = (name: SettingName, isSupported: boolean, supported: string): void => {
    if (isSupported) return;
    warnings.push(`${name} has a value that is not supported, and is ignored. Supported: ${supported}.`);
  };
  for (const name of PROTOCOLS) check(name, (read(name) ?? PROTOCOL) === PROTOCOL, PROTOCOL);
  check('OTEL_TRACES_EXPORTER', ['otlp', 'none'].includes(read('OTEL_TRACES_EXPORTER')), 'otlp, none');
  check('OTEL_SDK_DISABLED', /^(?:true|false)$/i.test(read('OTEL_SDK_DISABLED')), 'true, false');
  const sampler = readSampler(read);
  check('OTEL_TRACES_SAMPLER', sampler !== undefined, SAMPLERS.join(', '));
  if (isGiven('OTEL_TRACES_SAMPLER_ARG') && sampler?.endsWith('traceidratio') === false) {
    warnings.push('OTEL_TRACES_SAMPLER_ARG has no effect with this OTEL_TRACES_SAMPLER.');
  }
  if (!ENDPOINTS.some(isGiven) && !isDisabled(read)) {
    const unused = NEED_ENDPOINT.filter(isGiven);
    warnings.push(...unused.map((name) => `${name} has no effect without OTEL_EXPORTER_OTLP_ENDPOINT.`));
  }
  return warnings;
}

function isUnknownName(name: string): boolean {
  return name.startsWith('OTEL_') && !Object.hasOwn(OPENTELEMETRY_SETTINGS, name) && !READ_BY_EXPORTER.test(name);
}

function readSampler(read: Reader): SamplerSettings['kind'] | undefined {
  return SAMPLERS.find((name) => name === read('OTEL_TRACES_SAMPLER'));
}

function isDisabled(read: Reader): boolean {
  return /^true$/i.test(read('OTEL_SDK_DISABLED')) || read('OTEL_TRACES_EXPORTER') === 'none';
}

function withTracesPath(endpoint: string | undefined): string | undefined {
  return endpoint === undefined ? undefined : `${endpoint.replace(/\/+$/, '')}/v1/traces`;
}
