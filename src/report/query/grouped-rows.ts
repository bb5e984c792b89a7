// Rows in groups by one or several dimensions, with the sums of the groups, for breakdowns, comparisons and time series.
// Groups and sums are cached with the report while they fit the bound of its derived data.

import type { Columns, NameColumn, SumField } from '../columns/columns.js';
import type { NumberColumn } from '../columns/decimal-column.js';
import type { DerivedCache } from '../columns/derived-cache.js';
import { inRanges, type Computation } from '../computation.js';
import { measureSums, sumByGroup, type Sums } from './exact-sum.js';
import { groupRows, measureGrouping, type Grouping } from './group-rows.js';
import { countMissingByGroup } from './totals.js';

export interface GroupedRows {
  /** A column for each dimension. */
  readonly by: readonly NameColumn[];
  /** The first row of each group, to read its keys from. */
  readonly firstRows: Uint32Array;
  /** The number of rows of each group. */
  readonly rowCounts: Uint32Array;
  /** The sums of the groups. */
  sumsOf(field: SumField): Computation<Sums>;
  /** For each group, how many rows have no totalCost; of rows that are sums, how many summed rows. Counted once. */
  rowsWithoutCost(): Uint32Array;
}

/** What to group, and where to cache it. */
interface GroupingInput {
  readonly columns: Columns;
  readonly by: readonly NameColumn[];
  readonly rows: () => Computation<Uint32Array>;
  /** Whether the rows were selected for this query, so that the cached groups retain them. */
  readonly ownsRows: boolean;
  readonly numbersOf: (field: SumField) => Computation<NumberColumn>;
  /** The same for the same dimensions and rows. */
  readonly key: string;
  readonly cache: DerivedCache;
}

interface CountedGroups extends Grouping {
  readonly rows: Uint32Array;
  readonly rowCounts: Uint32Array;
}

/** With more groups per row, the sums of a field are not cached. */
const MAX_CACHED_GROUPS_PER_ROW = 1 / 8;

/** Reads the rows once per dimension; a sum reads them once more. Without dimensions, all rows are one group. */
export function* groupAndSum(input: GroupingInput): Computation<GroupedRows> {
  const { by, numbersOf, key, cache } = input;
  const measure = (counted: CountedGroups): number =>
    measureGrouping(counted) + counted.rowCounts.byteLength + (input.ownsRows ? counted.rows.byteLength : 0);
  const counted = yield* cache.get(`groups by ${key}`, () => groupAndCount(input), measure);
  const { rows, groups, firstRows, rowCounts } = counted;
  const sum = function* (field: SumField): Computation<Sums> {
    return yield* sumByGroup(yield* numbersOf(field), rows, groups, firstRows.length);
  };
  // The sums of very many groups would evict data that takes longer to compute.
  const isSmall = firstRows.length <= MAX_CACHED_GROUPS_PER_ROW * rows.length;
  const sumsOf = (field: SumField) =>
    isSmall ? cache.get(`${field} by ${key}`, () => sum(field), measureSums) : sum(field);
  let missing: Uint32Array | undefined;
  const rowsWithoutCost = () => (missing ??= countMissingByGroup(input.columns, counted));
  return { by, firstRows, rowCounts, sumsOf, rowsWithoutCost };
}

function* groupAndCount({ by, rows: findRows }: GroupingInput): Computation<CountedGroups> {
  const rows = yield* findRows();
  const columns = by.map(({ codes, values }) => ({ codes, codeCount: values.length }));
  const { groups, firstRows } = yield* groupRows(rows, columns);
  const rowCounts = new Uint32Array(firstRows.length);
  yield* inRanges(rows.length, (from, to) => {
    for (let at = from; at < to; at += 1) rowCounts[groups[at]!]! += 1;
  });
  return { rows, groups, firstRows, rowCounts };
}
