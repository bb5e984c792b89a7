// The metrics of several processes as those of one: counts add up, and each gauge says itself how it is to be merged.

import { AggregatorRegistry, type MetricObjectWithValues, type MetricValue } from 'prom-client';

/** The metrics of one process, as data. */
export type MetricsDump = readonly MetricObjectWithValues<MetricValue<string>>[];

/** How a process takes part in the metrics of all. */
export interface Siblings {
  /** Says how its own are read. */
  offer(read: () => Promise<MetricsDump>): void;
  /** Those of all, in Prometheus' text format; undefined when they cannot be had. */
  collect(): Promise<string | undefined>;
}

export function toText(dumps: readonly MetricsDump[]): Promise<string> {
  return merge(dumps).metrics();
}

/** What of a process may not be forgotten when it has ended: a sum that falls looks like a restart, and counts twice. */
export function addCounts(...dumps: readonly MetricsDump[]): Promise<MetricsDump> {
  return merge(dumps.map(toCounts)).getMetricsAsJSON();
}

export function toCounts(dump: MetricsDump): MetricsDump {
  // A type is its name, whatever the declaration says.
  return dump.filter(({ type }: { readonly type: unknown }) => type === 'counter' || type === 'histogram');
}

function merge(dumps: readonly MetricsDump[]) {
  return AggregatorRegistry.aggregate(dumps as MetricsDump[]);
}
