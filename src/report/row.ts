// One row of a report: the 22 fields of the REST API and its share of the report. A row is a view: a field is computed when
// it is read.

import { idAt, labelsAt, nameOf, numberAt, servicesAt } from './columns/cells.js';
import {
  NAME_FIELDS,
  NUMBER_FIELDS,
  type Columns,
  type NameField,
  type NumberField,
  type Label,
} from './columns/columns.js';
import { shareOf } from './columns/share.js';

/** A row. Empty texts, missing numbers and numbers that are not finite are null. */
export interface ReportRow
  extends Readonly<Record<NameField, string | null>>, Readonly<Record<NumberField, number | null>> {
  readonly id: string;
  readonly labels: readonly Label[] | null;
  readonly annotations: readonly Label[] | null;
  readonly ownerLabels: readonly Label[];
  readonly services: readonly string[];
  /** totalCost as a part of the report's totalCost; null when either is unknown or the quotient is not finite. */
  readonly share: number | null;
}

/** The row with number `index`; `reportCost` is the whole report's totalCost. */
export function toRow(columns: Columns, index: number, reportCost: number): ReportRow {
  return new RowView(columns, index, reportCost) as unknown as ReportRow;
}

class RowView {
  readonly #columns: Columns;
  readonly #row: number;
  readonly #reportCost: number;

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
  }

  constructor(columns: Columns, row: number, reportCost: number) {
    this.#columns = columns;
    this.#row = row;
    this.#reportCost = reportCost;
  }

  get id(): string {
    return idAt(this.#columns, this.#row);
  }

  get labels(): readonly Label[] | null {
    return labelsAt(this.#columns, 'labels', this.#row);
  }

  get annotations(): readonly Label[] | null {
    return labelsAt(this.#columns, 'annotations', this.#row);
  }

  get ownerLabels(): readonly Label[] {
    return labelsAt(this.#columns, 'ownerLabels', this.#row);
  }

  get services(): readonly string[] {
    return servicesAt(this.#columns, this.#row);
  }

  get share(): number | null {
    const totalCost = numberAt(this.#columns, 'totalCost', this.#row);
    return totalCost === null ? null : shareOf(totalCost, this.#reportCost);
  }
}
