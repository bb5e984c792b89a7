// What all views of a report share: its columns, and what is computed from them once.

import type { Columns, NameColumn, NameField, NumberField } from './columns/columns.js';
import { DerivedCache } from './columns/derived-cache.js';
import { createLabelColumn } from './query/label-lookup.js';
import type { Dimension } from './query/dimension.js';
import { rankIds, type OrderField, type RankedKey, type RowOrder } from './query/order.js';
import { indexTexts, rankNames, rankNumbers, type FindText, type Ranks } from './query/ranks.js';
import { identifyRows, type RowIds } from './row-ids.js';
import { range } from './sort.js';
import { shareComputation, type Computation } from './computation.js';
import type { ReportWindow } from './window.js';

export class SharedReport {
  readonly window: ReportWindow | null;
  readonly columns: Columns;
  readonly derived: DerivedCache;
  readonly findText: () => Computation<FindText>;
  #rows: Uint32Array | undefined;

  /** @param whole the report that these columns were taken from: its texts, and their index, are shared. */
  constructor(window: ReportWindow | null, columns: Columns, derived: DerivedCache, whole?: SharedReport) {
    this.window = window;
    this.columns = columns;
    this.derived = derived;
    this.findText = whole?.findText ?? shareComputation(() => indexTexts(columns.texts));
  }

  /** All row numbers, in ScaleOps' order. */
  get rows(): Uint32Array {
    return (this.#rows ??= range(this.columns.rowCount));
  }

  /** Ranks of what rows are ordered or grouped by. Cached: 4 bytes per row. */
  *ranksOf(key: OrderField | Dimension): Computation<Ranks> {
    const name = `ranks of ${typeof key === 'string' ? key : JSON.stringify(key)}`;
    return yield* this.derived.get(name, () => this.#computeRanks(key), measureRanks);
  }

  /** The ids of all rows. Cached: 8 bytes per row. */
  *identifyRows(): Computation<RowIds> {
    const make = () => identifyRows(this.columns);
    return yield* this.derived.get('ids', make, ({ byteLength }) => byteLength);
  }

  /**
   * Ranks of the keys up to the first that is unique per row, as further keys decide nothing. If none is, row ids come last.
   * Empty for an empty order.
   */
  *rank(order: readonly RowOrder[]): Computation<RankedKey[]> {
    const keys: RankedKey[] = [];
    for (const { field, direction } of order) {
      const ranks = yield* this.ranksOf(field);
      keys.push({ ranks, direction });
      if (ranks.distinct === this.columns.rowCount) return keys;
    }
    if (keys.length > 0) keys.push({ ranks: yield* this.#rankIds(), direction: 'ASC' });
    return keys;
  }

  *#rankIds(): Computation<Ranks> {
    const ids = yield* this.identifyRows();
    const make = () => rankIds(ids, this.columns.rowCount);
    return yield* this.derived.get('ranks of ids', make, measureRanks);
  }

  *#computeRanks(key: OrderField | Dimension): Computation<Ranks> {
    const { names, numbers } = this.columns;
    if (typeof key !== 'string') return yield* rankNames(yield* this.columnOf(key));
    if (key in names) return yield* rankNames(names[key as NameField]);
    return yield* rankNumbers(numbers[key as NumberField].units);
  }

  /** The column of a dimension. A label's is cached: 4 bytes per row and distinct value. */
  *columnOf(dimension: Dimension): Computation<NameColumn> {
    if ('field' in dimension) return this.columns.names[dimension.field];
    const { columns, findText } = this;
    const make = function* (): Computation<NameColumn> {
      return yield* createLabelColumn(columns, dimension, yield* findText());
    };
    return yield* this.derived.get(JSON.stringify(dimension), make, measureColumn);
  }
}

function measureRanks({ ranks }: Ranks): number {
  return ranks.byteLength;
}

function measureColumn({ codes, values }: NameColumn): number {
  return codes.byteLength + 4 * values.length;
}
