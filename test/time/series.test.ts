// Costs over time, compared with a reference over row objects with exact fractions.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { createSeries, type Series, type SeriesQuery } from '../../src/report/compare/time-series.js';
import { createPermissions } from '../../src/report/permissions/permissions.js';
import { runToEnd } from '../../src/report/computation.js';
import {
  anyDimensions,
  anyFirst,
  anyGroupOrder,
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

const readOne = ({ keys, values, totals }: Series) => ({
  keys,
  values: Object.fromEntries(SUMMED.map((field) => [field, values(field)])),
  totals: totals && {
    rowCount: totals.rowCount,
    ...Object.fromEntries(SUMMED.map((field) => [field, totals.sum(field)])),
  },
});

/** Fields with a value at one moment; their total is a mean. */
const LEVELS: readonly Summed[] = [
  ...(['hourlyCost', 'amountOfWorkloads', 'replicas'] as const),
  ...(['ownerCpuRequest', 'ownerGpuRequest', 'ownerMemoryRequest'] as const),
];
/** Intervals of one hour, two hours and so on. */
const toSource = (reports: readonly (SyncReport | null)[]) => ({
  reports: reports.map((report) => report?.steps ?? null),
  hours: reports.map((_, at) => at + 1),
});

function send(reports: readonly (SyncReport | null)[], query: SeriesQuery) {
  const steps = createSeries(toSource(reports), query);
  const { series, others, seriesCount } = runToEnd(steps);
  return { series: [...series].map(readOne), others: others && readOne(others), seriesCount };
}

/** For each interval, the rows of one or several groups. */
type Intervals = readonly (readonly (readonly Row[])[] | null)[];

function expectedOne(keys: readonly (string | null)[], intervals: Intervals) {
  const isComplete = intervals.every((each) => each !== null);
  const unitsAt = (groups: readonly (readonly Row[])[], field: Summed) =>
    groups.reduce((sum, rows) => sum + sumToUnits(rows, field), 0n);
  const sum = (field: Summed) =>
    roundUnits(intervals.reduce((units, groups) => units + unitsAt(groups ?? [], field), 0n));
  const points = (field: Summed) => intervals.map((groups) => groups && roundUnits(unitsAt(groups, field)));
  const allHours = intervals.reduce((hours, _, at) => hours + at + 1, 0);
  const mean = (field: Summed) =>
    points(field).reduce<number>((total, point, at) => total + point! * ((at + 1) / allHours), 0);
  return {
    keys,
    values: Object.fromEntries(SUMMED.map((field) => [field, points(field)])),
    totals: isComplete
      ? {
          rowCount: intervals.flat(2).length,
          ...Object.fromEntries(SUMMED.map((field) => [field, LEVELS.includes(field) ? mean(field) : sum(field)])),
        }
      : null,
  };
}

function expected(all: readonly (readonly Row[] | null)[], { by, orderBy, first = Infinity }: SeriesQuery) {
  const intervals = all.map((rows) => rows && groupByKeys(rows, by));
  const known = new Map(intervals.flatMap((groups) => [...(groups ?? [])]).map(([key, { keys }]) => [key, keys]));
  if (by.length === 0) known.set('[]', []);
  const groups = [...known].map(([key, keys]) => {
    const rows = intervals.map((each) => each && (each.get(key)?.rows ?? []));
    const rowCount = rows.reduce((sum, list) => sum + (list?.length ?? 0), 0);
    const units = (field: Summed) => rows.reduce((sum, list) => sum + sumToUnits(list ?? [], field), 0n);
    const { field } = orderBy;
    if (field === 'key') return { keys, rows };
    return { keys, rows, value: field === 'rowCount' ? rowCount : roundUnits(units(field)) };
  });
  const sorted = groups.sort((a, b) => compareByKeys(a, b, orderBy.direction));
  const rest = sorted.slice(first);
  return {
    series: sorted.slice(0, first).map(({ keys, rows }) =>
      expectedOne(
        keys,
        rows.map((list) => list && [list]),
      ),
    ),
    others:
      rest.length === 0
        ? null
        : expectedOne(
            [],
            all.map((rows, at) => rows && rest.map((group) => group.rows[at]!)),
          ),
    seriesCount: sorted.length,
  };
}

const anyIntervals = fc.array(fc.option(anyReport(8), { freq: 6 }), { maxLength: 5 });
const anyQuery: fc.Arbitrary<SeriesQuery> = fc.record({
  by: fc.oneof({ weight: 6, arbitrary: anyDimensions }, fc.constant([])),
  where: anyWhere,
  orderBy: anyGroupOrder,
  first: anyFirst,
  fields: fc.constantFrom([], ['totalCost' as const], SUMMED),
});
const byNamespace = [{ field: 'namespace' as const }];
const byCost = { by: byNamespace, orderBy: { field: 'totalCost', direction: 'DESC' }, fields: ['totalCost'] } as const;
const reportOf = (costs: Readonly<Record<string, number>>) =>
  readReport({
    aggregatedWorkloads: Object.entries(costs).map(([namespace, totalCost]) => ({
      id: namespace,
      namespace,
      totalCost,
    })),
  });

describe('a time series', () => {
  test('equals the reference over the rows of all reports', () => {
    fc.assert(
      fc.property(anyIntervals, anyQuery, (jsons, query) => {
        const reports = jsons.map((json) => json && readReport(json));
        const rows = jsons.map((json) => json && filterRows(readRows(json), query.where));
        const want = expected(rows, query);
        expect(send(reports, query)).toEqual(want);
        // The second time uses cached data.
        expect(send(reports, query)).toEqual(want);
      }),
      { numRuns: propertyRuns(180) },
    );
  });

  test('of the visible rows of a caller equals a series of reports without the hidden rows', () => {
    const permissions = createPermissions([{ namespaces: ['a', 'api'] }])!;
    const hide = ({ aggregatedWorkloads }: UpstreamReport) =>
      readReport({
        aggregatedWorkloads: (aggregatedWorkloads ?? []).filter(({ namespace }) =>
          ['a', 'api'].includes(namespace ?? ''),
        ),
      });
    fc.assert(
      fc.property(anyIntervals, anyQuery, (jsons, query) => {
        const visible = jsons.map((json) => json && readReport(json).restrict(permissions));
        expect(send(visible, query)).toEqual(
          send(
            jsons.map((json) => json && hide(json)),
            query,
          ),
        );
      }),
      { numRuns: propertyRuns(60) },
    );
  });

  test('has 0 without rows, null without a report, and one series for others', () => {
    const intervals = [reportOf({ a: 1, b: 5 }), null, reportOf({ a: 2, c: 0.5, d: 0.25 })];
    const { series, others, seriesCount } = runToEnd(createSeries(toSource(intervals), { ...byCost, first: 2 }));
    expect([...series].map(({ keys, values, totals }) => [keys, values('totalCost'), totals])).toEqual([
      [['b'], [5, null, 0], null],
      [['a'], [1, null, 2], null],
    ]);
    expect(others!.values('totalCost')).toEqual([0, null, 0.75]);
    expect(seriesCount).toBe(4);
  });

  test('without dimensions is one series, the total, even without rows', () => {
    const { series, others } = send([reportOf({}), reportOf({ a: 0.1, b: 0.2 })], { ...byCost, by: [] });
    expect(series).toHaveLength(1);
    expect(series[0]).toMatchObject({
      keys: [],
      values: { totalCost: [0, 0.3] },
      totals: { rowCount: 2, totalCost: 0.3 },
    });
    expect(others).toBeNull();
  });

  test('groups the rows of a report once, and pauses while it does', () => {
    const rows = Array.from({ length: 20_000 }, (_, at) => ({ id: `${at}`, namespace: `n${at % 50}`, totalCost: at }));
    const reports = [0, 1, 2].map(() => readReport({ aggregatedWorkloads: rows }).steps);
    const create = () => createSeries({ reports, hours: [24, 24, 24] }, { ...byCost, first: 10 });
    expect(countSteps(create())).toBeGreaterThan(3 * 4);
    expect(countSteps(create())).toBe(0);
  });
});
