// From ScaleOps' JSON to a report. The documentation shows one sample and the server is written in Go, so this accepts
// unusual forms (null for a list, numbers as text, labels in four shapes) and refuses only what is no cost report. Error
// messages contain nothing from the response.

import {
  byField,
  LABEL_FIELDS,
  LIST_FIELDS,
  NAME_FIELDS,
  NULL_LIST,
  NUMBER_FIELDS,
  type ColumnData,
} from '../columns/columns.js';
import { createNumberColumn } from '../columns/decimal-column.js';
import { DistinctTexts, ListWriter } from './json-lists.js';
import { toCount, toNumber, toText, type DroppedNumberCount } from './json-values.js';
import { pack } from '../columns/pack.js';
import type { ReportWindow } from '../window.js';
import { toReport, type DecodedReport, type ReportData } from '../report-data.js';
import { StringColumnBuilder } from '../columns/strings.js';

/** The JSON value is no cost report; `message` is a fixed text. */
export class ReportShapeError extends Error {
  override readonly name = 'ReportShapeError';
}

/**
 * Reads the response of either cost report.
 * @throws ReportShapeError when `json` is no object with a list `aggregatedWorkloads` of objects.
 */
export function decodeReport(json: unknown): DecodedReport {
  return toReport(decodeData(json));
}

/** The same as plain data. @throws ReportShapeError */
export function decodeData(json: unknown): ReportData {
  if (!isObject(json)) throw new ReportShapeError('the answer is not an object');
  const list = json.aggregatedWorkloads;
  if (list === undefined) throw new ReportShapeError('the answer has no aggregatedWorkloads');
  if (list !== null && !Array.isArray(list)) throw new ReportShapeError('aggregatedWorkloads is not a list');

  const notes: DroppedNumberCount = { dropped: 0 };
  const columns = pack(decodeRows((list ?? []) as unknown[], notes));
  return { ...decodeEnvelope(json), columns, droppedNumbers: notes.dropped };
}

/** No fleet has more clusters. A longer list is refused before a report retains it. */
const MAX_CLUSTERS = 100_000;

/** What a response says besides its rows. @throws ReportShapeError for a list of more than MAX_CLUSTERS clusters. */
export function decodeEnvelope({ window, clusters }: Readonly<Record<string, unknown>>): Envelope {
  const list = Array.isArray(clusters) ? (clusters as unknown[]) : [];
  if (list.length > MAX_CLUSTERS) throw new ReportShapeError(`clusters lists more than ${MAX_CLUSTERS} names`);
  return { window: decodeWindow(window), clusters: list.map(toText).filter((name) => name !== null) };
}
type Envelope = Pick<ReportData, 'window' | 'clusters'>;

function decodeRows(list: readonly unknown[], notes: DroppedNumberCount): ColumnData {
  const rowCount = list.length;
  const ids = new StringColumnBuilder();
  const numbers = byField(NUMBER_FIELDS, () => new Float64Array(rowCount));
  const names = byField(NAME_FIELDS, () => ({ codes: new Uint32Array(rowCount), values: new DistinctTexts() }));
  // Code 0, the empty text, stands for null.
  for (const field of NAME_FIELDS) names[field].values.numberOf('');
  const lists = byField(LIST_FIELDS, () => new Uint32Array(rowCount));
  const writer = new ListWriter();
  list.forEach((row, index) => {
    if (!isObject(row)) throw new ReportShapeError('a row is not an object');
    ids.add(toText(row.id) ?? '');
    for (const field of NAME_FIELDS) names[field].codes[index] = names[field].values.numberOf(toText(row[field]) ?? '');
    for (const field of NUMBER_FIELDS) {
      const read = field === 'amountOfWorkloads' ? toCount : toNumber;
      numbers[field][index] = read(row[field], notes) ?? Number.NaN;
    }
    for (const field of LABEL_FIELDS) {
      lists[field][index] = row[field] == null ? NULL_LIST : writer.addLabels(row[field]);
    }
    lists.services[index] = writer.addServices(row.services);
  });
  return {
    rowCount,
    ids: ids.data(),
    numbers: byField(NUMBER_FIELDS, (field) => createNumberColumn(numbers[field])),
    names: byField(NAME_FIELDS, (field) => ({ codes: names[field].codes, values: names[field].values.data() })),
    lists,
    ...writer.data(),
  };
}

function decodeWindow(value: unknown): ReportWindow | null {
  if (!isObject(value)) return null;
  const startTime = toTime(value.startTime);
  const endTime = toTime(value.endTime);
  return startTime === null || endTime === null ? null : { startTime, endTime };
}

// Date.parse accepts more: "day 5" is a day in 2001.
const DATE = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d|$)/;

/** ScaleOps sends no time zone and means UTC; Date.parse would use the time zone of the machine. */
function toTime(value: unknown): number | null {
  const text = toText(value);
  if (text === null || !DATE.test(text)) return null;
  const time = Date.parse(/(?:Z|[+-]\d\d:?\d\d)$/i.test(text) ? text : `${text}Z`);
  return Number.isNaN(time) ? null : time;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
