// The JSON of both reports, as the vendor's Go server writes it: 22 fields per row in the documented order, empty lists as
// null, unset strings as "", times without a zone. It is produced in chunks of 1,000 rows, so that 100,000 rows are never
// one string, and do not block the event loop for long.

import type { Figures } from './history/costs.js';
import type { Window } from './history/timeline.js';
import type { Label } from './workload.js';

/** The identity of a row: a workload, or a group of workloads. */
export interface RowNames {
  readonly id: string;
  readonly clusterName: string;
  readonly namespace: string;
  readonly workloadName?: string;
  readonly workloadType?: string;
  readonly labels?: readonly Label[];
  readonly annotations?: readonly Label[];
  readonly ownerLabels?: readonly Label[];
  readonly services?: readonly string[];
}

export interface Report {
  readonly rows: Iterable<ReturnType<typeof toRow>>;
  /** The clusters that the rows are from. */
  readonly clusterNames: readonly string[];
  readonly window: Window;
  /** Clusters whose rows are missing because they failed. */
  readonly failedClusters: readonly string[];
}

const ROWS_PER_CHUNK = 1000;

/** A row of the report. Costs are in dollars, CPU in millicores, memory in bytes, hours are pod-hours. */
export function toRow(names: RowNames, figures: Figures) {
  const hours = figures.onDemandMilliHours + figures.spotMilliHours;
  return {
    amountOfWorkloads: figures.workloadCount,
    annotations: orNull(names.annotations),
    clusterName: names.clusterName,
    hourlyCost: figures.hourlyMicros / 1e6,
    id: names.id,
    labels: orNull(names.labels),
    namespace: names.namespace,
    onDemandHours: figures.onDemandMilliHours / 1e3,
    onDemandPercent: percent(figures.onDemandMilliHours, hours),
    ownerCpuRequest: figures.cpuMillicores,
    ownerGpuRequest: figures.gpuThousandths / 1e3,
    ownerLabels: orNull(names.ownerLabels),
    ownerMemoryRequest: figures.memoryBytes,
    replicas: figures.replicaThousandths / 1e3,
    savingsAvailable: figures.savingsMicros / 1e6,
    savingsAvailableWithReplicas: figures.savingsWithReplicasMicros / 1e6,
    services: orNull(names.services),
    spotHours: figures.spotMilliHours / 1e3,
    spotPercent: percent(figures.spotMilliHours, hours),
    totalCost: figures.totalMicros / 1e6,
    workloadName: names.workloadName ?? '',
    workloadType: names.workloadType ?? '',
  };
}

/** The JSON text of a report, in chunks. */
export function* reportText(report: Report): Generator<string, void> {
  let chunk = '';
  let rowCount = 0;
  for (const row of report.rows) {
    if (rowCount > 0 && rowCount % ROWS_PER_CHUNK === 0) {
      yield chunk;
      chunk = '';
    }
    chunk += (rowCount === 0 ? '{"aggregatedWorkloads":[' : ',') + JSON.stringify(row);
    rowCount++;
  }
  const clusters = JSON.stringify(orNull(report.clusterNames));
  const window = JSON.stringify({
    startTime: toZonelessTime(report.window.fromMs),
    endTime: toZonelessTime(report.window.toMs),
  });
  const members = `"clusters":${clusters},"window":${window}${failureText(report.failedClusters)}}`;
  yield `${rowCount === 0 ? '{"aggregatedWorkloads":null' : `${chunk}]`},${members}`;
}

/** Undocumented members of a report with failures. */
function failureText(failedClusters: readonly string[]): string {
  if (failedClusters.length === 0) return '';
  const error = `no answer from ${failedClusters.join(', ')}`;
  return `,"error":${JSON.stringify(error)},"failedClusters":${JSON.stringify(failedClusters)}`;
}

function orNull<T>(list: readonly T[] = []): readonly T[] | null {
  return list.length === 0 ? null : list;
}

function percent(part: number, whole: number): number {
  return whole === 0 ? 0 : (part * 100) / whole;
}

/** `2025-01-01T00:00:00`, UTC. */
function toZonelessTime(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 19);
}
