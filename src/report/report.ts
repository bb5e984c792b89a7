// A cost report as ScaleOps gave it: immutable data and the questions that can be asked of it. No I/O, no GraphQL, no
// HTTP. The rows are reached through methods only, so that how they are held can change.

import { sortRows, type RowOrder } from './order.js';

/** A Kubernetes label or annotation. */
export interface Label {
  readonly key: string;
  readonly value: string;
}

/** One row. Text that the upstream leaves empty, and numbers that it leaves out or that are not finite, are null. */
export interface ReportRow {
  readonly id: string;
  readonly clusterName: string | null;
  readonly namespace: string | null;
  readonly workloadName: string | null;
  readonly workloadType: string | null;
  readonly amountOfWorkloads: number | null;
  readonly labels: readonly Label[] | null;
  readonly annotations: readonly Label[] | null;
  readonly ownerLabels: readonly Label[];
  readonly services: readonly string[];
  readonly totalCost: number | null;
  readonly hourlyCost: number | null;
  readonly savingsAvailable: number | null;
  readonly savingsAvailableWithReplicas: number | null;
  readonly onDemandHours: number | null;
  readonly onDemandPercent: number | null;
  readonly spotHours: number | null;
  readonly spotPercent: number | null;
  readonly ownerCpuRequest: number | null;
  readonly ownerGpuRequest: number | null;
  readonly ownerMemoryRequest: number | null;
  readonly replicas: number | null;
}

/** The time a report covers, [startTime, endTime), in milliseconds since the Unix epoch. */
export interface ReportWindow {
  readonly startTime: number;
  readonly endTime: number;
}

/** Which rows, and in which order. */
export interface RowQuestion {
  /** The first key decides, each further one among equals; empty: the upstream's order. */
  readonly orderBy?: readonly RowOrder[];
  /** How many rows at the most, 0 or more; all of them where it is left out. */
  readonly first?: number | undefined;
}

/** The rows that answer a question, and how many there are before `first` cuts them off. */
export interface RowSelection {
  readonly rows: readonly ReportRow[];
  readonly totalCount: number;
}

export interface Report {
  /** Null when the upstream named no window that can be read. */
  readonly window: ReportWindow | null;
  readonly clusters: readonly string[];
  /** About how many bytes of memory the report takes; what the cache's bound counts. */
  readonly byteSize: number;
  selectRows(question: RowQuestion): RowSelection;
  /** The row's part (0 to 1) of the whole report's cost; null where either is unknown or the whole is 0. */
  shareOf(row: ReportRow): number | null;
}

/** A report over rows that nobody will change. `byteSize` as measured by who decoded them. */
export function createReport(data: {
  readonly window: ReportWindow | null;
  readonly clusters: readonly string[];
  readonly rows: readonly ReportRow[];
  readonly byteSize: number;
}): Report {
  const { window, clusters, rows, byteSize } = data;
  let totalCost: number | undefined;
  return {
    window,
    clusters,
    byteSize,
    selectRows({ orderBy = [], first = rows.length }) {
      const ordered = sortRows(rows, orderBy);
      return { rows: first < ordered.length ? ordered.slice(0, first) : ordered, totalCount: rows.length };
    },
    shareOf(row) {
      totalCost ??= sum(rows, (each) => each.totalCost);
      return row.totalCost === null || totalCost === 0 ? null : row.totalCost / totalCost;
    },
  };
}

/** Adds what is known, with Neumaier's compensation: 100,000 costs of cents must not drift. */
function sum(rows: readonly ReportRow[], valueOf: (row: ReportRow) => number | null): number {
  let total = 0;
  let lost = 0;
  for (const row of rows) {
    const value = valueOf(row) ?? 0;
    const next = total + value;
    lost += Math.abs(total) >= Math.abs(value) ? total - next + value : value - next + total;
    total = next;
  }
  return total + lost;
}
