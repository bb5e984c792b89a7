// Costs over time: the reports of consecutive intervals, by group. The series are chosen and ordered once, by their sums
// over all intervals. Points are exact, and series and others add up to the totals exactly.

import type { SumField } from '../columns/columns.js';
import { LazyList } from '../lazy-list.js';
import { withOrder, type GroupOrder } from '../query/breakdown.js';
import type { Dimension } from '../query/dimension.js';
import { readSums, sumGroups, sumOf } from '../query/exact-sum.js';
import type { RowsWhere } from '../query/filter-rows.js';
import type { GroupedRows } from '../query/grouped-rows.js';
import { addGroups, totalsOf, type GroupTotals, type Totals } from '../query/totals.js';
import type { Report } from '../report.js';
import { range, sortInSteps } from '../sort.js';
import { inRanges, precompute, type Steps } from '../steps.js';
import { compareGroups, GroupKeys } from './group-keys.js';
import { mergeSums, type SumsPart } from './merge-sums.js';

export interface SeriesQuery {
  /** Empty: one series, the total, even if there are no rows. */
  readonly by: readonly Dimension[];
  readonly where?: RowsWhere | undefined;
  readonly orderBy: GroupOrder;
  readonly first?: number | undefined;
  /** The sums that will be read. Reading another sum is correct, and computes it in one go. */
  readonly fields: readonly SumField[];
}

export interface Series {
  /** Empty for the others. */
  readonly keys: readonly (string | null)[];
  /** One value per interval: 0 without a row, null without a report. */
  values(field: SumField): readonly (number | null)[];
  /**
   * The exact sum of the points; of levels, such as hourlyCost, their mean weighted by hours. Null where an interval has no
   * report.
   */
  readonly totals: Totals | null;
}

export interface SeriesSet {
  readonly series: LazyList<Series>;
  /** The series that `first` leaves out, as one; null where it leaves out none. */
  readonly others: Series | null;
  readonly seriesCount: number;
}

interface SeriesSource {
  /** One per interval, oldest first; null for an interval without a report. */
  readonly reports: readonly (Report | null)[];
  /** How long each interval is, in hours. */
  readonly hours: readonly number[];
}

/** Groups each report once, and reads its groups once per sum. The series are those of all intervals together. */
export function* createSeries({ reports, hours }: SeriesSource, query: SeriesQuery): Steps<SeriesSet> {
  const { by, where, orderBy, fields, first = Infinity } = query;
  const groupings: (GroupedRows | null)[] = [];
  for (const report of reports) groupings.push(report && (yield* report.groupRows(by, where)));
  const keys = new GroupKeys(
    by.length,
    groupings.filter((grouped) => grouped !== null),
  );
  const intervals: (Interval | null)[] = [];
  for (const grouped of groupings) {
    // Each sum is computed once here, as the report need not cache it.
    const sums = grouped && (yield* precompute(withOrder(fields, orderBy), grouped.sumsOf));
    intervals.push(grouped && sums && { ...grouped, sums, series: yield* keys.add(grouped) });
  }
  const table = { intervals, hours, all: yield* mergeIntervals(intervals, keys.count, withOrder(fields, orderBy)) };
  const order = yield* orderSeries(table.all, keys, orderBy);
  const shown = Math.min(first, keys.count);
  const groups = yield* findGroups(intervals, order, shown);
  const series = new LazyList<Series>(shown, (at) => {
    const values = (field: SumField) =>
      intervals.map((interval, index) => {
        if (interval === null) return null;
        const group = groups[at * intervals.length + index]!;
        return group === NO_GROUP ? 0 : sumOf(interval.sums(field), group);
      });
    const totals = overTime(table, totalsOf(table.all, order[at]!), values);
    return { keys: keys.keysOf(order[at]!), values, totals };
  });
  const others = shown < keys.count ? yield* addSeries(table, order.subarray(shown), fields) : null;
  return { series, others, seriesCount: keys.count };
}

/** A report in groups, which are numbered by report. */
interface Interval extends Omit<GroupTotals, 'rowCounts'> {
  readonly rowCounts: Uint32Array;
  /** The series of each group. */
  readonly series: Uint32Array;
}

interface SeriesTable extends Pick<SeriesSource, 'hours'> {
  readonly intervals: readonly (Interval | null)[];
  /** The series, with their totals over all intervals. */
  readonly all: GroupTotals;
}

function* mergeIntervals(
  intervals: SeriesTable['intervals'],
  seriesCount: number,
  fields: readonly SumField[],
): Steps<GroupTotals> {
  const present = intervals.filter((interval) => interval !== null);
  const addCounts = (countsOf: (interval: Interval) => ArrayLike<number>): Float64Array => {
    const counts = new Float64Array(seriesCount);
    for (const interval of present) {
      const own = countsOf(interval);
      interval.series.forEach((series, group) => (counts[series]! += own[group]!));
    }
    return counts;
  };
  let missing: Float64Array | undefined;
  return {
    rowCounts: addCounts(({ rowCounts }) => rowCounts),
    sums: yield* precompute(fields, (field) => {
      const parts = present.map(({ sums, series }): SumsPart => ({ sums: sums(field), groups: series, sign: 1 }));
      return mergeSums(parts, seriesCount);
    }),
    rowsWithoutCost: () => (missing ??= addCounts((interval) => interval.rowsWithoutCost())),
  };
}

/** Fields that describe a moment and not the whole window: they do not add up over time. */
const LEVELS: ReadonlySet<SumField> = new Set([
  ...(['hourlyCost', 'amountOfWorkloads', 'replicas'] as const),
  ...(['ownerCpuRequest', 'ownerGpuRequest', 'ownerMemoryRequest'] as const),
]);

/** `totals` with the mean over time of each level in place of its sum; null when an interval has no report. */
function overTime({ intervals, hours }: SeriesTable, totals: Totals, values: Series['values']): Totals | null {
  if (intervals.includes(null)) return null;
  const allHours = hours.reduce((sum, each) => sum + each, 0);
  const mean = (field: SumField): number =>
    values(field).reduce<number>((sum, value, at) => sum + (value ?? 0) * (hours[at]! / allHours), 0);
  return { ...totals, sum: (field) => (LEVELS.has(field) ? mean(field) : totals.sum(field)) };
}

const NO_GROUP = 0xffff_ffff;

/** For each of the first series of `order`, its group in each interval. */
function* findGroups(intervals: SeriesTable['intervals'], order: Uint32Array, shown: number): Steps<Uint32Array> {
  const positions = new Uint32Array(order.length).fill(NO_GROUP);
  for (let at = 0; at < shown; at += 1) positions[order[at]!] = at;
  const groups = new Uint32Array(shown * intervals.length).fill(NO_GROUP);
  for (const [index, interval] of intervals.entries()) {
    const series = interval?.series ?? new Uint32Array();
    yield* inRanges(series.length, (from, to) => {
      for (let group = from; group < to; group += 1) {
        const position = positions[series[group]!]!;
        if (position !== NO_GROUP) groups[position * intervals.length + index] = group;
      }
    });
  }
  return groups;
}

/** Several series as one. */
function* addSeries(table: SeriesTable, added: Uint32Array, fields: readonly SumField[]): Steps<Series> {
  const isAdded = new Uint8Array(table.all.rowCounts.length);
  for (let at = 0; at < added.length; at += 1) isAdded[added[at]!] = 1;
  const groups = table.intervals.map((interval) =>
    interval?.series.map((_, group) => group).filter((group) => isAdded[interval.series[group]!]),
  );
  const values = yield* precompute(fields, function* (field): Steps<readonly (number | null)[]> {
    const sums: (number | null)[] = [];
    for (const [at, interval] of table.intervals.entries()) {
      sums.push(interval && (yield* sumGroups(interval.sums(field), groups[at]!)));
    }
    return sums;
  });
  return { keys: [], values, totals: overTime(table, yield* addGroups(table.all, added, fields), values) };
}

function* orderSeries(all: GroupTotals, keys: GroupKeys, { field, direction }: GroupOrder): Steps<Uint32Array> {
  let values: ArrayLike<number> | null = null;
  if (field === 'rowCount') values = all.rowCounts;
  else if (field !== 'key') values = yield* readSums(all.sums(field), keys.count);
  return yield* sortInSteps(range(keys.count), compareGroups(keys, values, direction));
}
