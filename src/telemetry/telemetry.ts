// What the gateway lets be seen of itself: metrics, and traces where they are configured.

import type { Clock } from '../clock.js';
import { chain, type Instruments } from './instrumentation.js';
import type { Siblings } from './aggregate-metrics.js';
import { createMetrics, type Metrics } from './metrics.js';
import { createOperationNames } from './operation-names.js';
import { loadTracing, type Tracing, type TracingSettings } from './tracing.js';

export interface TelemetrySettings {
  readonly metrics: boolean;
  /** Operations that metrics and traces name. */
  readonly operations: readonly string[];
  /** Undefined: there are none. */
  readonly tracing: TracingSettings | undefined;
}

export interface TelemetryOptions extends TelemetrySettings {
  readonly version: string;
  readonly clock: Clock;
  /** Whether metrics tell of the whole process as well. */
  readonly ofProcess: boolean;
  /** The other processes behind the same port, whose metrics are told with ours. */
  readonly siblings?: Siblings | undefined;
  /** Told when traces begin not to arrive, and when they arrive again. */
  readonly onTracesLost: (isLost: boolean, reason?: string) => void;
}

export interface Telemetry {
  /** Undefined where nobody looks. */
  readonly instruments: Instruments | undefined;
  readonly metrics: Metrics | undefined;
  /** Traces begin with it; without them there is nothing to wait for. Rejects where they cannot be had. */
  readonly ready: Promise<void> | undefined;
  close(): Promise<void>;
}

export function createTelemetry(options: TelemetryOptions): Telemetry {
  const { clock, tracing: settings, ...rest } = options;
  const nameOf = createOperationNames(options.operations);
  const metrics = options.metrics ? createMetrics({ ...rest, nameOf, now: () => clock.now() }) : undefined;
  const tracing =
    settings && createLateTracing(loadTracing({ ...rest, ...settings, clock, nameOf, onTrouble: rest.onTracesLost }));
  const both = [metrics?.instruments, tracing?.instruments].filter((each) => each !== undefined);
  return {
    instruments: both.length === 0 ? undefined : both.reduce(chain),
    metrics,
    ready: tracing?.ready,
    async close() {
      metrics?.close();
      await tracing?.close();
    },
  };
}

/** Stands everywhere from the start, and does something when it is loaded. */
function createLateTracing(loading: Promise<Tracing>) {
  let loaded: Tracing | undefined;
  const ready = loading.then((tracing) => {
    loaded = tracing;
  });
  // Whoever waits for it is told.
  ready.catch(() => undefined);
  const instruments: Instruments = {
    begin: (request) => loaded?.instruments.begin(request) ?? UNSEEN,
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

const UNSEEN = { execute: <T>(_operation: unknown, run: () => T): T => run(), end: () => undefined };
