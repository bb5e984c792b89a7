// The queries of a report, compared with kit/reference.ts for any report and any arguments. Also cursors after a
// refresh, sums of 100,000 costs, and the cost of large queries.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { createCursorCodec } from '../../src/report/query/cursor.js';
import { DerivedCache } from '../../src/report/columns/derived-cache.js';
import { CursorError } from '../../src/report/query/page.js';
import type { RowQuery } from '../../src/report/query/row-page.js';
import type { BreakdownQuery } from '../../src/report/report.js';
import { toReportId } from '../../src/report/request.js';
import { runToEnd, type Computation } from '../../src/report/computation.js';
import { percentOfHours, type Totals } from '../../src/report/query/totals.js';
import type { RowsWhere } from '../../src/report/query/filter-rows.js';
import {
  addUp,
  anyDimensions,
  anyFirst,
  anyGroupOrder,
  anyOrder,
  anyReport,
  anyWhere,
  filterRows,
  groupRows,
  NAMES,
  NUMBERS,
  paginate,
  readRows,
  sortRows,
  isDecimalColumn,
  sumExactly,
  SUMMED,
  type ExpectedTotals,
  type Row,
  type RowOrder,
  type UpstreamReport,
} from '../kit/reference.js';
import { originOf, readReport, type SyncReport } from '../kit/report.js';
import { propertyRuns } from '../kit/fuzz/runs.js';

type Query = Partial<RowQuery>;

const report = (json: UpstreamReport): SyncReport => readReport(json);
const reportOf = (rows: object[]): SyncReport => readReport({ aggregatedWorkloads: rows });

/** The totals of a report, with every sum computed. */
function read(totals: Totals): ExpectedTotals {
  return {
    rowCount: totals.rowCount,
    ...(Object.fromEntries(SUMMED.map((field) => [field, totals.sum(field)])) as Omit<
      ExpectedTotals,
      'rowCount' | 'onDemandPercent' | 'spotPercent'
    >),
    onDemandPercent: percentOfHours(totals, 'onDemandHours'),
    spotPercent: percentOfHours(totals, 'spotHours'),
  };
}

function readBreakdown(of: SyncReport, query: BreakdownQuery) {
  const { groups, others, groupCount, totals } = of.breakDown(query);
  return {
    groups: groups.map((group) => ({ keys: group.keys, totals: read(group.totals), share: group.share() })),
    others: others === null ? null : read(others),
    groupCount,
    totals: read(totals),
  };
}

/** The rows with one of these values of a label. */
const matchLabel = (label: string, ...values: string[]) => ({ by: { label }, values, exclude: false });

const FIELDS = [
  'scaleOpsId',
  ...NAMES,
  ...NUMBERS,
  'labels',
  'annotations',
  'ownerLabels',
  'services',
  'share',
] as const;
const toPlain = (row: Row) => Object.fromEntries(FIELDS.map((field) => [field, row[field]]));

const ids = (rows: readonly Pick<Row, 'scaleOpsId'>[]) => rows.map(({ scaleOpsId }) => scaleOpsId);
/** The rows' places in the upstream's list, which anyReport writes into `services`. */
const places = (rows: readonly Pick<Row, 'services'>[]) => rows.map(({ services }) => services[0]);

/** The ids of the rows by their places. */
const idsByPlace = (of: SyncReport) => new Map(of.selectRows({}).rows.map(({ services, id }) => [services[0]!, id]));

/** The cursor of the row at `place` in the list of `query`. */
const cursorAt = (of: SyncReport, { where, orderBy, origin }: Query, place: number): string =>
  of.selectRows({ where, orderBy, ...(origin && { origin }) }).cursorOf(place);

describe('rows', () => {
  test('match the reference for any report, filter, order and page', () => {
    const anyPlace = fc.option(fc.nat({ max: 23 }), { nil: undefined });
    fc.assert(
      fc.property(
        anyReport(),
        anyWhere,
        anyOrder,
        fc.record({ first: anyFirst, after: anyPlace, last: anyFirst, before: anyPlace }),
        (json, where, orderBy, page) => {
          const queried = report(json);
          const all = sortRows(filterRows(readRows(json), where), orderBy, idsByPlace(queried));
          const there = (place: number | undefined) => (place !== undefined && place < all.length ? place : undefined);
          const after = there(page.after);
          const before = there(page.before);
          const cursorOf = (place: number | undefined) =>
            place === undefined ? undefined : cursorAt(queried, { where, orderBy }, place);
          const got = queried.selectRows({
            where,
            orderBy,
            first: page.first,
            after: cursorOf(after),
            last: page.last,
            before: cursorOf(before),
          });
          const { edges, hasNextPage, hasPreviousPage } = paginate(all, { ...page, after, before });
          // A row is a view, without fields of its own.
          expect(got.rows.map(toPlain)).toEqual(edges.map(({ node }) => node));
          expect(edges.map((_, index) => got.cursorOf(index))).toEqual(edges.map(({ cursor }) => cursorOf(cursor)));
          expect(got).toMatchObject({ totalCount: all.length, rowCount: edges.length, hasNextPage, hasPreviousPage });
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('appear exactly once across pages of any size, forward and backward', () => {
    fc.assert(
      fc.property(
        anyReport(),
        anyWhere,
        anyOrder,
        fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 }),
        (json, where, orderBy, sizes) => {
          const queried = report(json);
          const all = places(sortRows(filterRows(readRows(json), where), orderBy, idsByPlace(queried)));
          expect(walk(queried, { where, orderBy }, 'forward', sizes)).toEqual(all);
          expect(walk(queried, { where, orderBy }, 'backward', sizes)).toEqual(all);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('with equal keys have the same order, whatever order ScaleOps returns', () => {
    const rows = ['a', 'b', 'c', 'd', 'e'].map((id, at) => ({ id, totalCost: at % 2, replicas: 1 }));
    const inOrder = (list: object[], ...orderBy: RowOrder[]) =>
      ids(reportOf(list).selectRows({ orderBy }).rows).join('');
    const order = inOrder(rows, { field: 'replicas', direction: 'ASC' });
    const pick = (some: string) =>
      Array.from(order)
        .filter((id) => some.includes(id))
        .join('');
    for (const list of [rows, rows.toReversed(), [...rows.slice(2), ...rows.slice(0, 2)]]) {
      expect(inOrder(list, { field: 'replicas', direction: 'ASC' })).toBe(order);
      expect(inOrder(list, { field: 'replicas', direction: 'DESC' })).toBe(order);
      expect(inOrder(list, { field: 'totalCost', direction: 'ASC' })).toBe(pick('ace') + pick('bd'));
      expect(inOrder(list, { field: 'totalCost', direction: 'DESC' })).toBe(pick('bd') + pick('ace'));
    }
  });

  test('with equal keys are each on one page, even when ScaleOps changes their order meanwhile', () => {
    const rows = Array.from({ length: 100 }, (_, at) => ({ workloadName: `w${at}`, totalCost: 1 }));
    const orderBy: RowOrder[] = [{ field: 'totalCost', direction: 'DESC' }];
    const [one, other] = [reportOf(rows), reportOf(rows.toReversed())];
    const seen: (string | null)[] = [];
    let after: string | undefined;
    for (let page = 0; page < 20; page += 1) {
      const found = (page % 2 === 0 ? one : other).selectRows({ orderBy, first: 7, after });
      seen.push(...found.rows.map(({ workloadName }) => workloadName));
      if (!found.hasNextPage) break;
      after = found.cursorOf(found.rowCount - 1);
    }
    expect([seen.length, new Set(seen).size]).toEqual([100, 100]);
  });

  test.each([...NAMES, ...NUMBERS])('without %s are last in both directions', (field) => {
    const values = NAMES.includes(field as never) ? ['b', '', 'a', null] : [2, null, -1, undefined];
    const rows = values.map((value, at) => ({ id: `${at}`, [field]: value }));
    for (const direction of ['ASC', 'DESC'] as const) {
      const got = reportOf(rows).selectRows({ orderBy: [{ field, direction }] }).rows;
      expect(ids(got).join('')).toBe(direction === 'ASC' ? '2013' : '0213');
    }
  });

  test('are ordered by Unicode code point of their names, not by UTF-16 unit or locale', () => {
    // A lone surrogate has a code point of its own, below U+E000.
    const sorted = [
      'B',
      'Z',
      'a',
      'b',
      'ä',
      '\ud7ff',
      '\ud83d',
      '\ud83d\ue000',
      '\ude00',
      '\ue000',
      '\uffff',
      '😀',
      '😀b',
      '🙃',
    ];
    const rows = [...sorted].reverse().map((namespace, at) => ({ id: `${at}`, namespace }));
    for (const direction of ['ASC', 'DESC'] as const) {
      const got = reportOf(rows).selectRows({ orderBy: [{ field: 'namespace', direction }] }).rows;
      expect(got.map(({ namespace }) => namespace)).toEqual(direction === 'ASC' ? sorted : [...sorted].reverse());
    }
  });

  test('have a share of the cost of the whole report, also with a filter', () => {
    const queried = reportOf([{ id: 'a', totalCost: 1, namespace: 'x' }, { id: 'b', totalCost: 3 }, { id: 'c' }]);
    expect(queried.selectRows({}).rows.map(({ share }) => share)).toEqual([0.25, 0.75, null]);
    expect(queried.selectRows({ where: { namespaces: ['x'] } }).rows[0]!.share).toBe(0.25);
  });

  test('have no share when the total is 0 or so small that the quotient is not finite', () => {
    const sharesOf = (...costs: number[]) =>
      reportOf(costs.map((totalCost) => ({ id: 'a', totalCost })))
        .selectRows({})
        .rows.map(({ share }) => share);
    expect(sharesOf(5, -5)).toEqual([null, null]);
    expect(sharesOf(1e300, 1e-300, -1e300)).toEqual([null, 1, null]);
  });
});

/** All rows' places, page by page. */
function walk(of: SyncReport, query: Query, way: 'forward' | 'backward', sizes: readonly number[]) {
  const pages: unknown[][] = [];
  let cursor: string | undefined;
  for (let turn = 0; ; turn += 1) {
    const size = sizes[turn % sizes.length]!;
    const page = of.selectRows({
      ...query,
      ...(way === 'forward' ? { first: size, after: cursor } : { last: size, before: cursor }),
    });
    if (way === 'forward') pages.push(places(page.rows));
    else pages.unshift(places(page.rows));
    // Limits a loop that makes no progress.
    if (!(way === 'forward' ? page.hasNextPage : page.hasPreviousPage) || turn > 30) return pages.flat();
    cursor = page.cursorOf(way === 'forward' ? page.rowCount - 1 : 0);
  }
}

describe('totals', () => {
  test('match the reference for any report and filter', () => {
    fc.assert(
      fc.property(anyReport(), anyWhere, (json, where) => {
        expect(read(report(json).sumRows(where))).toEqual(addUp(filterRows(readRows(json), where)));
      }),
      { numRuns: 300 },
    );
  });

  test('count a row without a value, which adds nothing to the sum', () => {
    const queried = reportOf([{ id: 'a', totalCost: 2 }, { id: 'b', totalCost: null }, { id: 'c' }]);
    expect(queried.sumRows()).toMatchObject({ rowCount: 3 });
    expect(queried.sumRows().sum('totalCost')).toBe(2);
    expect(queried.sumRows({ minTotalCost: -1 }).rowCount).toBe(1);
  });

  test('compute percentages from summed hours, not from the percentages of rows', () => {
    const totals = reportOf([
      { id: 'a', onDemandHours: 90, spotHours: 0, onDemandPercent: 100, spotPercent: 0 },
      { id: 'b', onDemandHours: 0, spotHours: 10, onDemandPercent: 0, spotPercent: 100 },
    ]).sumRows();
    expect(percentOfHours(totals, 'onDemandHours')).toBe(90);
    expect(percentOfHours(totals, 'spotHours')).toBe(10);
    expect(percentOfHours(reportOf([{ id: 'a', onDemandPercent: 50 }]).sumRows(), 'onDemandHours')).toBeNull();
  });

  test('have exact percentages, which are null when the hours add up to 0', () => {
    const percentOf = (onDemandHours: number, ...spotHours: number[]) =>
      percentOfHours(
        reportOf([{ id: 'a', onDemandHours }, ...spotHours.map((hours) => ({ id: 'b', spotHours: hours }))]).sumRows(),
        'onDemandHours',
      );
    expect(percentOf(29, 71)).toBe(29);
    expect(percentOf(5, -5)).toBeNull();
    expect(percentOf(1e308, -1e308, 1e-10)).toBeNull();
  });
});

describe('sums of 100,000 costs', () => {
  const COUNT = 100_000;
  // A linear congruential generator: the same numbers on every run and machine.
  const randomBelow = (limit: number, seed: { at: number }) => {
    seed.at = (seed.at * 1_103_515_245 + 12_345) % 2_147_483_648;
    return (seed.at / 2_147_483_648) * limit;
  };
  const make = (cost: (seed: { at: number }, index: number) => number): number[] => {
    const seed = { at: 7 };
    return Array.from({ length: COUNT }, (_, index) => cost(seed, index));
  };

  test.each<[string, number[]]>([
    ['of 0.1', make(() => 0.1)],
    ['in micro-dollars', make((seed) => Math.round(randomBelow(2e9, seed)) / 1e6)],
    ['of mixed magnitudes', make((seed) => 10 ** randomBelow(30, seed) / 1e15)],
    ['of full precision, from millionths to millions', make((seed) => 10 ** (randomBelow(12, seed) - 6))],
    ['of all magnitudes', make((seed) => 10 ** (randomBelow(600, seed) - 300))],
    ['that cancel each other', make((seed, index) => (index % 2 === 0 ? 1 : -1) * randomBelow(1e9, seed))],
    ['that cancel except for the smallest', make((_, index) => [1e100, 1, 1e-20, -1e100, -1][index % 5]!)],
    ['that exceed the largest double in between', make((_, index) => [1e308, 1e308, -1e308, -1e308, 0.1][index % 5]!)],
    ['that exceed the largest double', make(() => -1e308)],
  ])('%s are exact and rounded once', (_name, costs) => {
    const queried = reportOf(costs.map((totalCost, at) => ({ id: `${at}`, totalCost, namespace: `n${at % 7}` })));
    const expected = sumExactly(costs);
    expect(queried.sumRows().sum('totalCost')).toBe(expected);
    const { groups, totals } = queried.breakDown({
      by: [{ field: 'namespace' }],
      orderBy: { field: 'key', direction: 'ASC' },
    });
    expect(totals.sum('totalCost')).toBe(expected);
    expect(groups.map((group) => group.totals.sum('totalCost'))).toEqual(
      [0, 1, 2, 3, 4, 5, 6].map((group) =>
        sumExactly(
          costs.filter((_cost, at) => at % 7 === group),
          isDecimalColumn(costs),
        ),
      ),
    );
  });

  test('in micro-dollars equal exact decimal arithmetic', () => {
    const micros = make((seed) => Math.round(randomBelow(1e9, seed)));
    const total = reportOf(micros.map((each) => ({ id: 'a', totalCost: each / 1e6 })))
      .sumRows()
      .sum('totalCost');
    expect(total).toBe(Number(`${micros.reduce((sum, each) => sum + BigInt(each), 0n)}e-6`));
  });
});

describe('sums of costs with up to 15 decimals', () => {
  test('are the doubles nearest to the decimal sums', () => {
    const anyUnits = fc.array(fc.bigInt({ min: -(2n ** 51n), max: 2n ** 51n }), {
      minLength: 1,
      maxLength: 200,
      size: 'max',
    });
    fc.assert(
      fc.property(anyUnits, (units) => {
        const queried = reportOf(
          units.map((each, at) => ({ id: `${at}`, namespace: `n${at % 3}`, totalCost: Number(`${each}e-15`) })),
        );
        const sumOf = (of: bigint[]) => Number(`${of.reduce((sum, each) => sum + each, 0n)}e-15`);
        expect(queried.sumRows().sum('totalCost')).toBe(sumOf(units));
        const query = { by: [{ field: 'namespace' }], orderBy: { field: 'key', direction: 'ASC' } } as const;
        const { groups, totals } = queried.breakDown(query);
        expect(totals.sum('totalCost')).toBe(sumOf(units));
        expect(groups.map((group) => group.totals.sum('totalCost'))).toEqual(
          groups.map((_, group) => sumOf(units.filter((_each, at) => at % 3 === group))),
        );
      }),
      { numRuns: 300 },
    );
  });
});

/** "1.000001" as 1000001n. */
function toMicros(text: string): bigint {
  return BigInt(text.replace('.', ''));
}

describe('a breakdown', () => {
  test('matches the reference for any report, filter, dimensions, order and first', () => {
    fc.assert(
      fc.property(anyReport(), anyWhere, anyDimensions, anyGroupOrder, anyFirst, (json, where, by, orderBy, first) => {
        expect(readBreakdown(report(json), { where, by, orderBy, first })).toEqual(
          groupRows(filterRows(readRows(json), where), { by, orderBy, first }),
        );
      }),
      { numRuns: 400 },
    );
  });

  test('has the same totals as the totals field with the same filter', () => {
    fc.assert(
      fc.property(anyReport(), anyWhere, anyDimensions, anyFirst, (json, where, by, first) => {
        const queried = report(json);
        const orderBy = { field: 'totalCost', direction: 'DESC' } as const;
        expect(read(queried.breakDown({ where, by, orderBy, first }).totals)).toEqual(read(queried.sumRows(where)));
      }),
      { numRuns: 200 },
    );
  });

  test('has groups and others that add up to the totals to the last printed decimal', () => {
    const micros = fc.integer({ min: -1_000_000_000_000, max: 1_000_000_000_000 });
    const anyRows = fc.array(fc.tuple(micros, fc.constantFrom('a', 'b', 'c', 'd')), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(anyRows, anyFirst, (list, first) => {
        const rows = list.map(([each, namespace]) => ({ id: 'a', totalCost: each / 1e6, namespace }));
        const { groups, others, totals } = reportOf(rows).breakDown({
          by: [{ field: 'namespace' }],
          orderBy: { field: 'totalCost', direction: 'DESC' },
          first,
        });
        const parts = [...groups.map((group) => group.totals), ...(others === null ? [] : [others])];
        const printed = (each: Totals) => toMicros(each.sum('totalCost').toFixed(6));
        expect(parts.reduce((sum, part) => sum + printed(part), 0n)).toBe(printed(totals));
        expect(parts.reduce((sum, part) => sum + part.rowCount, 0)).toBe(totals.rowCount);
      }),
    );
  });

  test('has groups that `where.dimensions` selects by their keys', () => {
    fc.assert(
      fc.property(anyReport(), anyDimensions, fc.integer({ min: 1, max: 3 }), (json, all, count) => {
        const queried = report(json);
        const by = all.slice(0, count);
        const { groups, totals } = queried.breakDown({ by, orderBy: { field: 'key', direction: 'ASC' } });
        for (const group of groups) {
          const dimensions = by.map((each, at) => ({ by: each, values: [group.keys[at]!], exclude: false }));
          expect(read(queried.sumRows({ dimensions }))).toEqual(read(group.totals));
          const [first] = dimensions;
          const others = queried.sumRows({ dimensions: [{ ...first!, exclude: true }] });
          if (by.length === 1) expect(others.rowCount).toBe(totals.rowCount - group.totals.rowCount);
        }
      }),
      { numRuns: propertyRuns(300) },
    );
  });

  test('separates groups when there are more pairs than a lookup table has entries', () => {
    const COUNT = 1_500;
    const rows = Array.from({ length: 2 * COUNT }, (_, at) => ({
      id: `${at}`,
      namespace: `n${at % COUNT}`,
      workloadName: `w${(at * 7) % COUNT}`,
      clusterName: `c${at % 2}`,
      totalCost: at % COUNT,
    }));
    const { groupCount, groups, others } = reportOf(rows).breakDown({
      by: [{ field: 'namespace' }, { field: 'workloadName' }, { field: 'clusterName' }],
      orderBy: { field: 'totalCost', direction: 'DESC' },
      first: 2,
    });
    // Both rows of a namespace have the same name and, as 1,500 is even, the same cluster.
    expect(groupCount).toBe(COUNT);
    expect(groups.map((group) => [group.keys, group.totals.sum('totalCost')])).toEqual([
      [['n1499', 'w1493', 'c1'], 2998],
      [['n1498', 'w1486', 'c0'], 2996],
    ]);
    expect(others!.rowCount).toBe(2 * COUNT - 4);
  });

  test('by a label reads ownerLabels before labels and treats an empty value as no label', () => {
    const team = (value: string) => [{ key: 'team', value }];
    const queried = reportOf([
      { id: 'a', ownerLabels: team('own'), labels: team('grouped') },
      { id: 'b', labels: team('grouped') },
      { id: 'c', ownerLabels: team('') },
      { id: 'd', ownerLabels: [{ key: 'Team', value: 'own' }] },
    ]);
    const groupsBy = (label: string) =>
      queried
        .breakDown({ by: [{ label }], orderBy: { field: 'key', direction: 'ASC' } })
        .groups.map(({ keys: [key], totals: { rowCount } }) => [key, rowCount]);
    expect(groupsBy('team')).toEqual([
      ['grouped', 1],
      ['own', 1],
      [null, 2],
    ]);
    expect(groupsBy('constructor')).toEqual([[null, 4]]);
    expect(groupsBy('__proto__')).toEqual([[null, 4]]);
  });

  test('of no rows has no groups and no others', () => {
    const of = {
      by: [{ field: 'namespace' } as const],
      orderBy: { field: 'key', direction: 'ASC' } as const,
      first: 0,
    };
    expect(reportOf([]).breakDown(of)).toMatchObject({ groups: [], others: null, groupCount: 0 });
  });
});

describe('a cursor', () => {
  const rows = ['a', 'b', 'c', 'd', 'e'].map((id, at) => ({ id, totalCost: at, namespace: 'n' }));
  const QUERY: Query = { orderBy: [{ field: 'totalCost', direction: 'DESC' }] };

  test('is refused when a character was changed, removed or added', () => {
    const anyChange = fc.record({
      at: fc.nat(),
      character: fc.constantFrom(...Array.from('AZaz09-_=+/ é\u0000😀')),
      kind: fc.constantFrom('replace' as const, 'insert' as const, 'cut' as const, 'drop' as const),
    });
    fc.assert(
      fc.property(anyReport(6), fc.nat(), anyChange, fc.boolean(), (json, place, { at, character, kind }, isAfter) => {
        const queried = report(json);
        const { totalCount } = queried.selectRows(QUERY);
        fc.pre(totalCount > 0);
        const cursor = cursorAt(queried, QUERY, place % totalCount);
        const cut = at % cursor.length;
        const changed = {
          replace: cursor.slice(0, cut) + character + cursor.slice(cut + 1),
          insert: cursor.slice(0, cut) + character + cursor.slice(cut),
          cut: cursor.slice(0, cut),
          drop: cursor.slice(0, cut) + cursor.slice(cut + 1),
        }[kind];
        fc.pre(changed !== cursor);
        expect(() => queried.selectRows({ ...QUERY, [isAfter ? 'after' : 'before']: changed })).toThrow(CursorError);
      }),
      { numRuns: 1000 },
    );
  });

  test('is refused when a client invented it', () => {
    const queried = reportOf(rows);
    const base64 = (text: string) => Buffer.from(text).toString('base64url');
    const made = ['', ' ', '0', 'null', base64('0.a'), base64(`${'A'.repeat(11)}0.a`), 'A'.repeat(10_000), '\ud83d'];
    for (const after of made) expect(() => queried.selectRows({ ...QUERY, after })).toThrow(CursorError);
  });

  test('names the argument in its error', () => {
    const refusalOf = (page: Query) => {
      try {
        return reportOf(rows).selectRows(page);
      } catch (error) {
        return error;
      }
    };
    expect(refusalOf({ after: 'x' })).toMatchObject({ name: 'CursorError', argument: 'after' });
    expect(refusalOf({ before: 'x' })).toMatchObject({ name: 'CursorError', argument: 'before' });
  });

  test.each<[string, Query]>([
    ['order', { orderBy: [{ field: 'totalCost', direction: 'ASC' }] }],
    ['order with a further key', { orderBy: [...QUERY.orderBy!, { field: 'namespace', direction: 'ASC' }] }],
    ['list without an order', { orderBy: undefined }],
    ['where', { where: { namespaces: ['n'] } }],
    ['report', { origin: { ...originOf(reportOf([])), request: { report: 'workloads', range: '30d' } } }],
  ])('is refused for another %s', (_name, other) => {
    const queried = reportOf(rows);
    const after = cursorAt(queried, QUERY, 1);
    expect(queried.selectRows({ ...QUERY, after }).rowCount).toBe(3);
    expect(() => queried.selectRows({ ...QUERY, ...other, after })).toThrow(CursorError);
  });

  test('identifies its row among several with the same id, in both directions', () => {
    const twins = Array.from({ length: 6 }, (_, at) => ({ id: 'twin', totalCost: 6 - at }));
    const queried = reportOf(twins);
    const after = cursorAt(queried, {}, 2);
    const costs = (query: Query) => queried.selectRows(query).rows.map(({ totalCost }) => totalCost);
    expect(costs({ after })).toEqual([3, 2, 1]);
    expect(costs({ before: after })).toEqual([6, 5]);
  });

  describe('after a refresh', () => {
    const before = reportOf(Array.from('abcdefgh').map((id) => ({ id })));
    const cursorOf = (id: string) => cursorAt(before, {}, 'abcdefgh'.indexOf(id));
    const next = (refreshed: string, page: Query) =>
      ids(reportOf(Array.from(refreshed).map((id) => ({ id }))).selectRows(page).rows).join('');

    test.each<[string, string, string, string]>([
      ['follows its row to a later place', 'xyzabcdefgh', 'efg', 'bc'],
      ['follows its row to an earlier place', 'dabcefgh', 'abc', ''],
      ['continues after a removed row', 'abcefgh', 'efg', 'bc'],
      ['continues at the end of a report that has become shorter', 'ab', '', 'ab'],
      ['continues in a report that has become empty', '', '', ''],
      ['continues after the first of several equal rows', 'dabcedfghd', 'abc', ''],
    ])('%s', (_name, refreshed, forward, backward) => {
      expect(next(refreshed, { after: cursorOf('d'), first: 3 })).toBe(forward);
      expect(next(refreshed, { before: cursorOf('d'), last: 2 })).toBe(backward);
    });

    test('follows its row, or its index when the row is missing', () => {
      fc.assert(
        fc.property(
          fc.shuffledSubarray(Array.from('abcdefgh')),
          fc.constantFrom(...Array.from('abcdefgh')),
          (list, id) => {
            const at = list.indexOf(id);
            const place = 'abcdefgh'.indexOf(id);
            const text = list.join('');
            expect(next(text, { after: cursorOf(id) })).toBe(at < 0 ? text.slice(place) : text.slice(at + 1));
            expect(next(text, { before: cursorOf(id) })).toBe(text.slice(0, at < 0 ? place : at));
          },
        ),
      );
    });
  });
});

describe('a cursor of a filtered list', () => {
  const queried = reportOf(
    ['a', 'b', 'c', 'd'].map((id) => ({ id, clusterName: 'x', workloadName: 'api', ownerLabels: { k: 'v', l: 'w' } })),
  );
  const dimensions = [matchLabel('k', 'v'), matchLabel('l', 'w', 'x')];

  test.each<[string, RowsWhere | undefined, RowsWhere | undefined]>([
    ['no where and an empty one', undefined, {}],
    ['no where and an empty search', undefined, { search: '', clusterNames: undefined }],
    ['names in any order, once or twice', { clusterNames: ['x', 'y'] }, { clusterNames: ['y', 'x', 'y'] }],
    ['names in another case', { workloadNames: ['Api'] }, { workloadNames: ['aPI'] }],
    ['dimensions in any order', { dimensions }, { dimensions: dimensions.toReversed() }],
    [
      'values in any order, once or twice',
      { dimensions: [matchLabel('l', 'w', 'x')] },
      { dimensions: [matchLabel('l', 'x', 'w', 'x')] },
    ],
    ['a search in any case', { search: 'X' }, { search: 'x' }],
  ])('is accepted for an equivalent filter: %s', (_name, where, same) => {
    const cursor = queried.selectRows({ where, first: 2 }).cursorOf(1);
    expect(ids(queried.selectRows({ where: same, after: cursor }).rows)).toEqual(['c', 'd']);
  });

  test('is refused for another filter', () => {
    const cursor = queried.selectRows({ where: { clusterNames: ['x'] }, first: 2 }).cursorOf(1);
    for (const where of [undefined, { clusterNames: ['x', 'y'] }, { namespaces: ['x'] }, { search: 'x' }]) {
      expect(() => queried.selectRows({ where, after: cursor })).toThrow(CursorError);
    }
  });
});

describe('in a report of 100,000 rows', () => {
  const COUNT = 100_000;
  const LABELS = Array.from({ length: 1_000 }, (_, at) => ({ key: `key${at}`, value: 'v' }));
  const large = reportOf(
    Array.from({ length: COUNT }, (_, at) => ({
      id: `${at}`,
      totalCost: (at * 7919) % 1_009,
      namespace: `n${at % 50}`,
      ownerLabels: LABELS.slice(0, at === 0 ? 1_000 : 5),
    })),
  );
  test('a cursor with index 999,999,999 means its row, or the end', () => {
    const codec = createCursorCodec(() => [toReportId({ report: 'workloads' }), [], null]);
    const index = 999_999_999;
    const gone = codec.encode({ index, id: 'gone' });
    expect(large.selectRows({ after: gone, first: 3 }).rowCount).toBe(0);
    expect(ids(large.selectRows({ before: gone, last: 1 }).rows)).toEqual([`${COUNT - 1}`]);
    const { id } = codec.decode(large.selectRows({ first: 1 }).cursorOf(0))!;
    const moved = codec.encode({ index, id });
    expect(ids(large.selectRows({ after: moved, first: 1 }).rows)).toEqual(['1']);
  });

  test('an order that repeats its keys 10,000 times equals the order by each field once', () => {
    const keys: RowOrder[] = [
      { field: 'totalCost', direction: 'DESC' },
      { field: 'namespace', direction: 'ASC' },
    ];
    const orderBy = Array.from({ length: 10_000 }, (_, at) => keys[at % 2]!);
    const got = ids(large.selectRows({ orderBy, first: 20 }).rows);
    expect(got).toEqual(ids(large.selectRows({ orderBy: keys, first: 20 }).rows));
    // A repeated field, even in the other direction, changes nothing.
    const again = [...keys, { field: 'totalCost', direction: 'ASC' } as const];
    expect(ids(large.selectRows({ orderBy: again, first: 20 }).rows)).toEqual(got);
  });

  test('a filter accepts ten dimensions, and one with 1,000 values', () => {
    const dimensions = LABELS.slice(0, 10).map(({ key }) => matchLabel(key, 'v'));
    expect(large.sumRows({ dimensions }).rowCount).toBe(1);
    const values = [...Array.from({ length: 999 }, (_, at) => `v${at}`), 'v'];
    expect(large.sumRows({ dimensions: [matchLabel('key4', ...values)] }).rowCount).toBe(COUNT);
  });

  test('shares of 50,000 groups sum the total once', () => {
    // One total for each group would exceed the test's timeout.
    const { groups } = reportOf(
      Array.from({ length: 50_000 }, (_, at) => ({ id: `${at}`, workloadName: `w${at}`, totalCost: 2 })),
    ).breakDown({ by: [{ field: 'workloadName' }], orderBy: { field: 'key', direction: 'ASC' } });
    expect(new Set(groups.map((group) => group.share()))).toEqual(new Set([1 / 50_000]));
  });

  test('a breakdown by four distinct names per row has as many groups as rows', () => {
    const own = reportOf(
      Array.from({ length: 20_000 }, (_, at) => ({
        id: `${at}`,
        ...Object.fromEntries(NAMES.map((name) => [name, `${name}${at}`])),
      })),
    );
    const by = NAMES.map((field) => ({ field }));
    const { groupCount } = own.breakDown({ by, orderBy: { field: 'key', direction: 'ASC' }, first: 3 });
    expect(groupCount).toBe(20_000);
  });
});

describe('the derived data of a report', () => {
  test('stays correct when it is evicted repeatedly', () => {
    // Three rows have a budget for less than one column, twenty for about eight.
    for (const count of [3, 20]) {
      const [json] = fc.sample(anyReport(count, count), { numRuns: 1, seed: 11 }) as [UpstreamReport];
      const rows = readRows(json);
      const queried = report(json);
      const keys = [
        'team',
        'none',
        'env',
        'constructor',
        '__proto__',
        ...Array.from({ length: 30 }, (_, at) => `key${at}`),
      ];
      for (const label of keys) {
        const query = { by: [{ label }], orderBy: order('key') };
        expect(readBreakdown(queried, query)).toEqual(groupRows(rows, query));
      }
      for (let round = 0; round < 2; round += 1) {
        for (const [at, label] of keys.entries()) {
          const field = [...NAMES, ...NUMBERS][at % 17]!;
          const orderBy: RowOrder[] = [{ field, direction: 'ASC' }, ...NAMES.map((each) => order(each))];
          expect(places(queried.selectRows({ orderBy }).rows)).toEqual(
            places(sortRows(rows, orderBy, idsByPlace(queried))),
          );
          const query = { by: [{ label }, { field: NAMES[at % 4]! }], orderBy: order('key') };
          expect(readBreakdown(queried, query)).toEqual(groupRows(rows, query));
        }
      }
    }
  });

  test('is evicted least recently used first, and never exceeds its bound', () => {
    const anyUse = fc.record({ key: fc.constantFrom('a', 'b', 'cc', 'dddd', 'e'), bytes: fc.nat({ max: 60 }) });
    fc.assert(
      fc.property(fc.nat({ max: 100 }), fc.array(anyUse, { maxLength: 40 }), (budget, uses) => {
        const derived = new DerivedCache(budget);
        // The most recently used last.
        let kept: { key: string; size: number; value: object }[] = [];
        for (const { key, bytes } of uses) {
          const made: object[] = [];
          const make = function* (): Computation<object> {
            made.push({});
            yield;
            return made[0]!;
          };
          const got = runToEnd(derived.get(key, make, () => bytes));
          const known = kept.find((each) => each.key === key);
          expect(got).toBe(known?.value ?? made[0]);
          expect(made).toHaveLength(known === undefined ? 1 : 0);
          const entry = known ?? { key, size: bytes + key.length, value: got };
          if (entry.size > budget) continue;
          kept = [...kept.filter((each) => each !== known), entry];
          while (kept.reduce((sum, each) => sum + each.size, 0) > budget) kept.shift();
        }
      }),
      { numRuns: 300 },
    );
  });
});

function order<Field extends string>(field: Field): { field: Field; direction: 'DESC' } {
  return { field, direction: 'DESC' };
}
