// Selects the workloads of a report: those in its window that pass all tests, without the clusters that fail.

import { existsIn } from './history/costs.js';
import { createPeriod, type Window } from './history/timeline.js';
import type { Fleet } from './fleet.js';
import { parseWindow, type Parameters } from './parameters.js';
import type { Workload } from './workload.js';

/** Faults of a real host, which the vendor's documentation does not mention. */
export interface ReportFaults {
  /** Replaces the requested window, like a host that has no older data. */
  readonly replaceWindow?: (requested: Window) => Window;
  /** Names of clusters that fail now: their rows are missing, and the report has `error` and `failedClusters`. */
  readonly failedClusters?: () => readonly string[];
}

/** A simulated host at the moment of a request. */
export interface Host {
  readonly fleet: Fleet;
  readonly nowMs: number;
  /** Midnight UTC of the simulator's first day. */
  readonly firstDayMs: number;
  readonly faults: ReportFaults;
}

export type WorkloadTest = (workload: Workload) => boolean;

/** @throws BadRequest for a window that is refused. */
export function select(
  { fleet, nowMs, firstDayMs, faults }: Host,
  parameters: Parameters,
  tests: readonly WorkloadTest[],
) {
  const requested = parseWindow(parameters, nowMs);
  const window = faults.replaceWindow?.(requested) ?? requested;
  const period = createPeriod(window, nowMs, firstDayMs);
  const inScope = scopeTest(fleet, parameters);
  const selected = fleet.workloadsOfAllTime.filter(
    (workload) => inScope(workload) && tests.every((test) => test(workload)) && existsIn(workload, period),
  );
  const down = new Set(faults.failedClusters?.());
  const present = new Set(selected.map((workload) => workload.clusterName));
  return {
    workloads: down.size === 0 ? selected : selected.filter((workload) => !down.has(workload.clusterName)),
    /** The clusters of these workloads, in the fleet's order. */
    clusterNames: fleet.clusterNames.filter((name) => present.has(name) && !down.has(name)),
    failedClusters: fleet.clusterNames.filter((name) => present.has(name) && down.has(name)),
    window,
    period,
  };
}

/** The host's own cluster or all, with or without ignored workloads. */
function scopeTest(fleet: Fleet, parameters: Parameters): WorkloadTest {
  const [ownCluster] = fleet.clusterNames;
  const isMultiCluster = parameters.boolean('multiCluster');
  const includesIgnored = !parameters.boolean('shouldIgnoreWorkloads');
  return (workload) =>
    (isMultiCluster || workload.clusterName === ownCluster) && (includesIgnored || !workload.isIgnored);
}
