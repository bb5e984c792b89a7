// What changed between two reports, by group. Groups are matched by their keys alone: a group without rows in one of the
// reports appeared or vanished. Groups and others add up exactly to the totals, in both reports.

import type { SumField } from '../columns/columns.js';
import { shareOf } from '../columns/share.js';
import { LazyList } from '../lazy-list.js';
import type { Dimension } from '../query/dimension.js';
import { readSums } from '../query/exact-sum.js';
import type { RowsWhere } from '../query/filter-rows.js';
import type { Direction } from '../query/order.js';
import type { Report } from '../report.js';
import { sortInSteps } from '../sort.js';
import { precompute, type Computation } from '../computation.js';
import {
  addChanges,
  changeOfGroup,
  compareGroups,
  ratioOf,
  type ComparedGroups,
  type TotalsChange,
} from './changed-sums.js';
import { matchGroups, type MatchedGroups } from './match-groups.js';

/** APPEARED: no rows in the baseline. VANISHED: no rows in the current report. The other kinds compare totalCost. */
export type ChangeKind = 'INCREASED' | 'DECREASED' | 'UNCHANGED' | 'APPEARED' | 'VANISHED';

/** Except `key`, these are amounts of totalCost. */
export type ChangeField = 'difference' | 'absoluteDifference' | 'ratio' | 'current' | 'baseline' | 'key';

export interface ChangeQuery {
  readonly by: readonly Dimension[];
  /**
   * Whether the second report covers both windows. Its rows then do not show which groups the baseline had: a group has
   * appeared when the baseline has at most a thousandth of its current cost.
   */
  readonly baselineIncludesCurrent?: boolean | undefined;
  /** Applied to both reports. */
  readonly where?: RowsWhere | undefined;
  /** Groups of other kinds go to `others`; all kinds by default. */
  readonly kinds?: readonly ChangeKind[] | undefined;
  /** Groups whose totalCost changed by less, up or down, go to `others`. */
  readonly minDifference?: number | undefined;
  /** By default the largest changes first, up or down. */
  readonly orderBy?: { readonly field: ChangeField; readonly direction: Direction } | undefined;
  readonly first?: number | undefined;
  /** The sums that will be read besides totalCost. Another sum is computed without yielding when it is read. */
  readonly fields?: readonly SumField[] | undefined;
}

export interface GroupChange {
  readonly keys: readonly (string | null)[];
  readonly kind: ChangeKind;
  readonly totals: TotalsChange;
  /** Its difference of totalCost as a part of that of all groups; null where that is 0. */
  readonly contribution: number | null;
}

export interface ChangeBreakdown {
  readonly groups: LazyList<GroupChange>;
  /** The groups that are not in `groups`, added up; null when there are none. */
  readonly others: TotalsChange | null;
  /** Includes the groups in `others`. */
  readonly groupCount: number;
  readonly totals: TotalsChange;
}

/** Groups both reports once, and reads their groups once per sum. With an empty `by` there is one group: all rows. */
export function* compareReports(current: Report, baseline: Report, query: ChangeQuery): Computation<ChangeBreakdown> {
  const { by, where, baselineIncludesCurrent = false, first = Infinity } = query;
  const fields: readonly SumField[] = ['totalCost', ...(query.fields ?? [])];
  const [now, before] = [yield* current.groupRows(by, where), yield* baseline.groupRows(by, where)];
  const matched = yield* matchGroups([now, before], by.length);
  const [nowGroups, beforeGroups] = matched.byReport as [Uint32Array, Uint32Array];
  const all = yield* compareGroups(
    { ...now, groups: nowGroups, sums: yield* precompute(fields, now.sumsOf) },
    { ...before, groups: beforeGroups, sums: yield* precompute(fields, before.sumsOf) },
    baselineIncludesCurrent,
    matched.count,
    fields,
  );
  const costs = yield* readCosts(all, matched.count);
  const kindOf = createClassifier(all, costs, baselineIncludesCurrent);

  const { order, matching } = yield* orderGroups(query, { matched, costs, kindOf });
  const shown = Math.min(first, matching);
  const totals = yield* addChanges(all, order, fields);
  const allDifference = totals.sum('totalCost').difference;
  const groups = new LazyList<GroupChange>(shown, (at) => {
    const group = order[at]!;
    return {
      keys: matched.keysOf(group),
      kind: kindOf(group),
      totals: changeOfGroup(all, group),
      contribution: shareOf(costs.difference[group]!, allDifference),
    };
  });
  const others = shown < matched.count ? yield* addChanges(all, order.subarray(shown), fields) : null;
  return { groups, others, groupCount: matched.count, totals };
}

/** The totalCost of each group. */
type CostChanges = Readonly<Record<keyof ComparedGroups, Float64Array>>;

function* readCosts({ current, baseline, difference }: ComparedGroups, groupCount: number): Computation<CostChanges> {
  return {
    current: yield* readSums(current.sums('totalCost'), groupCount),
    baseline: yield* readSums(baseline.sums('totalCost'), groupCount),
    difference: yield* readSums(difference.sums('totalCost'), groupCount),
  };
}

/** A report of the last days ends when it is fetched, so the longer one covers a moment that the current one does not. */
const NEGLIGIBLE_RATIO = 0.001;

function createClassifier(
  { current: { rowCounts: currentRows }, baseline: { rowCounts: baselineRows } }: ComparedGroups,
  { current, baseline, difference }: CostChanges,
  baselineIncludesCurrent: boolean,
): (group: number) => ChangeKind {
  const hadRows = (group: number): boolean =>
    baselineIncludesCurrent && current[group] !== 0
      ? Math.abs(baseline[group]!) > NEGLIGIBLE_RATIO * Math.abs(current[group]!)
      : baselineRows[group]! > 0;
  return (group) => {
    const hasRows = currentRows[group]! > 0;
    if (hasRows !== hadRows(group)) return hasRows ? 'APPEARED' : 'VANISHED';
    if (difference[group] === 0) return 'UNCHANGED';
    return difference[group]! > 0 ? 'INCREASED' : 'DECREASED';
  };
}

interface Candidates {
  readonly matched: MatchedGroups;
  readonly costs: CostChanges;
  readonly kindOf: (group: number) => ChangeKind;
}

/** All groups: first those that match the query, in its order. */
function* orderGroups(query: ChangeQuery, { matched, costs, kindOf }: Candidates) {
  const { kinds, minDifference = 0, orderBy = { field: 'absoluteDifference', direction: 'DESC' } } = query;
  const order = new Uint32Array(matched.count);
  let matching = 0;
  let end = order.length;
  for (let group = 0; group < order.length; group += 1) {
    const isLarge = Math.abs(costs.difference[group]!) >= minDifference;
    if (isLarge && (kinds?.includes(kindOf(group)) ?? true)) order[matching++] = group;
    else order[--end] = group;
  }
  const compare = matched.compareBy(valuesToOrderBy(costs, orderBy.field), orderBy.direction);
  order.set(yield* sortInSteps(order.subarray(0, matching), compare));
  return { order, matching };
}

/** NaN for a ratio that is null; undefined for the keys. */
function valuesToOrderBy(costs: CostChanges, field: ChangeField): Float64Array | undefined {
  const { baseline, difference } = costs;
  if (field === 'key') return undefined;
  if (field === 'absoluteDifference') return difference.map(Math.abs);
  if (field !== 'ratio') return costs[field];
  return difference.map((each, group) => ratioOf(each, baseline[group]!) ?? Number.NaN);
}
