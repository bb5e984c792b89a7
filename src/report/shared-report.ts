// What all who see something of a report share: its columns, and what was worked out of them for one and is of use to all.

import { createLabelColumn, type Dimension } from './query/breakdown.js';
import type { Columns, NameColumn, NameField, NumberField } from './columns/columns.js';
import { createDerived, type Derived } from './columns/derived-cache.js';
import { toJsonTexts } from './write/json-writer.js';
import type { OrderField } from './query/order.js';
import { rankNames, rankNumbers, type Ranks } from './query/ranks.js';
import type { ReportWindow } from './report.js';
import type { PlainTexts } from './columns/strings.js';

/** How much a report may keep of what it worked out: eight columns of row numbers. */
export const DERIVED_BYTES_PER_ROW = 32;

export class Whole {
  readonly window: ReportWindow | null;
  readonly columns: Columns;
  readonly derived: Derived;

  constructor(window: ReportWindow | null, columns: Columns) {
    this.window = window;
    this.columns = columns;
    this.derived = createDerived(DERIVED_BYTES_PER_ROW * columns.rowCount);
  }

  ranksOf(field: OrderField): Ranks {
    const make = () => rankField(this.columns, field);
    return this.derived.get(`ranks of ${field}`, make, ({ ranks }) => ranks.byteLength);
  }

  columnOf(dimension: Dimension): NameColumn {
    if ('field' in dimension) return this.columns.names[dimension.field];
    const { label } = dimension;
    return this.derived.get(`label ${label}`, () => createLabelColumn(this.columns, label), measureColumn);
  }

  /** The names of a column as JSON. */
  textsOf(field: NameField): PlainTexts {
    const { values } = this.columns.names[field];
    // Mostly they are as they stand in the report, and there is nothing to be kept.
    return values.plain?.() ?? this.derived.get(`JSON of ${field}`, () => toJsonTexts(values.all()), measureTexts);
  }
}

function rankField({ names, numbers }: Columns, field: OrderField): Ranks {
  return field in names
    ? rankNames(names[field as keyof typeof names])
    : rankNumbers(numbers[field as NumberField].units);
}

function measureTexts({ view, ends }: PlainTexts): number {
  return view.byteLength + ends.byteLength;
}

function measureColumn({ codes, values }: NameColumn): number {
  return codes.byteLength + 8 * values.length;
}
