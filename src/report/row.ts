// One row of a report, as it is handed out: the 22 fields of the REST API, and its share of the whole.

import { NAME_FIELDS, NUMBER_FIELDS, type Columns, type NameField, type NumberField } from './columns.js';
import type { Label } from './label.js';
import { shareOf } from './totals.js';

/** A row. Text that the upstream leaves empty, and numbers that it leaves out or that are not finite, are null. */
export interface ReportRow
  extends Readonly<Record<NameField, string | null>>, Readonly<Record<NumberField, number | null>> {
  readonly id: string;
  readonly labels: readonly Label[] | null;
  readonly annotations: readonly Label[] | null;
  readonly ownerLabels: readonly Label[];
  readonly services: readonly string[];
  /** totalCost as a part of the whole report's; null where either is unknown or there is no such part. */
  readonly share: number | null;
}

/** The row with number `index`; `reportCost` is the whole report's totalCost. */
export function toRow(columns: Columns, index: number, reportCost: number): ReportRow {
  const { ids, labels, annotations, ownerLabels, services } = columns;
  const row: Record<string, unknown> = {
    id: ids[index],
    labels: labels[index],
    annotations: annotations[index],
    ownerLabels: ownerLabels[index],
    services: services[index],
  };
  for (const name of NAME_FIELDS) row[name] = nameAt(columns, name, index);
  for (const name of NUMBER_FIELDS) row[name] = numberAt(columns, name, index);
  const totalCost = numberAt(columns, 'totalCost', index);
  row.share = totalCost === null ? null : shareOf(totalCost, reportCost);
  return row as unknown as ReportRow;
}

function nameAt(columns: Columns, name: NameField, index: number): string | null {
  const { codes, values } = columns.names[name];
  return values[codes[index] ?? 0] ?? null;
}

function numberAt(columns: Columns, name: NumberField, index: number): number | null {
  const { units, scale } = columns.numbers[name];
  const value = units[index]! / scale;
  return Number.isNaN(value) ? null : value;
}
