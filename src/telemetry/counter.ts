// Counters whose labels have closed lists of values.

import { Counter, type Registry } from 'prom-client';

/**
 * A counter with all of its series at 0: a series that starts with its first event has no rate at that moment.
 * @param labels the values of each label; every combination is a series.
 */
export function createCounter<L extends string>(
  registry: Registry,
  name: string,
  help: string,
  labels: Readonly<Record<L, readonly string[]>>,
): Counter<L> {
  const labelNames = Object.keys(labels) as L[];
  const counter = new Counter({ name, help, labelNames, registers: [registry] });
  const combinations = labelNames.reduce<Partial<Record<L, string>>[]>(
    (series, label) => series.flatMap((others) => labels[label].map((value) => ({ ...others, [label]: value }))),
    [{}],
  );
  for (const series of combinations) counter.inc(series, 0);
  return counter;
}
