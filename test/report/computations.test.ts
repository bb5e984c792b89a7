// Computations over a report: each pauses often enough to share the event loop, and each index is built once.

import { describe, expect, test, vi } from 'vitest';

import { compareReports } from '../../src/report/compare/compare-reports.js';
import { createSeries } from '../../src/report/compare/time-series.js';
import { createPermissions } from '../../src/report/permissions/permissions.js';
import { createCursorCodec } from '../../src/report/query/cursor.js';
import type { RowQuery } from '../../src/report/query/row-page.js';
import type { BreakdownQuery } from '../../src/report/report.js';
import { toReportId } from '../../src/report/request.js';
import { precompute, runToEnd, shareComputation, type Computation } from '../../src/report/computation.js';
import { NAMES, NUMBERS } from '../kit/reference.js';
import { countSteps, originOf, readReport, type SyncReport } from '../kit/report.js';

const ROWS = 20_000;
const NAMESPACES = 500;
/** The least number of pauses in one pass for a computation that pauses every 1,024 items. */
const PASS = Math.floor(ROWS / 1_024);
/** The same for a computation that pauses every 8,192 rows. */
const FAST_PASS = Math.floor(ROWS / 8_192);
const LABELS = ['team', 'app', 'env', 'zone', 'tier'];

/** Each row has its own names, labels and numbers. */
function makeReport(): SyncReport {
  const rows = Array.from({ length: ROWS }, (_, at) => ({
    id: `${at}`,
    ...Object.fromEntries(NAMES.map((name) => [name, `${name}-${at}`])),
    namespace: `n${at % NAMESPACES}`,
    clusterName: 'c',
    ...Object.fromEntries(NUMBERS.map((name, index) => [name, ((at * (index + 7)) % 977) / 8])),
    amountOfWorkloads: at % 7,
    ownerLabels: Object.fromEntries(LABELS.map((key) => [key, `${key}-${at}`])),
  }));
  return readReport({ aggregatedWorkloads: rows });
}

/** Starts to select rows. */
const select = (of: SyncReport, query: Partial<RowQuery>) => of.steps.selectRows({ origin: originOf(of), ...query });

const TEAM_1 = { by: { label: 'team' }, values: ['team-1'], exclude: false };
const byKey = (by: BreakdownQuery['by']): BreakdownQuery => ({
  by,
  orderBy: { field: 'key', direction: 'ASC' },
});
const SCOPES = Array.from({ length: NAMESPACES }, (_, at) => ({ clusterName: 'c', namespace: `n${at}` }));
const VISIBLE = createPermissions([{ namespaces: SCOPES.slice(1).map(({ namespace }) => namespace) }])!;

describe('a query over 20,000 rows with as many names', () => {
  const report = makeReport();
  const { steps } = report;
  const gone = createCursorCodec(() => [toReportId({ report: 'workloads' }), [], null]).encode({
    index: 0,
    id: 'gone',
  });

  test.each<[string, () => Computation<unknown>, number]>([
    // Reads the names, sorts them in runs, merges the runs.
    ['order by a name', () => select(report, { orderBy: [{ field: 'workloadName', direction: 'ASC' }] }), 3 * PASS],
    ['order by a number', () => select(report, { orderBy: [{ field: 'totalCost', direction: 'ASC' }] }), 2 * PASS],
    [
      'order by 17 keys',
      () =>
        select(makeReport(), {
          orderBy: [...NUMBERS, ...NAMES].map((field) => ({ field, direction: 'ASC' })),
        }),
      13 * 2 * PASS,
    ],
    ['breakdown by a name', () => steps.breakDown(byKey([{ field: 'workloadType' }])), 3 * PASS],
    [
      'breakdown ordered by a sum',
      () =>
        steps.breakDown({ ...byKey([{ field: 'workloadName' }]), orderBy: { field: 'totalCost', direction: 'ASC' } }),
      2 * PASS,
    ],
    ['breakdown by five labels', () => steps.breakDown(byKey(LABELS.map((label) => ({ label })))), 5 * 4 * PASS],
    ['search', () => select(report, { where: { search: '-1999' } }), PASS],
    ['filter by name', () => steps.sumRows({ namespaces: ['n1'] }), PASS],
    ['filter by label', () => steps.sumRows({ dimensions: [TEAM_1] }), PASS],
    ['filter by cost', () => steps.sumRows({ minTotalCost: 1e9 }), FAST_PASS],
    ['totals', () => steps.sumRows(), 11 * FAST_PASS],
    // Both reports are grouped, as a breakdown groups one; then the groups are matched, added up, read and ordered.
    [
      'comparison by a name',
      () => compareReports(makeReport().steps, makeReport().steps, { by: [{ field: 'workloadName' }], first: 10 }),
      2 * 3 * PASS + 5 * PASS,
    ],
    [
      'time series by a name',
      () =>
        createSeries(
          { reports: [makeReport().steps, makeReport().steps, makeReport().steps], hours: [24, 24, 24] },
          {
            by: [{ field: 'workloadName' }],
            orderBy: { field: 'totalCost', direction: 'DESC' },
            first: 10,
            fields: ['totalCost'],
          },
        ),
      3 * 3 * PASS + 3 * PASS,
    ],
    ['split', () => steps.split(SCOPES), NAMESPACES],
    ['restriction', () => steps.restrict(VISIBLE), PASS],
    ['re-aggregation', () => steps.restrict(VISIBLE, { byCluster: false }), 3 * FAST_PASS],
    ['lookup of a workload', () => steps.findWorkload('workloadType-3', 'workloadName-3', originOf(report)), PASS],
    ['page after a cursor of a removed row', () => select(report, { after: gone }), PASS],
  ])('%s pauses in every pass over the rows', (_what, send, atLeast) => {
    expect(countSteps(send())).toBeGreaterThanOrEqual(atLeast);
  });

  test('is written in pieces of at most 64 KiB and one row', () => {
    const members = [...NAMES, 'totalCost' as const].map((field) => ({ name: field, kind: 'field', field }) as const);
    const pieces = [...report.selectRows({}).write(members)];
    expect(pieces.length).toBeGreaterThan(20);
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(65_536 + 1_024);
    expect(JSON.parse(Buffer.concat(pieces).toString())).toHaveLength(ROWS);
  });
});

describe('an index', () => {
  test('is built once for all concurrent callers', () => {
    const query = { orderBy: [{ field: 'workloadName', direction: 'ASC' }], first: 1 } as const;
    const alone = countSteps(select(makeReport(), query));
    const report = makeReport();
    const running = Array.from({ length: 10 }, () => select(report, query));
    let count = 0;
    for (let open = running; open.length > 0;) {
      open = open.filter((each) => each.next().done !== true);
      count += open.length;
    }
    // Each also orders its own page.
    expect(count).toBeLessThan(2 * alone);
    expect(countSteps(select(report, query))).toBeLessThan(alone / 3);
  });

  test('continues when the caller that started it aborts', () => {
    const report = makeReport();
    const query = { orderBy: [{ field: 'workloadName', direction: 'ASC' }], first: 1 } as const;
    const [first, second] = [select(report, query), select(report, query)];
    for (let at = 0; at < 20; at += 1) first.next();
    second.next();
    first.return(undefined as never);
    expect(runToEnd(second).rows.at(0).workloadName).toBe('workloadName-0');
  });

  test('starts again for the next caller when all callers have aborted, or when it failed', () => {
    let begun = 0;
    let fails = true;
    const shared = shareComputation(function* () {
      begun += 1;
      yield;
      if (fails) throw new Error('broken');
      return begun;
    });
    const left = shared();
    left.next();
    left.return(0);
    expect(() => runToEnd(shared())).toThrow('broken');
    fails = false;
    expect(runToEnd(shared())).toBe(3);
    expect(runToEnd(shared())).toBe(3);
  });
});

describe('parts of a report', () => {
  const QUERIES: readonly [string, (part: SyncReport) => Computation<unknown>][] = [
    ['a breakdown by label', ({ steps }) => steps.breakDown(byKey([{ label: 'team' }]))],
    ['a filter by label', ({ steps }) => steps.sumRows({ dimensions: [TEAM_1] })],
    ['a breakdown by a label that no row has', ({ steps }) => steps.breakDown(byKey([{ label: 'none' }]))],
  ];

  test.each(QUERIES)('read the label lists of their own rows only, for %s', (_what, send) => {
    const parts = [...makeReport().split(SCOPES).values()];
    expect(parts).toHaveLength(NAMESPACES);
    countSteps(send(parts[0]!));
    const subarray = vi.spyOn(Object.getPrototypeOf(Uint32Array.prototype) as Uint32Array, 'subarray');
    let steps = 0;
    for (const part of parts) steps += countSteps(send(part));
    const reads = subarray.mock.calls.length;
    subarray.mockRestore();
    // ownerLabels, then labels; and a few small arrays per query.
    expect(reads).toBeLessThan(2 * ROWS + 20 * NAMESPACES);
    // A part of 40 rows needs no pause: the cost does not depend on the whole report.
    expect(steps).toBe(0);
  });

  test('have a cost that depends on their own rows only', () => {
    const report = makeReport();
    const parts = [...report.split(SCOPES).values()];
    const sum = (read: (part: SyncReport) => number) => parts.reduce((total, part) => total + read(part), 0);
    expect(sum(({ scanCost }) => scanCost)).toBe(report.scanCost);
    expect(sum(({ labelScanCost }) => labelScanCost)).toBe(report.labelScanCost);
    expect(report.labelScanCost).toBe(ROWS * LABELS.length);
  });
});

test('a value that is not precomputed is computed when it is first read', () => {
  const computed: string[] = [];
  const valueOf = runToEnd(
    precompute(['a', 'b', 'a'], function* (key): Computation<number> {
      yield;
      return computed.push(key);
    }),
  );
  expect(computed).toEqual(['a', 'b']);
  expect(['a', 'c', 'b', 'c'].map(valueOf)).toEqual([1, 3, 2, 3]);
  expect(computed).toEqual(['a', 'b', 'c']);
});
