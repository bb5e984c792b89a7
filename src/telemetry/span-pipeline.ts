// From a span that has ended to the receiver: sampled, bounded, in batches. All is set here; the packages of the SDK that
// read settings from the environment by themselves are not used.

import { randomUUID } from 'node:crypto';
import type { Tracer } from '@opentelemetry/api';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';

import { createOtlpExporter } from './otlp-exporter.js';
import type { TracingOptions } from './tracing.js';

/** A span takes about a kilobyte: what is not taken off fast enough is dropped. */
const QUEUE = { maxQueueSize: 2_048, maxExportBatchSize: 512, scheduledDelayMillis: 5_000 };
/** More than any span of ours has. */
const LIMITS = {
  attributeCountLimit: 16,
  attributeValueLengthLimit: 256,
  eventCountLimit: 1,
  linkCountLimit: 1,
  attributePerEventCountLimit: 1,
  attributePerLinkCountLimit: 1,
};
/** How long a closing gateway waits for its last spans to be taken. */
const MAX_CLOSE_MS = 1_000;

export interface SpanPipeline {
  readonly tracer: Tracer;
  close(): Promise<void>;
}

export function createSpanPipeline(options: TracingOptions): SpanPipeline {
  const { serviceName, version, ratio, clock } = options;
  const exporter = createOtlpExporter(options);
  const provider = new TracerProvider({
    resource: defaultResource().merge(
      resourceFromAttributes({
        'service.name': serviceName,
        'service.version': version,
        'service.instance.id': randomUUID(),
      }),
    ),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    spanLimits: LIMITS,
    spanProcessors: [new BatchSpanProcessor({ ...QUEUE, exporter })],
  });
  return {
    tracer: provider.getTracer('scaleops-cost-gateway', version),
    async close() {
      // The processor has timers of its own that would hold the process: they end with the exports they are about.
      const cancel = clock.after(MAX_CLOSE_MS, () => {
        exporter.abort();
      });
      await provider.shutdown().catch(() => undefined);
      cancel();
      exporter.abort();
    },
  };
}
