// Traces, where they are wanted: OpenTelemetry is loaded only then, because it costs time and memory even when it has
// nothing to do.

import type { Clock } from '../clock.js';
import type { Instruments } from './instrumentation.js';
import type { NameOf } from './operation-names.js';

/** Where traces go, and which. */
export interface TracingSettings {
  /** An OTLP receiver; the path of traces, `/v1/traces`, comes behind its own. */
  readonly endpoint: string;
  /** A secret. */
  readonly headers: Readonly<Record<string, string>>;
  readonly serviceName: string;
  /** The part of the traces that begin here which is kept, from 0 to 1. A caller's own decision goes before it. */
  readonly ratio: number;
}

export interface TracingOptions extends TracingSettings {
  readonly version: string;
  readonly nameOf: NameOf;
  readonly clock: Clock;
  /** Told when traces begin not to arrive, and when they arrive again. */
  readonly onTrouble: (isTrouble: boolean, reason?: string) => void;
}

export interface Tracing {
  readonly instruments: Instruments;
  /** Sends what is left, for a moment, and lets go of everything. */
  close(): Promise<void>;
}

export async function loadTracing(options: TracingOptions): Promise<Tracing> {
  const { createTracing } = await import('./spans.js');
  return createTracing(options);
}
