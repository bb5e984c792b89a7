// What changed between two reports, by group. Groups are matched by their keys, and nothing else: a group without rows in
// one of the reports appeared or vanished. Groups and others add up to the totals exactly, on both sides.

import type { SumField } from '../columns/columns.js';
import { shareOf } from '../columns/share.js';
import { LazyList } from '../lazy-list.js';
import type { Dimension } from '../query/dimension.js';
import type { RowsWhere } from '../query/filter-rows.js';
import type { Direction } from '../query/order.js';
import type { Report } from '../report.js';
import { sortInSteps } from '../sort.js';
import { inRanges, ITEMS_PER_STEP, type Steps } from '../steps.js';
import { ChangedSums, changeOf, type AmountChange, type FieldSums, type TotalsChange } from './changed-sums.js';
import { compareGroups, GroupKeys } from './group-keys.js';

/** By rows for APPEARED (none in the baseline) and VANISHED (none in the current report), else by the totalCost. */
export type ChangeKind = 'INCREASED' | 'DECREASED' | 'UNCHANGED' | 'APPEARED' | 'VANISHED';

/** All but `key` are about the totalCost. */
export type ChangeField = 'difference' | 'absoluteDifference' | 'ratio' | 'current' | 'baseline' | 'key';

export interface ChangeQuery {
  readonly by: readonly Dimension[];
  /**
   * Whether the second report covers both windows. Its rows do not tell what the baseline had: a group whose costs are all
   * current, but for a thousandth, has appeared.
   */
  readonly isCumulative?: boolean | undefined;
  /** The same rows on both sides. */
  readonly where?: RowsWhere | undefined;
  /** Groups of other kinds are in `others`; all kinds by default. */
  readonly kinds?: readonly ChangeKind[] | undefined;
  /** Groups whose totalCost changed by less, up or down, are in `others`. */
  readonly minDifference?: number | undefined;
  /** By default the largest changes first, up or down. */
  readonly orderBy?: { readonly field: ChangeField; readonly direction: Direction } | undefined;
  readonly first?: number | undefined;
  /** The sums that will be read besides totalCost. Reading another sum is correct, and computes it in one go. */
  readonly fields?: readonly SumField[] | undefined;
}

export interface GroupChange {
  readonly keys: readonly (string | null)[];
  readonly kind: ChangeKind;
  readonly totals: TotalsChange;
  /** Its part of the whole difference of totalCost; null where that is 0. */
  readonly contribution: number | null;
}

export interface ChangeBreakdown {
  readonly groups: LazyList<GroupChange>;
  /** Of the groups that are left out; null where none is. */
  readonly others: TotalsChange | null;
  /** The number of all groups, those that are left out included. */
  readonly groupCount: number;
  readonly totals: TotalsChange;
}

/** Groups both reports once, and reads their groups once per sum. With an empty `by` there is one group: all rows. */
export function* compareReports(current: Report, baseline: Report, query: ChangeQuery): Steps<ChangeBreakdown> {
  const { by, where, fields = [] } = query;
  const now = yield* current.groupRows(by, where);
  const before = yield* baseline.groupRows(by, where);
  const keys = new GroupKeys(by.length, [now, before]);
  const sides = {
    current: { grouped: now, groups: yield* keys.add(now) },
    baseline: { grouped: before, groups: yield* keys.add(before) },
    isCumulative: query.isCumulative === true,
  };
  const groupCount = keys.count;
  const sums = new ChangedSums(sides, groupCount);
  for (const field of fields) yield* sums.get(field);
  const costs = yield* readChanges(yield* sums.get('totalCost'), groupCount);
  const hadRows = (group: number): boolean =>
    sides.isCumulative && costs.current[group] !== 0
      ? Math.abs(costs.baseline[group]!) > NEGLIGIBLE_RATIO * Math.abs(costs.current[group]!)
      : sums.baselineRows[group]! > 0;
  const kindOf = (group: number): ChangeKind => {
    const hasRows = sums.currentRows[group]! > 0;
    if (hasRows !== hadRows(group)) return hasRows ? 'APPEARED' : 'VANISHED';
    if (costs.difference[group] === 0) return 'UNCHANGED';
    return costs.difference[group]! > 0 ? 'INCREASED' : 'DECREASED';
  };

  const { order, shown } = yield* orderGroups(query, { keys, costs, kindOf });
  const totals = yield* sums.total(order, 0);
  const whole = totals.sum('totalCost').difference;
  const groups = new LazyList<GroupChange>(shown, (at) => {
    const group = order[at]!;
    return {
      keys: keys.keysOf(group),
      kind: kindOf(group),
      totals: sums.of(group),
      contribution: shareOf(costs.difference[group]!, whole),
    };
  });
  return { groups, others: shown < groupCount ? yield* sums.total(order, shown) : null, groupCount, totals };
}

/** Reports of the last days end when they are fetched. What the longer one has more for that reason is no baseline. */
const NEGLIGIBLE_RATIO = 0.001;

/** The changes of totalCost by group; NaN for a ratio that is null. */
type CostChanges = Readonly<Record<keyof AmountChange, Float64Array>>;

function* readChanges(sums: FieldSums, groupCount: number): Steps<CostChanges> {
  const create = () => new Float64Array(groupCount);
  const costs = { current: create(), baseline: create(), difference: create(), ratio: create() };
  yield* inRanges(
    groupCount,
    (from, to) => {
      for (let group = from; group < to; group += 1) {
        const change = changeOf(sums, group);
        costs.current[group] = change.current;
        costs.baseline[group] = change.baseline;
        costs.difference[group] = change.difference;
        costs.ratio[group] = change.ratio ?? Number.NaN;
      }
    },
    ITEMS_PER_STEP,
  );
  return costs;
}

interface Candidates {
  readonly keys: GroupKeys;
  readonly costs: CostChanges;
  readonly kindOf: (group: number) => ChangeKind;
}

/** All groups: those that are shown in their order, then the others. */
function* orderGroups(query: ChangeQuery, { keys, costs, kindOf }: Candidates) {
  const { kinds, minDifference = 0, first = Infinity, orderBy } = query;
  const order = new Uint32Array(keys.count);
  const wanted = kinds === undefined ? undefined : new Set(kinds);
  let count = 0;
  let end = order.length;
  for (let group = 0; group < order.length; group += 1) {
    const isShown =
      Math.abs(costs.difference[group]!) >= minDifference && (wanted === undefined || wanted.has(kindOf(group)));
    if (isShown) order[count++] = group;
    else order[--end] = group;
  }
  const { field, direction } = orderBy ?? { field: 'absoluteDifference', direction: 'DESC' };
  const values =
    field === 'absoluteDifference' ? costs.difference.map(Math.abs) : field === 'key' ? null : costs[field];
  order.set(yield* sortInSteps(order.subarray(0, count), compareGroups(keys, values, direction)));
  return { order, shown: Math.min(first, count) };
}
