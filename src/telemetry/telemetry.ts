// Metrics and traces of a gateway, each where it is configured.

import type { Clock } from '../clock.js';
import { NOOP_INSTRUMENTATION as NOOP_CACHE_INSTRUMENTATION } from '../cache/report-lookup.js';
import { NOOP_INSTRUMENTATION as NOOP_UPSTREAM_INSTRUMENTATION } from '../upstream/instrumentation.js';
import { combine, type Instruments } from './instrumentation.js';
import { createMetrics } from './metrics.js';
import { createOperationNames } from './operation-names.js';
import type { Tracing, TracingOptions, TracingSettings } from './tracing.js';

interface TelemetryOptions {
  readonly metrics: boolean;
  /** The operations that metrics and traces name. */
  readonly operations: readonly string[];
  /** Undefined: no traces. */
  readonly tracing: TracingSettings | undefined;
  readonly version: string;
  readonly clock: Clock;
  /** Whether to expose the metrics of the whole process (memory, CPU, garbage collection) as well. */
  readonly collectProcessMetrics: boolean;
  /** Called when exports of traces begin to fail, and when they succeed again. */
  readonly onExportFailure: (isFailing: boolean, reason?: string) => void;
}

export type Telemetry = ReturnType<typeof createTelemetry>;

export function createTelemetry(options: TelemetryOptions) {
  const { tracing: settings } = options;
  const nameOf = createOperationNames(options.operations);
  const metrics = options.metrics ? createMetrics({ ...options, nameOf }) : undefined;
  const tracing = settings && createLazyTracing({ ...options, settings, nameOf });
  const both = [metrics?.instruments, tracing?.instruments].filter((each) => each !== undefined);
  return {
    /** Undefined without metrics and traces. */
    instruments: both.length === 0 ? undefined : both.reduce(combine),
    metrics,
    /** Resolves when OpenTelemetry is loaded, rejects when that fails; undefined without traces. */
    ready: tracing?.ready,
    async close(): Promise<void> {
      metrics?.close();
      await tracing?.close();
    },
  };
}

/** Does nothing until OpenTelemetry is loaded. */
function createLazyTracing(options: TracingOptions) {
  let loaded: Tracing | undefined;
  let current = NOOP_INSTRUMENTS;
  const ready = import('./spans.js').then(({ createTracing }) => {
    loaded = createTracing(options);
    current = loaded.instruments;
  });
  // The gateway awaits it when it starts to listen.
  ready.catch(() => undefined);
  const instruments: Instruments = {
    begin: (request) => current.begin(request),
    load: (report, run) => current.load(report, run),
    onHit: (report, lookup) => {
      current.onHit(report, lookup);
    },
    onRelatedHit: () => undefined,
    call: (call, run) => current.call(call, run),
    login: (run) => current.login(run),
  };
  return {
    ready,
    instruments,
    async close() {
      await ready.catch(() => undefined);
      await loaded?.close();
    },
  };
}

const NOOP_INSTRUMENTS: Instruments = {
  ...NOOP_CACHE_INSTRUMENTATION,
  ...NOOP_UPSTREAM_INSTRUMENTATION,
  begin: () => ({ execute: (run) => run(), end: () => undefined }),
};
