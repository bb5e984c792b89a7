// From an ended span to the OTLP receiver: sampled, queued within bounds, sent in batches.

import { randomUUID } from 'node:crypto';
import { ExportResultCode } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
  type Sampler,
  type SpanExporter,
} from '@opentelemetry/sdk-trace';

import type { Clock } from '../clock.js';
import type { ProxySettings } from '../upstream/http/proxy.js';
import type { SamplerSettings, TracingOptions } from './tracing.js';

/** A span takes about 1 KB. Spans that find the queue full are dropped. */
const QUEUE = { maxQueueSize: 2_048, maxExportBatchSize: 512, scheduledDelayMillis: 5_000 };
/** One that hangs, and a full queue at the end. Further exports are dropped, so a slow receiver holds no memory. */
const MAX_CONCURRENT_EXPORTS = 1 + QUEUE.maxQueueSize / QUEUE.maxExportBatchSize;
/** The name of a caller may come from a token. */
const MAX_ATTRIBUTE_LENGTH = 256;
/** How long a closing gateway waits for its last spans to be accepted. */
const MAX_CLOSE_MS = 1_000;

export function createSpanPipeline(options: TracingOptions) {
  const { version, clock } = options;
  const { url, headers, resourceAttributes, sampler, proxy } = options.settings;
  // The exporter itself reads OTEL_EXPORTER_OTLP_TIMEOUT, _COMPRESSION, _CERTIFICATE, _CLIENT_KEY and
  // _CLIENT_CERTIFICATE (and their TRACES forms) from the environment; everything else is passed here.
  const exporter = new OTLPTraceExporter({
    url,
    headers,
    concurrencyLimit: MAX_CONCURRENT_EXPORTS,
    httpAgentOptions: toAgentOptions(proxy),
    userAgent: `scaleops-cost-gateway/${version}`,
  });
  let isClosing = false;
  const observed = observeExports(exporter, (isFailing, reason) => {
    if (!isClosing) options.onExportFailure(isFailing, reason);
  });
  const provider = new TracerProvider({
    resource: defaultResource().merge(
      resourceFromAttributes({
        'service.instance.id': randomUUID(),
        'service.version': version,
        ...resourceAttributes,
      }),
    ),
    sampler: createSampler(sampler),
    spanLimits: { attributeValueLengthLimit: MAX_ATTRIBUTE_LENGTH },
    spanProcessors: [new BatchSpanProcessor({ ...QUEUE, exporter: observed })],
  });
  return {
    tracer: provider.getTracer('scaleops-cost-gateway', version),
    /** Sends the queued spans; resolves at the latest after MAX_CLOSE_MS. */
    async close(): Promise<void> {
      await shutDown(provider, clock);
      isClosing = true;
    },
  };
}

function shutDown(provider: TracerProvider, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(MAX_CLOSE_MS, resolve);
    const finish = (): void => {
      cancel();
      resolve();
    };
    provider.shutdown().then(finish, finish);
  });
}

/** `proxyEnv` is an option of Node's agents since 24.5. */
function toAgentOptions(proxy: ProxySettings | undefined) {
  const proxyEnv = proxy && {
    HTTP_PROXY: proxy.httpProxy,
    HTTPS_PROXY: proxy.httpsProxy ?? proxy.httpProxy,
    NO_PROXY: proxy.noProxy,
  };
  return { keepAlive: true, ...(proxyEnv && { proxyEnv }) };
}

function createSampler({ kind, ratio }: SamplerSettings): Sampler {
  const root = kind.endsWith('always_off')
    ? new AlwaysOffSampler()
    : kind.endsWith('always_on')
      ? new AlwaysOnSampler()
      : new TraceIdRatioBasedSampler(ratio);
  return kind.startsWith('parentbased_') ? new ParentBasedSampler({ root }) : root;
}

/** Calls `onChange` when exports begin to fail, and when they succeed again. */
function observeExports(exporter: SpanExporter, onChange: TracingOptions['onExportFailure']): SpanExporter {
  let wasFailing = false;
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        const isFailing = result.code !== ExportResultCode.SUCCESS;
        if (isFailing !== wasFailing) onChange(isFailing, isFailing ? toReason(result.error) : undefined);
        wasFailing = isFailing;
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
  };
}

/** A status or the code of a system error: messages may name the receiver or quote its response. */
function toReason(error: (Error & { readonly code?: unknown }) | undefined): string {
  if (typeof error?.code === 'number') return `HTTP ${error.code}`;
  if (typeof error?.code === 'string') return error.code;
  return error?.name === 'OTLPExporterError' ? 'HTTP 429, 502, 503 or 504' : 'no response in time';
}
