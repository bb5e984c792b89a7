// From ScaleOps' JSON to a report. The documentation shows one sample and the server is written in Go, so this accepts
// unusual forms (null for a list, numbers as text, labels in seven shapes), warns of what it cannot read, and refuses only what
// is not a cost report. Error messages contain nothing from the response.

import { byField, LABEL_FIELDS, LIST_FIELDS, NAME_FIELDS, NULL_LIST, NUMBER_FIELDS } from '../columns/columns.js';
import { createNumberColumn } from '../columns/decimal-column.js';
import { assembleReport, type DecodedRows } from './assemble-report.js';
import { decodeEnvelope, ReportShapeError } from './envelope/envelope.js';
import { toLabels } from './json/labels.js';
import { DistinctTexts, ListCollector } from './json/lists.js';
import { isObject, toCount, toName, toNumber, toText } from './json/values.js';
import { toReport, type ReportData } from '../report-data.js';
import type { Report } from '../report.js';
import { RowMarks } from '../warnings.js';
import { toStringData } from '../columns/strings.js';

/**
 * Reads the response of either cost report.
 * @throws ReportShapeError when `json` is no object with a list `aggregatedWorkloads`, or none of its rows is an object.
 */
export function decodeReport(json: unknown): { readonly report: Report } {
  return { report: toReport(decodeData(json)) };
}

/** The same as plain data. @throws ReportShapeError */
export function decodeData(json: unknown): ReportData {
  if (!isObject(json)) throw new ReportShapeError('the answer is not an object');
  const list = json.aggregatedWorkloads;
  if (list === undefined) throw new ReportShapeError('the answer has no aggregatedWorkloads');
  if (list !== null && !Array.isArray(list)) throw new ReportShapeError('aggregatedWorkloads is not a list');

  const { columns, warnings } = decodeRows((list ?? []) as unknown[]);
  const envelope = decodeEnvelope(new Map(Object.entries(json)));
  return assembleReport(envelope, columns, warnings);
}

function decodeRows(list: readonly unknown[]): DecodedRows {
  const rows = list.filter(isObject);
  const rowCount = rows.length;
  if (rowCount === 0 && list.length > 0) throw new ReportShapeError('no row is an object');
  const numbers = byField(NUMBER_FIELDS, () => new Float64Array(rowCount));
  const names = byField(NAME_FIELDS, () => ({ codes: new Uint32Array(rowCount), values: new DistinctTexts() }));
  // Code 0, the empty text, stands for null.
  for (const field of NAME_FIELDS) names[field].values.numberOf('');
  const lists = byField(LIST_FIELDS, () => new Uint32Array(rowCount));
  const collector = new ListCollector();
  const unreadable = byField([...NAME_FIELDS, ...NUMBER_FIELDS, ...LABEL_FIELDS], () => new RowMarks());
  rows.forEach((row, index) => {
    for (const field of NAME_FIELDS) {
      const name = toName(row[field]);
      if (name === undefined) unreadable[field].add(index);
      names[field].codes[index] = names[field].values.numberOf(name ?? '');
    }
    for (const field of NUMBER_FIELDS) {
      const number = (field === 'amountOfWorkloads' ? toCount : toNumber)(row[field]);
      if (number === undefined) unreadable[field].add(index);
      numbers[field][index] = number ?? Number.NaN;
    }
    for (const field of LABEL_FIELDS) {
      const { labels, isComplete } = toLabels(row[field], field === 'annotations' ? 'annotation' : 'label');
      if (!isComplete) unreadable[field].add(index);
      lists[field][index] = row[field] == null ? NULL_LIST : collector.addLabels(labels);
    }
    lists.services[index] = collector.addServices(row.services);
  });
  const columns = {
    rowCount,
    ids: toStringData(rows.map((row) => toText(row.id) ?? '')),
    numbers: byField(NUMBER_FIELDS, (field) => createNumberColumn(numbers[field])),
    names: byField(NAME_FIELDS, (field) => ({ codes: names[field].codes, values: names[field].values.data() })),
    lists,
    ...collector.data(),
  };
  return { columns, warnings: { skippedRows: list.length - rowCount, unreadable } };
}
