// Costs over time: the reports of consecutive intervals, by group. Series are ordered by their sums over all intervals.
// Points are exact, and series and others add up exactly to the totals.

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
import { inRanges, precompute, type Computation } from '../computation.js';
import { matchGroups, type MatchedGroups } from './match-groups.js';
import { mergeGroups, type ReportGroups } from './merge-sums.js';

export interface SeriesQuery {
  /** Empty: one series, the total, even without rows. */
  readonly by: readonly Dimension[];
  readonly where?: RowsWhere | undefined;
  readonly orderBy: GroupOrder;
  readonly first?: number | undefined;
  /** The sums that will be read. Another sum is computed without yielding when it is read. */
  readonly fields: readonly SumField[];
}

export interface Series {
  /** Empty for `others`. */
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
  /** The series after `first`, added up; null when there are none. */
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
export function* createSeries({ reports, hours }: SeriesSource, query: SeriesQuery): Computation<SeriesSet> {
  const { by, where, orderBy, fields, first = Infinity } = query;
  const groupings: (GroupedRows | null)[] = [];
  for (const report of reports) groupings.push(report && (yield* report.groupRows(by, where)));
  const present = groupings.filter((grouped) => grouped !== null);
  const matched = yield* matchGroups(present, by.length);
  const summed = withOrder(fields, orderBy);
  const reportGroups: ReportGroups[] = [];
  for (const [at, grouped] of present.entries()) {
    // Each sum is computed once here, as the report need not cache it.
    reportGroups.push({ ...grouped, groups: matched.byReport[at]!, sums: yield* precompute(summed, grouped.sumsOf) });
  }
  const all = yield* mergeGroups(reportGroups, matched.count, summed);
  let next = 0;
  const intervals = groupings.map((grouped) => grouped && reportGroups[next++]!);
  const table = { intervals, hours, all };
  const order = yield* orderSeries(all, matched, orderBy);
  const shown = Math.min(first, matched.count);
  const groups = yield* findGroups(intervals, order, shown);
  const series = new LazyList<Series>(shown, (at) => {
    const values = (field: SumField) =>
      intervals.map((interval, index) => {
        if (interval === null) return null;
        const group = groups[at * intervals.length + index]!;
        return group === NO_GROUP ? 0 : sumOf(interval.sums(field), group);
      });
    const totals = averageOverTime(table, totalsOf(all, order[at]!), values);
    return { keys: matched.keysOf(order[at]!), values, totals };
  });
  const others = shown < matched.count ? yield* addSeries(table, order.subarray(shown), fields) : null;
  return { series, others, seriesCount: matched.count };
}

interface SeriesTable extends Pick<SeriesSource, 'hours'> {
  /** The series of each group of each interval. */
  readonly intervals: readonly (ReportGroups | null)[];
  /** The series, with their totals over all intervals. */
  readonly all: GroupTotals;
}

/** Fields that describe a moment and not the whole window: they do not add up over time. */
const AVERAGED_FIELDS: ReadonlySet<SumField> = new Set([
  ...(['hourlyCost', 'amountOfWorkloads', 'replicas'] as const),
  ...(['ownerCpuRequest', 'ownerGpuRequest', 'ownerMemoryRequest'] as const),
]);

/** `totals` with the mean over time of each level in place of its sum; null when an interval has no report. */
function averageOverTime({ intervals, hours }: SeriesTable, totals: Totals, values: Series['values']): Totals | null {
  if (intervals.includes(null)) return null;
  const allHours = hours.reduce((sum, each) => sum + each, 0);
  const mean = (field: SumField): number =>
    values(field).reduce<number>((sum, value, at) => sum + (value ?? 0) * (hours[at]! / allHours), 0);
  return { ...totals, sum: (field) => (AVERAGED_FIELDS.has(field) ? mean(field) : totals.sum(field)) };
}

const NO_GROUP = 0xffff_ffff;

/** For each of the first series of `order`, its group in each interval. */
function* findGroups(intervals: SeriesTable['intervals'], order: Uint32Array, shown: number): Computation<Uint32Array> {
  const positions = new Uint32Array(order.length).fill(NO_GROUP);
  for (let at = 0; at < shown; at += 1) positions[order[at]!] = at;
  const groups = new Uint32Array(shown * intervals.length).fill(NO_GROUP);
  for (const [index, interval] of intervals.entries()) {
    const series = interval?.groups ?? new Uint32Array();
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
function* addSeries(table: SeriesTable, added: Uint32Array, fields: readonly SumField[]): Computation<Series> {
  const isAdded = new Uint8Array(table.all.rowCounts.length);
  for (let at = 0; at < added.length; at += 1) isAdded[added[at]!] = 1;
  const groups = table.intervals.map((interval) =>
    interval?.groups.map((_, group) => group).filter((group) => isAdded[interval.groups[group]!]),
  );
  const values = yield* precompute(fields, function* (field): Computation<readonly (number | null)[]> {
    const sums: (number | null)[] = [];
    for (const [at, interval] of table.intervals.entries()) {
      sums.push(interval && (yield* sumGroups(interval.sums(field), groups[at]!)));
    }
    return sums;
  });
  return { keys: [], values, totals: averageOverTime(table, yield* addGroups(table.all, added, fields), values) };
}

function* orderSeries(
  all: GroupTotals,
  matched: MatchedGroups,
  { field, direction }: GroupOrder,
): Computation<Uint32Array> {
  let values: ArrayLike<number> | undefined;
  if (field === 'rowCount') values = all.rowCounts;
  else if (field !== 'key') values = yield* readSums(all.sums(field), matched.count);
  return yield* sortInSteps(range(matched.count), matched.compareBy(values, direction));
}
