// Costs over time: the reports of consecutive intervals, by group. The series are chosen and ordered once, by their sums
// over all intervals. Points are exact, and series and others add up to the totals exactly.

import type { SumField } from '../columns/columns.js';
import { LazyList } from '../lazy-list.js';
import type { GroupOrder } from '../query/breakdown.js';
import type { Dimension } from '../query/dimension.js';
import { sumGroups, sumOf, type Sums } from '../query/exact-sum.js';
import type { RowsWhere } from '../query/filter-rows.js';
import type { GroupedRows } from '../query/grouped-rows.js';
import { createTotals, type Totals } from '../query/totals.js';
import type { Report } from '../report.js';
import { sortInSteps } from '../sort.js';
import { inRanges, ITEMS_PER_STEP, runAll, type Steps } from '../steps.js';
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
  const { by, where, orderBy, fields } = query;
  const groupings: (GroupedRows | null)[] = [];
  for (const report of reports) groupings.push(report && (yield* report.groupRows(by, where)));
  const known = groupings.filter((grouped) => grouped !== null);
  const keys = new GroupKeys(by.length, known);
  const intervals: (Interval | null)[] = [];
  for (const grouped of groupings) {
    intervals.push(grouped && { grouped, groups: yield* keys.add(grouped), sums: new Map<SumField, Sums>() });
  }
  const table = new SeriesTable(intervals, keys.count);
  for (const field of fields) yield* table.merged(field);
  const order = yield* orderSeries(table, keys, orderBy);
  const shown = Math.min(query.first ?? keys.count, keys.count);
  const locals = yield* table.locate(order, shown);
  const series = new LazyList<Series>(shown, (at) => {
    const group = order[at]!;
    const values = (field: SumField) => table.valuesOf(field, locals.subarray(at * intervals.length));
    const totals = table.isComplete ? overTime(table.totalsOf(group), values, hours) : null;
    return { keys: keys.keysOf(group), values, totals };
  });
  const others = shown < keys.count ? yield* table.others(order, shown, fields) : null;
  return {
    series,
    others: others && { ...others, totals: others.totals && overTime(others.totals, others.values, hours) },
    seriesCount: keys.count,
  };
}

/** What a row says about a moment and not about its whole window: it does not add up over time. */
const LEVELS: readonly SumField[] = [
  ...(['hourlyCost', 'amountOfWorkloads', 'replicas'] as const),
  ...(['ownerCpuRequest', 'ownerGpuRequest', 'ownerMemoryRequest'] as const),
];

/** The totals of all intervals, with the means over time of levels in place of their sums. */
function overTime(totals: Totals, values: Series['values'], hours: readonly number[]): Totals {
  const allHours = hours.reduce((sum, each) => sum + each, 0);
  const mean = (field: SumField): number =>
    values(field).reduce<number>((sum, value, at) => sum + (value ?? 0) * (hours[at]! / allHours), 0);
  return { ...totals, sum: (field) => (LEVELS.includes(field) ? mean(field) : totals.sum(field)) };
}

interface Interval {
  readonly grouped: GroupedRows;
  /** The series of each group. */
  readonly groups: Uint32Array;
  readonly sums: Map<SumField, Sums>;
}

const NO_GROUP = 0xffff_ffff;

/** The sums of all groups and intervals. */
class SeriesTable {
  readonly isComplete: boolean;
  readonly #intervals: readonly (Interval | null)[];
  readonly #present: readonly Interval[];
  readonly #count: number;
  /** By series, over all intervals. */
  readonly rowCounts: Float64Array;
  readonly #merged = new Map<SumField, Sums>();

  constructor(intervals: readonly (Interval | null)[], count: number) {
    this.#intervals = intervals;
    this.#present = intervals.filter((each) => each !== null);
    this.isComplete = this.#present.length === intervals.length;
    this.#count = count;
    this.rowCounts = new Float64Array(count);
    for (const { grouped, groups } of this.#present)
      for (let at = 0; at < groups.length; at += 1) this.rowCounts[groups[at]!]! += grouped.rowCounts[at]!;
  }

  /** The sums over all intervals, by series. */
  *merged(field: SumField): Steps<Sums> {
    let sums = this.#merged.get(field);
    if (sums === undefined) {
      const parts: SumsPart[] = [];
      for (const interval of this.#present) {
        parts.push({ sums: yield* sumsOf(interval, field), groups: interval.groups, sign: 1 });
      }
      this.#merged.set(field, (sums = yield* mergeSums(parts, this.#count)));
    }
    return sums;
  }

  totalsOf(series: number): Totals {
    return createTotals({
      rowCount: this.rowCounts[series]!,
      sum: (field) => sumOf(runAll(this.merged(field)), series),
      rowsWithoutCost: () => this.#rowsWithoutCost()[series]!,
    });
  }

  /** By series, over all intervals. */
  #rowsWithoutCost(): Float64Array {
    const counts = new Float64Array(this.#count);
    for (const { grouped, groups } of this.#present) {
      grouped.rowsWithoutCost().forEach((count, at) => (counts[groups[at]!]! += count));
    }
    return counts;
  }

  /** For each of the first series of `order`, the group of each interval. */
  *locate(order: Uint32Array, shown: number): Steps<Uint32Array> {
    const size = this.#intervals.length;
    const positions = new Uint32Array(this.#count).fill(NO_GROUP);
    for (let at = 0; at < shown; at += 1) positions[order[at]!] = at;
    const locals = new Uint32Array(shown * size).fill(NO_GROUP);
    for (let index = 0; index < size; index += 1) {
      const groups = this.#intervals[index]?.groups ?? new Uint32Array();
      yield* inRanges(groups.length, (from, to) => {
        for (let at = from; at < to; at += 1) {
          const position = positions[groups[at]!]!;
          if (position !== NO_GROUP) locals[position * size + index] = at;
        }
      });
    }
    return locals;
  }

  valuesOf(field: SumField, locals: Uint32Array): readonly (number | null)[] {
    return this.#intervals.map((interval, at) => {
      if (interval === null) return null;
      const group = locals[at]!;
      return group === NO_GROUP ? 0 : sumOf(runAll(sumsOf(interval, field)), group);
    });
  }

  /** The series from index `shown` of `order` on, as one. */
  *others(order: Uint32Array, shown: number, fields: readonly SumField[]): Steps<Series> {
    const rest = order.subarray(shown);
    const isOther = new Uint8Array(this.#count);
    for (let at = 0; at < rest.length; at += 1) isOther[rest[at]!] = 1;
    const values = new Map<SumField, readonly (number | null)[]>();
    const sums = new Map<SumField, number>();
    for (const field of fields) {
      values.set(field, yield* this.#otherValues(field, isOther));
      sums.set(field, yield* sumGroups(yield* this.merged(field), rest, 0));
    }
    const rowCount = rest.reduce((count, series) => count + this.rowCounts[series]!, 0);
    const sum = (field: SumField) => sums.get(field) ?? runAll(sumGroups(runAll(this.merged(field)), rest, 0));
    const rowsWithoutCost = () => {
      const counts = this.#rowsWithoutCost();
      return rest.reduce((count, series) => count + counts[series]!, 0);
    };
    return {
      keys: [],
      values: (field) => values.get(field) ?? runAll(this.#otherValues(field, isOther)),
      totals: this.isComplete ? createTotals({ rowCount, sum, rowsWithoutCost }) : null,
    };
  }

  *#otherValues(field: SumField, isOther: Uint8Array): Steps<readonly (number | null)[]> {
    const values: (number | null)[] = [];
    for (const interval of this.#intervals) {
      if (interval === null) values.push(null);
      else {
        const { groups } = interval;
        const others = groups.map((_, at) => at).filter((at) => isOther[groups[at]!] === 1);
        values.push(yield* sumGroups(yield* sumsOf(interval, field), others, 0));
      }
    }
    return values;
  }
}

/** Of one interval; read once, as the report need not cache it. */
function* sumsOf({ grouped, sums }: Interval, field: SumField): Steps<Sums> {
  let known = sums.get(field);
  if (known === undefined) sums.set(field, (known = yield* grouped.sumsOf(field)));
  return known;
}

function* orderSeries(table: SeriesTable, keys: GroupKeys, { field, direction }: GroupOrder): Steps<Uint32Array> {
  const series = new Uint32Array(keys.count).map((_, at) => at);
  let values: Float64Array | null = null;
  if (field === 'rowCount') values = table.rowCounts;
  else if (field !== 'key') {
    const sums = yield* table.merged(field);
    const read = new Float64Array(keys.count);
    yield* inRanges(
      keys.count,
      (from, to) => {
        for (let at = from; at < to; at += 1) read[at] = sumOf(sums, at);
      },
      ITEMS_PER_STEP,
    );
    values = read;
  }
  return yield* sortInSteps(series, compareGroups(keys, values, direction));
}
