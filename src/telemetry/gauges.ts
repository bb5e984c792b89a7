// What is looked up when somebody collects the metrics, and costs nothing else: sizes, queues, the delay of the event loop.

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Gauge, type Registry } from 'prom-client';

/** The parts that can tell. */
export interface Sources {
  readonly cache: { size(): { readonly bytes: number; readonly maxBytes: number; readonly entries: number } };
  readonly upstream: { load(): { readonly inFlight: number; readonly queued: number } };
  /** Undefined where replicas share nothing. */
  readonly shared: { isUp(): boolean } | undefined;
}

export function watchSources(registry: Registry, { cache, upstream, shared }: Sources): void {
  const watch = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  };
  watch('gateway_cache_bytes', 'Bytes of the reports that the process keeps.', () => cache.size().bytes);
  watch('gateway_cache_max_bytes', 'Bytes that they may take.', () => cache.size().maxBytes);
  watch('gateway_cache_entries', 'Reports that the process keeps.', () => cache.size().entries);
  watch('gateway_upstream_in_flight', 'Calls to ScaleOps that run.', () => upstream.load().inFlight);
  watch('gateway_upstream_queued', 'Calls to ScaleOps that wait for their turn.', () => upstream.load().queued);
  if (shared !== undefined) {
    watch('gateway_shared_cache_up', '1 while the memory that replicas share is of use.', () => Number(shared.isUp()));
  }
}

const RESOLUTION_MS = 20;
const NANOSECONDS = 1e9;
const QUANTILES = [0.5, 0.9, 0.99, 1];

/** Answers with what ends it: until then the process wakes for it all the time. */
export function watchEventLoop(registry: Registry): () => void {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  new Gauge({
    name: 'gateway_event_loop_delay_seconds',
    help: 'How late the event loop was since the metrics were last collected; quantile 1 is the longest.',
    labelNames: ['quantile'],
    registers: [registry],
    collect() {
      // What Node measures is the time between two ticks, which are this far apart when nothing is late.
      const lateNs = (quantile: number) => delays.percentile(100 * quantile) - RESOLUTION_MS * 1e6;
      for (const quantile of QUANTILES)
        this.set({ quantile: String(quantile) }, Math.max(0, lateNs(quantile)) / NANOSECONDS);
      delays.reset();
    },
  });
  delays.enable();
  return () => {
    delays.disable();
  };
}
