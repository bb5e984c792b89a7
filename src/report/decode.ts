// From the upstream's JSON to a Report. The vendor's page shows one sample and the server is written in Go, so this
// reads generously what may be odd (nulls for lists, numbers as text, labels in four shapes) and refuses only what is
// no cost report at all. Nothing that came from outside stands in an error's text.

import { toCount, toNumber, toText, type NumberNotes } from './decode-values.js';
import { createLabelPool, toLabels, toStrings, type LabelPool } from './decode-lists.js';
import { createReport, type Report, type ReportRow, type ReportWindow } from './report.js';

/** Why a JSON value is no cost report; `message` is a fixed text of ours. */
export class ReportShapeError extends Error {
  override readonly name = 'ReportShapeError';
}

export interface DecodedReport {
  readonly report: Report;
  /** Numbers that were left out because they were not finite, or no whole number where one is due. */
  readonly droppedNumbers: number;
}

/**
 * Reads the answer of either cost report.
 * @throws ReportShapeError when `json` is no object with a list `aggregatedWorkloads` of objects.
 */
export function decodeReport(json: unknown): DecodedReport {
  if (!isObject(json)) throw new ReportShapeError('the answer is not an object');
  const list = json.aggregatedWorkloads;
  if (list === undefined) throw new ReportShapeError('the answer has no aggregatedWorkloads');
  if (list !== null && !Array.isArray(list)) throw new ReportShapeError('aggregatedWorkloads is not a list');

  const pool = createLabelPool();
  const notes: NumberNotes = { dropped: 0 };
  const rows = ((list ?? []) as unknown[]).map((row) => {
    if (!isObject(row)) throw new ReportShapeError('a row is not an object');
    return decodeRow(row, pool, notes);
  });
  const clusters = toStrings(json.clusters, pool);
  const report = createReport({ window: decodeWindow(json.window), clusters, rows, byteSize: measure(rows, pool) });
  return { report, droppedNumbers: notes.dropped };
}

function decodeRow(row: Record<string, unknown>, pool: LabelPool, notes: NumberNotes): ReportRow {
  const text = (name: string): string | null => {
    const value = toText(row[name]);
    return value === null ? null : pool.text(value);
  };
  const number = (name: string): number | null => toNumber(row[name], notes);
  const clusterName = text('clusterName');
  const namespace = text('namespace');
  const workloadType = text('workloadType');
  const workloadName = toText(row.workloadName);
  return {
    // GraphQL's ID is never null; a row without one is named by what it is about.
    id: toText(row.id) ?? [clusterName, namespace, workloadType, workloadName].map((part) => part ?? '').join('/'),
    clusterName,
    namespace,
    workloadName,
    workloadType,
    amountOfWorkloads: toCount(row.amountOfWorkloads, notes),
    labels: row.labels == null ? null : toLabels(row.labels, pool),
    annotations: row.annotations == null ? null : toLabels(row.annotations, pool),
    ownerLabels: toLabels(row.ownerLabels, pool),
    services: toStrings(row.services, pool),
    totalCost: number('totalCost'),
    hourlyCost: number('hourlyCost'),
    savingsAvailable: number('savingsAvailable'),
    savingsAvailableWithReplicas: number('savingsAvailableWithReplicas'),
    onDemandHours: number('onDemandHours'),
    onDemandPercent: number('onDemandPercent'),
    spotHours: number('spotHours'),
    spotPercent: number('spotPercent'),
    ownerCpuRequest: number('ownerCpuRequest'),
    ownerGpuRequest: number('ownerGpuRequest'),
    ownerMemoryRequest: number('ownerMemoryRequest'),
    replicas: number('replicas'),
  };
}

function decodeWindow(value: unknown): ReportWindow | null {
  if (!isObject(value)) return null;
  const startTime = toTime(value.startTime);
  const endTime = toTime(value.endTime);
  return startTime === null || endTime === null ? null : { startTime, endTime };
}

/** The upstream writes no time zone and means UTC; JavaScript would read that as the machine's own. */
function toTime(value: unknown): number | null {
  const text = toText(value);
  if (text === null) return null;
  const time = Date.parse(/(?:Z|[+-]\d\d:?\d\d)$/i.test(text) ? text : `${text}Z`);
  return Number.isNaN(time) ? null : time;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

// What one row takes on V8's heap (Node 20 and 26, measured by test/bench/memory.ts): the object with its 22 slots and
// about 12 boxed numbers; a list's header and a slot for each element; a character of a text that no other row shares.
const ROW_BYTES = 448;
const LIST_BYTES = 32;
const SLOT_BYTES = 8;
const TEXT_BYTES = 24;

function measure(rows: readonly ReportRow[], pool: LabelPool): number {
  let bytes = pool.byteSize();
  for (const row of rows) {
    bytes += ROW_BYTES + TEXT_BYTES * 2 + row.id.length + (row.workloadName?.length ?? 0);
    for (const list of [row.labels, row.annotations, row.ownerLabels, row.services]) {
      if (list !== null) bytes += LIST_BYTES + SLOT_BYTES * list.length;
    }
  }
  return bytes;
}
