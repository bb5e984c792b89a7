// The metrics of one gateway, for Prometheus. Each gateway has its own registry. The values of every label are a closed
// list: nothing that a client sends creates a series. Names follow https://prometheus.io/docs/practices/naming/.

import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';

import type { Clock } from '../clock.js';
import { measureEventLoopDelay, registerGauges, type GaugeSources } from './gauges.js';
import type { Instruments } from './instrumentation.js';
import { createOperationMetrics } from './operation-metrics.js';
import type { NameOf } from './operation-names.js';
import { createCacheMetrics, createUpstreamMetrics, createWarningMetrics } from './report-metrics.js';

interface MetricsOptions {
  readonly version: string;
  readonly nameOf: NameOf;
  /** The names that `nameOf` shows as they are. */
  readonly operations: readonly string[];
  readonly clock: Clock;
  /** Whether to expose the metrics of the whole process as well. prom-client leaves observers of the process behind. */
  readonly collectProcessMetrics: boolean;
}

/** The events of Node's `process` that report errors which no code handled. */
const DEFECT_ORIGINS = ['uncaughtException', 'unhandledRejection'] as const;
export type DefectOrigin = (typeof DEFECT_ORIGINS)[number];

export type Metrics = ReturnType<typeof createMetrics>;

export function createMetrics({ version, nameOf, operations, clock, collectProcessMetrics }: MetricsOptions) {
  const registry = new Registry();
  const info = new Gauge({
    name: 'gateway_build_info',
    help: 'Always 1; the label is the version of the gateway.',
    labelNames: ['version'],
    registers: [registry],
  });
  info.set({ version }, 1);
  const defects = new Counter({
    name: 'gateway_uncaught_errors_total',
    help: 'Unexpected errors outside of any request, by the event of Node that reported them.',
    labelNames: ['origin'],
    registers: [registry],
  });
  for (const origin of DEFECT_ORIGINS) defects.inc({ origin }, 0);
  const { setBreakerOpen, ...upstream } = createUpstreamMetrics(registry, clock);
  const instruments: Instruments = {
    ...createOperationMetrics(registry, nameOf, operations),
    ...createCacheMetrics(registry),
    ...upstream,
  };
  const stopEventLoopDelay = measureEventLoopDelay(registry);
  if (collectProcessMetrics) registerProcessMetrics(registry);
  return {
    instruments,
    /** Records that the circuit breaker in front of ScaleOps has opened or closed. */
    setBreakerOpen,
    ...createWarningMetrics(registry),
    recordDefect(origin: DefectOrigin): void {
      defects.inc({ origin });
    },
    /** Adds the gauges of these. */
    registerGauges(sources: GaugeSources): void {
      registerGauges(registry, sources);
    },
    /** All metrics, in Prometheus' text format. */
    expose: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
    close: stopEventLoopDelay,
  };
}

/** gauges.ts has the event loop delay; the names of the others end in _total and are gauges. */
const EXCLUDED = /^nodejs_(?:eventloop_lag|active_(?:handles|requests|resources)_total$)/;

function registerProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 60_000 });
  for (const { name } of registry.getMetricsAsArray()) if (EXCLUDED.test(name)) registry.removeSingleMetric(name);
}
