// The metrics of one gateway, for Prometheus. Each gateway has its own registry. The values of every label are a closed
// list: nothing that a client sends creates a series. Names follow https://prometheus.io/docs/practices/naming/.

import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';

import type { Clock } from '../clock.js';
import { createCounter } from './counter.js';
import { measureEventLoopDelay, registerGauges, type GaugeSources } from './gauges.js';
import type { Instruments } from './instrumentation.js';
import { createOperationMetrics } from './operation-metrics.js';
import { createCacheMetrics, createUpstreamMetrics, createWarningCounter } from './report-metrics.js';

export interface MetricsOptions {
  readonly version: string;
  /** The operation names that are shown. */
  readonly operations: readonly string[];
  readonly clock: Clock;
  /** Whether to expose the memory, CPU and garbage collection of the process. prom-client never removes its observers. */
  readonly collectProcessMetrics: boolean;
}

/** The events of Node's `process` that report errors which no code handled. */
const DEFECT_ORIGINS = ['uncaughtException', 'unhandledRejection'] as const;
export type DefectOrigin = (typeof DEFECT_ORIGINS)[number];

export type Metrics = ReturnType<typeof createMetrics>;

export function createMetrics({ version, operations, clock, collectProcessMetrics }: MetricsOptions) {
  const registry = new Registry();
  const info = new Gauge({
    name: 'gateway_build_info',
    help: 'Always 1; the label is the version of the gateway.',
    labelNames: ['version'],
    registers: [registry],
  });
  info.set({ version }, 1);
  const defects = createCounter(
    registry,
    'gateway_uncaught_errors_total',
    'Unexpected errors outside of any request, by the event of Node that reported them.',
    { origin: DEFECT_ORIGINS },
  );
  const { setBreakerOpen, instruments: upstream } = createUpstreamMetrics(registry, clock);
  const instruments: Instruments = {
    ...createOperationMetrics(registry, operations),
    ...createCacheMetrics(registry),
    ...upstream,
  };
  const stopEventLoopDelay = measureEventLoopDelay(registry);
  if (collectProcessMetrics) registerProcessMetrics(registry);
  return {
    instruments,
    setBreakerOpen,
    countWarnings: createWarningCounter(registry),
    recordDefect(origin: DefectOrigin): void {
      defects.inc({ origin });
    },
    registerGauges: (sources: GaugeSources) => {
      registerGauges(registry, sources);
    },
    /** All metrics, in Prometheus' text format. */
    expose: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
    close: stopEventLoopDelay,
  };
}

/** gauges.ts measures the event loop; the other three are gauges whose names end in _total. */
const EXCLUDED = /^nodejs_(?:eventloop_lag|active_(?:handles|requests|resources)_total$)/;

function registerProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 60_000 });
  for (const { name } of registry.getMetricsAsArray()) if (EXCLUDED.test(name)) registry.removeSingleMetric(name);
}
