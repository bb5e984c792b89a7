// Metrics and traces of a gateway, each where it is configured.

import { NOOP_INSTRUMENTATION as NOOP_CACHE_INSTRUMENTATION } from '../cache/report-lookup.js';
import { NOOP_INSTRUMENTATION as NOOP_UPSTREAM_INSTRUMENTATION } from '../upstream/instrumentation.js';
import { combine, createNameOf, type Instruments } from './instrumentation.js';
import { createMetrics, type MetricsOptions } from './metrics.js';
import type { Tracing } from './spans.js';
import type { TracingOptions, TracingSettings } from './tracing.js';

interface TelemetryOptions extends MetricsOptions, Pick<TracingOptions, 'onExportFailure'> {
  readonly metrics: boolean;
  /** Undefined: no traces. */
  readonly tracing: TracingSettings | undefined;
}

export type Telemetry = ReturnType<typeof createTelemetry>;

export function createTelemetry(options: TelemetryOptions) {
  const { tracing: settings, operations } = options;
  const metrics = options.metrics ? createMetrics(options) : undefined;
  const tracing = settings && createLazyTracing({ ...options, settings, nameOf: createNameOf(operations) });
  const instruments = [metrics?.instruments, tracing?.instruments].filter((each) => each !== undefined);
  return {
    /** Undefined without metrics and traces. */
    instruments: instruments.length === 0 ? undefined : instruments.reduce(combine),
    metrics,
    /** Resolves when OpenTelemetry is loaded, rejects when that fails; undefined without traces. */
    ready: tracing?.ready,
    async close(): Promise<void> {
      metrics?.close();
      await tracing?.close();
    },
  };
}

/** Records nothing until OpenTelemetry is loaded. */
function createLazyTracing(options: TracingOptions) {
  const instruments: Instruments = {
    ...NOOP_CACHE_INSTRUMENTATION,
    ...NOOP_UPSTREAM_INSTRUMENTATION,
    begin: () => ({ execute: (run) => run(), end: () => undefined }),
  };
  let tracing: Tracing | undefined;
  const ready = import('./spans.js').then(({ createTracing }) => {
    tracing = createTracing(options);
    Object.assign(instruments, tracing.instruments);
  });
  // The gateway awaits it when it starts to listen.
  ready.catch(() => undefined);
  return {
    ready,
    instruments,
    async close() {
      await ready.catch(() => undefined);
      await tracing?.close();
    },
  };
}
