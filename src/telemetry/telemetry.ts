// Metrics and traces of a gateway, each where it is configured.

import type { Clock } from '../clock.js';
import { combine, type Instruments } from './instrumentation.js';
import { createMetrics } from './metrics.js';
import { createOperationNames } from './operation-names.js';
import type { ProxySettings, Tracing, TracingOptions, TracingSettings } from './tracing.js';

export interface TelemetryOptions {
  readonly metrics: boolean;
  /** The operations that metrics and traces name. */
  readonly operations: readonly string[];
  /** Undefined: no traces. */
  readonly tracing: TracingSettings | undefined;
  readonly version: string;
  readonly clock: Clock;
  /** The proxy for exports of traces. */
  readonly proxy?: ProxySettings | undefined;
  /** Whether to expose the metrics of the whole process (memory, CPU, garbage collection) as well. */
  readonly collectProcessMetrics: boolean;
  /** Called when exports of traces begin to fail, and when they succeed again. */
  readonly onExportFailure: (isFailing: boolean, reason?: string) => void;
}

export type Telemetry = ReturnType<typeof createTelemetry>;

export function createTelemetry(options: TelemetryOptions) {
  const { clock, tracing: settings, ...rest } = options;
  const nameOf = createOperationNames(options.operations);
  const metrics = options.metrics ? createMetrics({ ...rest, nameOf, now: () => clock.now() }) : undefined;
  const tracing = settings && createLazyTracing({ ...rest, ...settings, clock, nameOf });
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
  const ready = import('./spans.js').then(({ createTracing }) => {
    loaded = createTracing(options);
  });
  // The gateway awaits it when it starts to listen.
  ready.catch(() => undefined);
  const instruments: Instruments = {
    begin: (request) => loaded?.instruments.begin(request) ?? NOOP_OBSERVATION,
    load: (report, run) => (loaded === undefined ? run() : loaded.instruments.load(report, run)),
    onHit: (report, outcome) => loaded?.instruments.onHit(report, outcome),
    onRelatedHit: () => undefined,
    call: (call, run) => (loaded === undefined ? run() : loaded.instruments.call(call, run)),
    login: (run) => (loaded === undefined ? run() : loaded.instruments.login(run)),
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

const NOOP_OBSERVATION = { execute: <T>(run: () => T): T => run(), end: () => undefined };
