// One row of a report: the 22 fields of the REST API and its share of the report. A row is a view: a field is computed when
// it is read.

import { labelsAt, nameOf, numberAt, scaleOpsIdAt, servicesAt } from './columns/cells.js';
import {
  LABEL_FIELDS,
  NAME_FIELDS,
  NUMBER_FIELDS,
  type Columns,
  type NameField,
  type NumberField,
  type Label,
} from './columns/columns.js';
import { shareOf } from './columns/share.js';
import type { LabelDimension } from './query/dimension.js';
import { createLabelReader } from './query/label-lookup.js';
import { toReportId, type ReportRequest } from './request.js';
import type { RowIds } from './row-ids.js';
import type { ReportWindow } from './window.js';

/** The report that a row is in. */
export interface RowOrigin {
  readonly request: ReportRequest;
  /** When ScaleOps returned the report, in milliseconds since the Unix epoch. */
  readonly asOf: number;
  readonly isStale: boolean;
  readonly report: { readonly window: ReportWindow | null };
}

/** What rows are read from. */
export interface RowSource {
  readonly columns: Columns;
  /** totalCost of the whole report. */
  readonly reportCost: number;
  readonly ids: () => RowIds;
  readonly origin: RowOrigin;
}

/** A row. Empty texts, missing numbers and numbers that are not finite are null. */
export interface ReportRow
  extends Readonly<Record<NameField, string | null>>, Readonly<Record<NumberField, number | null>> {
  /** Unique among the rows of all reports: the report's id, followed by the row's. */
  readonly id: string;
  readonly scaleOpsId: string | null;
  readonly origin: RowOrigin;
  readonly labels: readonly Label[] | null;
  readonly annotations: readonly Label[] | null;
  readonly ownerLabels: readonly Label[];
  readonly services: readonly string[];
  /** totalCost as a part of the report's totalCost; null when either is unknown or the quotient is not finite. */
  readonly share: number | null;
  /** The value of a label or an annotation; null when there is none, or an empty one. */
  valueOf(dimension: LabelDimension): string | null;
}

/** The row with number `index`. */
export function toRow(source: RowSource, index: number): ReportRow {
  return new RowView(source, index) as unknown as ReportRow;
}

class RowView {
  readonly #columns: Columns;
  readonly #row: number;
  readonly #source: RowSource;

  static {
    const define = (field: string, get: (this: RowView) => unknown): void => {
      Object.defineProperty(this.prototype, field, { get, enumerable: true });
    };
    for (const field of NAME_FIELDS) {
      define(field, function () {
        const column = this.#columns.names[field];
        return nameOf(column, column.codes[this.#row]!);
      });
    }
    for (const field of NUMBER_FIELDS) {
      define(field, function () {
        return numberAt(this.#columns, field, this.#row);
      });
    }
    for (const field of LABEL_FIELDS) {
      define(field, function () {
        return labelsAt(this.#columns, field, this.#row);
      });
    }
  }

  constructor(source: RowSource, row: number) {
    this.#columns = source.columns;
    this.#row = row;
    this.#source = source;
  }

  get id(): string {
    const { ids, origin } = this.#source;
    return toReportId(origin.request) + ids().at(this.#row);
  }

  get scaleOpsId(): string | null {
    return scaleOpsIdAt(this.#columns, this.#row);
  }

  get origin(): RowOrigin {
    return this.#source.origin;
  }

  get services(): readonly string[] {
    return servicesAt(this.#columns, this.#row);
  }

  valueOf(dimension: LabelDimension): string | null {
    return createLabelReader(this.#columns, dimension)(this.#row);
  }

  get share(): number | null {
    const totalCost = numberAt(this.#columns, 'totalCost', this.#row);
    return totalCost === null ? null : shareOf(totalCost, this.#source.reportCost);
  }
}
