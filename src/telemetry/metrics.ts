// The metrics of one gateway, for Prometheus. Each gateway has a registry of its own, and every label is of a closed list:
// nothing that a client sends can make a series.

import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';

import { watchEventLoop, watchSources, type Sources } from './gauges.js';
import type { Instruments } from './instrumentation.js';
import { createOperationMetrics } from './operation-metrics.js';
import type { NameOf } from './operation-names.js';
import { createCacheMetrics, createUpstreamMetrics } from './report-metrics.js';

export interface MetricsOptions {
  readonly version: string;
  readonly nameOf: NameOf;
  readonly now: () => number;
  /** Whether to expose the metrics of the whole process as well. prom-client leaves observers of the process behind. */
  readonly collectProcessMetrics: boolean;
}

/** The events of Node's `process` that report errors which no code handled. */
export const DEFECT_ORIGINS = ['uncaughtException', 'unhandledRejection'] as const;
export type DefectOrigin = (typeof DEFECT_ORIGINS)[number];

export interface Metrics {
  readonly instruments: Instruments;
  /** Told when ScaleOps begins to be left alone, and when it is asked again. */
  breaker(isOpen: boolean): void;
  recordDefect(origin: DefectOrigin): void;
  /** From now on these are looked at too. */
  watch(sources: Sources): void;
  /** All of it, in Prometheus' text format. */
  expose(): Promise<{ readonly contentType: string; readonly text: string }>;
  close(): void;
}

export function createMetrics({ version, nameOf, now, collectProcessMetrics }: MetricsOptions): Metrics {
  const registry = new Registry();
  const info = new Gauge({
    name: 'gateway_info',
    help: 'Always 1; its label is the version.',
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
  const { breaker, ...upstream } = createUpstreamMetrics(registry, now);
  const instruments = { ...createOperationMetrics(registry, nameOf), ...createCacheMetrics(registry), ...upstream };
  const endEventLoop = watchEventLoop(registry);
  if (collectProcessMetrics) registerProcessMetrics(registry);
  return {
    instruments,
    breaker,
    recordDefect: (origin) => {
      defects.inc({ origin });
    },
    watch: (sources) => {
      watchSources(registry, sources);
    },
    expose: async () => ({
      contentType: registry.contentType,
      text: await registry.metrics(),
    }),
    close: endEventLoop,
  };
}

const EVENT_LOOP = 'nodejs_eventloop_lag';

/** Without those of the event loop: they count the time between two ticks as lag, and are no number at first. */
function registerProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 60_000 });
  for (const { name } of registry.getMetricsAsArray())
    if (name.startsWith(EVENT_LOOP)) registry.removeSingleMetric(name);
}
