// Assembles a report from parsed rows and the envelope, for both parsers.

import {
  LABEL_FIELDS,
  NAME_FIELDS,
  NUMBER_FIELDS,
  type ColumnData,
  type LabelField,
  type NameField,
  type NumberField,
} from '../columns/columns.js';
import { pack, toColumns } from '../columns/pack.js';
import type { ReportData } from '../report-data.js';
import { markDuplicates } from '../entities/duplicate-workloads.js';
import type { ReportWarning, RowMarks } from '../warnings.js';
import type { Envelope } from './envelope/envelope.js';

/** Problems in the rows. */
interface RowWarnings {
  /** How many rows were null or no objects. */
  readonly skippedRows: number;
  readonly unreadable: Readonly<Record<NameField | NumberField | LabelField, RowMarks>>;
}

export interface DecodedRows {
  readonly columns: ColumnData;
  readonly warnings: RowWarnings;
}

/** Copies the columns, so that the parser may be used again. */
export function assembleReport(
  { window, clusters, warnings }: Envelope,
  data: ColumnData,
  { skippedRows, unreadable }: RowWarnings,
): ReportData {
  const columns = pack(data);
  const skipped: ReportWarning[] =
    skippedRows === 0 ? [] : [{ code: 'SKIPPED_ROW', field: null, count: skippedRows, rows: null }];
  return {
    window,
    clusters,
    columns,
    warnings: [
      ...warnings,
      ...skipped,
      ...markDuplicates(toColumns(columns).names).toWarnings('DUPLICATE_ROW', null),
      // The row may belong to any cluster, namespace or workload, so each part of the report has the warning.
      ...NAME_FIELDS.flatMap((field) => unreadable[field].toWarnings('UNREADABLE_NAME', field)).map((warning) => ({
        ...warning,
        rows: null,
      })),
      ...NUMBER_FIELDS.flatMap((field) => unreadable[field].toWarnings('UNREADABLE_NUMBER', field)),
      ...LABEL_FIELDS.flatMap((field) => unreadable[field].toWarnings('UNREADABLE_LABELS', field)),
    ],
  };
}
