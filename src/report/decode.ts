// From the upstream's JSON to a Report. The vendor's page shows one sample and the server is written in Go, so this
// reads generously what may be odd (nulls for lists, numbers as text, labels in four shapes) and refuses only what is
// no cost report at all. Nothing that came from outside stands in an error's text.

import { byField, createNameColumn, NAME_FIELDS, NUMBER_FIELDS, type Columns, type NameField } from './columns.js';
import { createNumberColumn } from './decimal-column.js';
import { createLabelPool, toLabels, toStrings, type LabelPool } from './decode-lists.js';
import { toCount, toNumber, toText, type NumberNotes } from './decode-values.js';
import type { Label } from './label.js';
import { createReport, DERIVED_BYTES_PER_ROW, type Report, type ReportWindow } from './report.js';

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
  const columns = decodeRows((list ?? []) as unknown[], pool, notes);
  const clusters = toStrings(json.clusters, pool);
  const byteSize = measure(columns) + pool.byteSize();
  const report = createReport({ window: decodeWindow(json.window), clusters, columns, byteSize });
  return { report, droppedNumbers: notes.dropped };
}

function decodeRows(list: readonly unknown[], pool: LabelPool, notes: NumberNotes): Columns {
  const rowCount = list.length;
  const ids: string[] = [];
  const numbers = byField(NUMBER_FIELDS, () => new Float64Array(rowCount));
  const writers = byField(NAME_FIELDS, () => createNameColumn(rowCount));
  const labels: (readonly Label[] | null)[] = [];
  const annotations: (readonly Label[] | null)[] = [];
  const ownerLabels: (readonly Label[])[] = [];
  const services: (readonly string[])[] = [];
  list.forEach((row, index) => {
    if (!isObject(row)) throw new ReportShapeError('a row is not an object');
    // GraphQL's ID is never null; a row without one is named by what it is about.
    ids.push(toText(row.id) ?? ID_PARTS.map((part) => toText(row[part]) ?? '').join('/'));
    for (const field of NAME_FIELDS) writers[field].write(index, toText(row[field]));
    for (const field of NUMBER_FIELDS) {
      const read = field === 'amountOfWorkloads' ? toCount : toNumber;
      numbers[field][index] = read(row[field], notes) ?? Number.NaN;
    }
    labels.push(row.labels == null ? null : toLabels(row.labels, pool));
    annotations.push(row.annotations == null ? null : toLabels(row.annotations, pool));
    ownerLabels.push(toLabels(row.ownerLabels, pool));
    services.push(toStrings(row.services, pool));
  });
  const names = byField(NAME_FIELDS, (field) => writers[field].column);
  const columns = byField(NUMBER_FIELDS, (field) => createNumberColumn(numbers[field]));
  return {
    rowCount,
    ids,
    numbers: columns,
    names,
    labels,
    annotations,
    ownerLabels,
    services,
    findLabel: pool.findLabel,
  };
}

const ID_PARTS: readonly NameField[] = ['clusterName', 'namespace', 'workloadType', 'workloadName'];

function decodeWindow(value: unknown): ReportWindow | null {
  if (!isObject(value)) return null;
  const startTime = toTime(value.startTime);
  const endTime = toTime(value.endTime);
  return startTime === null || endTime === null ? null : { startTime, endTime };
}

// Date.parse alone would take "day 5" for a day in 2001.
const DATE = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d|$)/;

/** The upstream writes no time zone and means UTC; JavaScript would read that as the machine's own. */
function toTime(value: unknown): number | null {
  const text = toText(value);
  if (text === null || !DATE.test(text)) return null;
  const time = Date.parse(/(?:Z|[+-]\d\d:?\d\d)$/i.test(text) ? text : `${text}Z`);
  return Number.isNaN(time) ? null : time;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

// What is on V8's heap, as measured by test/bench/memory.mjs: a report without rows, a text, a list, a slot in one.
const REPORT_BYTES = 20_480;
const TEXT_BYTES = 32;
const LIST_BYTES = 40;
const SLOT_BYTES = 8;

function measure({ rowCount, ids, names, labels, annotations, ownerLabels, services }: Columns): number {
  // Numbers, the codes of names, and the list of all rows' numbers.
  let bytes = REPORT_BYTES + rowCount * (8 * NUMBER_FIELDS.length + 4 * NAME_FIELDS.length + 4 + DERIVED_BYTES_PER_ROW);
  for (const texts of [ids, ...NAME_FIELDS.map((field) => names[field].values)]) {
    for (const text of texts) bytes += TEXT_BYTES + (text?.length ?? 0);
  }
  for (const lists of [labels, annotations, ownerLabels, services]) {
    for (const list of lists) bytes += SLOT_BYTES + (list?.length ? LIST_BYTES + SLOT_BYTES * list.length : 0);
  }
  return bytes;
}
