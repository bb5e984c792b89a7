// Changes between two reports, compared with a reference over row objects with exact fractions.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { TotalsChange } from '../../src/report/compare/changed-sums.js';
import { compareReports, type ChangeKind, type ChangeQuery } from '../../src/report/compare/compare-reports.js';
import { createPermissions } from '../../src/report/permissions/permissions.js';
import { runToEnd } from '../../src/report/computation.js';
import {
  anyDimensions,
  anyReport,
  anyWhere,
  compareByKeys,
  filterRows,
  groupByKeys,
  readRows,
  roundUnits,
  SUMMED,
  sumToUnits,
  type Row,
  type Summed,
  type UpstreamReport,
} from '../kit/reference.js';
import { countSteps, readReport, type SyncReport } from '../kit/report.js';
import { propertyRuns } from '../kit/fuzz/runs.js';

const readTotals = (totals: TotalsChange) => ({
  rowCount: totals.rowCount,
  ...Object.fromEntries(SUMMED.map((field) => [field, totals.sum(field)])),
});

function send(current: SyncReport, baseline: SyncReport, query: ChangeQuery) {
  const { groups, others, totals, groupCount } = runToEnd(compareReports(current.steps, baseline.steps, query));
  return {
    groups: [...groups].map((group) => ({ ...group, totals: readTotals(group.totals) })),
    others: others && readTotals(others),
    groupCount,
    totals: readTotals(totals),
  };
}

// ------------------------------------------------------------------------------------------------------ reference

interface Sides {
  readonly now: readonly Row[];
  readonly before: readonly Row[];
}

function toChange(current: number, baseline: number, difference: number) {
  const ratio = baseline > 0 && Number.isFinite(difference / baseline) ? difference / baseline : null;
  return { current, baseline, difference, ratio };
}

/** The sums of several groups. */
function changeOf(sides: readonly Sides[], field: Summed) {
  const [now, before] = (['now', 'before'] as const).map((side) =>
    sides.reduce((sum, each) => sum + sumToUnits(each[side], field), 0n),
  ) as [bigint, bigint];
  return toChange(roundUnits(now), roundUnits(before), roundUnits(now - before));
}

function totalsOf(sides: readonly Sides[]) {
  const [now, before] = (['now', 'before'] as const).map((side) =>
    sides.reduce((sum, each) => sum + each[side].length, 0),
  );
  return {
    rowCount: toChange(now!, before!, now! - before!),
    ...Object.fromEntries(SUMMED.map((field) => [field, changeOf(sides, field)])),
  };
}

function kindOf({ now, before }: Sides): ChangeKind {
  if (before.length === 0) return 'APPEARED';
  if (now.length === 0) return 'VANISHED';
  const { difference } = changeOf([{ now, before }], 'totalCost');
  return difference === 0 ? 'UNCHANGED' : difference > 0 ? 'INCREASED' : 'DECREASED';
}

function expected(current: readonly Row[], baseline: readonly Row[], query: ChangeQuery) {
  const { by, kinds, minDifference = 0, first = Infinity } = query;
  const { field, direction } = query.orderBy ?? { field: 'absoluteDifference', direction: 'DESC' };
  const [now, before] = [groupByKeys(current, by), groupByKeys(baseline, by)];
  const groups = [...new Map([...before, ...now])].map(([key, { keys }]) => {
    const sides = { now: now.get(key)?.rows ?? [], before: before.get(key)?.rows ?? [] };
    const change = changeOf([sides], 'totalCost');
    const values = { ...change, absoluteDifference: Math.abs(change.difference), key: undefined };
    return { keys, sides, kind: kindOf(sides), change, value: values[field]! };
  });
  const isShown = ({ kind, change }: (typeof groups)[0]) =>
    (kinds?.includes(kind) ?? true) && Math.abs(change.difference) >= minDifference;
  const sorted = groups.filter(isShown).sort((a, b) => compareByKeys(a, b, direction));
  const shown = sorted.slice(0, first);
  const others = groups.filter((group) => !shown.includes(group)).map(({ sides }) => sides);
  const whole = changeOf([{ now: current, before: baseline }], 'totalCost').difference;
  return {
    groups: shown.map(({ keys, sides, kind, change: { difference } }) => ({
      ...{ keys, kind, totals: totalsOf([sides]) },
      contribution: whole === 0 || !Number.isFinite(difference / whole) ? null : difference / whole,
    })),
    others: others.length === 0 ? null : totalsOf(others),
    groupCount: groups.length,
    totals: totalsOf([{ now: current, before: baseline }]),
  };
}

const KINDS = ['INCREASED', 'DECREASED', 'UNCHANGED', 'APPEARED', 'VANISHED'] as const;
const FIELDS = ['difference', 'absoluteDifference', 'ratio', 'current', 'baseline', 'key'] as const;
const optional = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: undefined });
const anyQuery: fc.Arbitrary<ChangeQuery> = fc.record({
  by: fc.oneof({ weight: 6, arbitrary: anyDimensions }, fc.constant([])),
  where: anyWhere,
  kinds: optional(fc.subarray([...KINDS], { minLength: 1 })),
  minDifference: optional(fc.constantFrom(0, 0.1, 1, 1e16)),
  orderBy: optional(
    fc.record({ field: fc.constantFrom(...FIELDS), direction: fc.constantFrom('ASC' as const, 'DESC' as const) }),
  ),
  first: optional(fc.nat({ max: 4 })),
  fields: fc.constantFrom(undefined, [], ['spotHours' as const], SUMMED),
});

/** Two reports with many equal rows. */
const anyPair: fc.Arbitrary<readonly [UpstreamReport, UpstreamReport]> = fc
  .tuple(anyReport(10), anyReport(10), anyReport(4))
  .map(([a, b, both]) => {
    const rowsOf = (json: UpstreamReport) => [...(json.aggregatedWorkloads ?? []), ...(both.aggregatedWorkloads ?? [])];
    return [{ aggregatedWorkloads: rowsOf(a) }, { aggregatedWorkloads: rowsOf(b) }] as const;
  });

const row = (namespace: string | null, totalCost: number | null, more: object = {}) => ({
  ...{ id: 'a', namespace, totalCost, ...more },
});
const reportOf = (...rows: object[]) => readReport({ aggregatedWorkloads: rows });
const byNamespace = [{ field: 'namespace' as const }];

describe('a comparison', () => {
  test('equals the reference over the rows of both reports', () => {
    fc.assert(
      fc.property(anyPair, anyQuery, ([now, before], query) => {
        const [current, baseline] = [readReport(now), readReport(before)];
        const rows = [now, before].map((json) => filterRows(readRows(json), query.where)) as [Row[], Row[]];
        const want = expected(...rows, query);
        // Without dimensions there is one group, even without rows.
        if (query.by.length === 0) want.groupCount = 1;
        if (query.by.length === 0 && rows.flat().length === 0) return;
        expect(send(current, baseline, query)).toEqual(want);
        // The second time uses cached data.
        expect(send(current, baseline, query)).toEqual(want);
      }),
      { numRuns: propertyRuns(240) },
    );
  });

  test('of the visible rows of a caller equals a comparison of reports without the hidden rows', () => {
    const permissions = createPermissions([{ namespaces: ['a', 'api'] }])!;
    fc.assert(
      fc.property(anyPair, anyQuery, (pair, query) => {
        const [visible, reports] = [
          pair.map((json) => readReport(json).restrict(permissions)),
          pair.map(({ aggregatedWorkloads }) =>
            readReport({
              aggregatedWorkloads: aggregatedWorkloads!.filter(({ namespace }) =>
                ['a', 'api'].includes(namespace ?? ''),
              ),
            }),
          ),
        ];
        expect(send(visible[0]!, visible[1]!, query)).toEqual(send(reports[0]!, reports[1]!, query));
      }),
      { numRuns: propertyRuns(90) },
    );
  });

  test('distinguishes groups that appeared, vanished, rose, fell and stayed', () => {
    const current = reportOf(
      row('new', 1),
      row('more', 3),
      row('less', 1),
      row('same', 2),
      row(null, 5),
      row('free', null),
    );
    const baseline = reportOf(
      row('gone', 1),
      row('more', 1),
      row('less', 4),
      row('same', 2),
      row('', 4),
      row('free', 0),
    );
    const { groups, totals, groupCount } = send(current, baseline, { by: byNamespace });
    expect(groups.map(({ keys, kind, contribution }) => [keys[0], kind, contribution])).toEqual([
      ['less', 'DECREASED', null],
      ['more', 'INCREASED', null],
      ['gone', 'VANISHED', null],
      ['new', 'APPEARED', null],
      [null, 'INCREASED', null],
      ['free', 'UNCHANGED', null],
      ['same', 'UNCHANGED', null],
    ]);
    expect(groupCount).toBe(7);
    expect(totals).toMatchObject({ totalCost: { current: 12, baseline: 12, difference: 0, ratio: 0 } });
  });

  test('has contributions that add up to 1, and the exact difference of decimals', () => {
    const current = reportOf(row('a', 0.3), row('b', 0.7));
    const { groups, totals } = send(current, reportOf(row('a', 0.1), row('b', 0.2)), { by: byNamespace });
    expect(groups.map(({ totals: { totalCost } }: any) => totalCost.difference as number)).toEqual([0.5, 0.2]);
    expect(totals).toMatchObject({ totalCost: { difference: 0.7, ratio: 0.7 / 0.3 } });
    expect(groups.reduce((sum, { contribution }) => sum + contribution!, 0)).toBeCloseTo(1, 12);
  });

  test('is exact for decimals of different scales, and for doubles that are no decimals', () => {
    const differenceOf = (now: number[], before: number[]) => {
      const [current, baseline] = [now, before].map((costs) => reportOf(...costs.map((cost) => row('a', cost))));
      return (send(current!, baseline!, { by: byNamespace }).totals as any).totalCost.difference as number;
    };
    expect(differenceOf([0.1, 0.2], [0.1234567])).toBe(0.1765433);
    expect(differenceOf([1e16, 0.1], [1e16])).toBe(0.1);
    expect(differenceOf([0.1, 0.2], [5e-324])).toBe(0.3);
    expect(differenceOf([Number.MAX_VALUE], [-Number.MAX_VALUE])).toBe(Number.MAX_VALUE);
  });

  test('groups the rows of a report once', () => {
    const rows = Array.from({ length: 20_000 }, (_, at) => row(`n${at % 50}`, at));
    const [current, baseline] = [reportOf(...rows), reportOf(...rows)];
    const compare = () => compareReports(current.steps, baseline.steps, { by: byNamespace });
    expect(countSteps(compare())).toBeGreaterThan(4);
    expect(countSteps(compare())).toBe(0);
  });

  test('pauses in every pass over groups', () => {
    const rows = Array.from({ length: 20_000 }, (_, at) => row(`n${at}`, at));
    const [current, baseline] = [reportOf(...rows), reportOf(...rows)];
    expect(countSteps(compareReports(current.steps, baseline.steps, { by: byNamespace }))).toBeGreaterThan(80);
  });
});
