// Gauges whose values are read when Prometheus collects the metrics: sizes, queues, the delay of the event loop.

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Gauge, type Registry } from 'prom-client';

/** The parts that the gauges are read from. */
export interface GaugeSources {
  readonly cache: { size(): { readonly bytes: number; readonly maxBytes: number; readonly entries: number } };
  readonly upstream: { load(): { readonly inFlight: number; readonly queued: number } };
  /** Undefined without a shared cache. */
  readonly shared: { isUp(): boolean } | undefined;
}

export function registerGauges(registry: Registry, { cache, upstream, shared }: GaugeSources): void {
  const register = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  };
  register('gateway_cache_bytes', 'Bytes of the cached reports.', () => cache.size().bytes);
  register('gateway_cache_max_bytes', 'Limit of gateway_cache_bytes.', () => cache.size().maxBytes);
  register('gateway_cache_entries', 'Reports in the cache.', () => cache.size().entries);
  register('gateway_upstream_in_flight', 'Calls to ScaleOps in flight.', () => upstream.load().inFlight);
  register('gateway_upstream_queued', 'Calls to ScaleOps that wait for a slot.', () => upstream.load().queued);
  if (shared !== undefined) {
    register(
      'gateway_shared_cache_up',
      '1 while the shared cache is in use, 0 while it is unreachable or bypassed.',
      () => Number(shared.isUp()),
    );
  }
}

const RESOLUTION_MS = 20;
const NANOSECONDS_PER_SECOND = 1e9;
const PERCENTILES = [50, 90, 99, 100];

/** Returns a function that stops the measurement; its timer wakes the process every RESOLUTION_MS. */
export function measureEventLoopDelay(registry: Registry): () => void {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  new Gauge({
    name: 'gateway_event_loop_delay_seconds',
    help: 'Delay of the event loop since the last collection; percentile 100 is the longest.',
    labelNames: ['percentile'],
    registers: [registry],
    collect() {
      for (const percentile of PERCENTILES) {
        // Node measures the time between two ticks, which are RESOLUTION_MS apart without any delay.
        const delayNs = Math.max(0, delays.percentile(percentile) - RESOLUTION_MS * 1e6);
        this.set({ percentile: String(percentile) }, delayNs / NANOSECONDS_PER_SECOND);
      }
      delays.reset();
    },
  });
  delays.enable();
  return () => {
    delays.disable();
  };
}
