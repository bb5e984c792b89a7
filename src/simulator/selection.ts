// What both reports do with the workloads that a request asks for: its window, the rows that existed in it, and the faults
// that a test wants.

import { existsIn } from './history/costs.js';
import { createPeriod, type Period, type Window } from './history/timeline.js';
import type { Fleet } from './fleet.js';
import { readWindow, type Parameters } from './parameters.js';
import type { Workload } from './workload.js';

/** What a real host may do wrong; none of it is in the vendor's documentation. */
export interface ReportFaults {
  /** The window that a report has instead of the one that was asked for: of a host that has not stored older data, say. */
  readonly answerWindow?: (asked: Window) => Window;
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

interface Selection {
  readonly workloads: readonly Workload[];
  /** The clusters of these workloads, in the fleet's order. */
  readonly clusterNames: readonly string[];
  readonly failedClusters: readonly string[];
  readonly window: Window;
  readonly period: Period;
}

/** @throws BadRequest for a window that is refused. */
export function select(host: Host, parameters: Parameters, tests: readonly WorkloadTest[]): Selection {
  const { fleet, nowMs, firstDayMs, faults } = host;
  const asked = readWindow(parameters, nowMs);
  const window = faults.answerWindow?.(asked) ?? asked;
  const period = createPeriod(window, nowMs, firstDayMs);
  const inScope = scopeTest(fleet, parameters);
  const found = fleet.everyWorkload.filter(
    (workload) => inScope(workload) && tests.every((test) => test(workload)) && existsIn(workload, period),
  );
  const down = new Set(faults.failedClusters?.());
  const present = new Set(found.map((workload) => workload.clusterName));
  return {
    workloads: down.size === 0 ? found : found.filter((workload) => !down.has(workload.clusterName)),
    clusterNames: fleet.clusterNames.filter((name) => present.has(name) && !down.has(name)),
    failedClusters: fleet.clusterNames.filter((name) => present.has(name) && down.has(name)),
    window,
    period,
  };
}

/** The host's own cluster or all, with or without ignored workloads. */
function scopeTest(fleet: Fleet, parameters: Parameters): WorkloadTest {
  const [ownCluster] = fleet.clusterNames;
  const isEveryCluster = parameters.boolean('multiCluster');
  const withIgnored = !parameters.boolean('shouldIgnoreWorkloads');
  return (workload) => (isEveryCluster || workload.clusterName === ownCluster) && (withIgnored || !workload.isIgnored);
}
