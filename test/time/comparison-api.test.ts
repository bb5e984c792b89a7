// CostReport.comparison through the whole gateway. Every number is computed again from the hourly costs of an independent
// upstream, and calls to it are counted.

import { describe, expect, test } from 'vitest';

import { createManualClock } from '../kit/time/clock.js';
import type { GraphqlResponse } from '../kit/gateway.js';
import {
  between,
  COMPANY,
  DAY_MS,
  START_MS,
  startCompanyGateway,
  subtract,
  type CompanyGateway,
} from '../kit/upstream/hourly-company.js';
import type { HourlyWorkload, Window } from '../kit/upstream/hourly-upstream.js';

type Name = keyof ReturnType<CompanyGateway['upstream']['sum']>;
interface Change {
  readonly current: number;
  readonly baseline: number;
  readonly difference: number;
  readonly ratio: number | null;
}
interface Group {
  readonly keys: readonly { readonly value: string | null }[];
  readonly kind: string;
  readonly totals: { readonly totalCost: Change };
  readonly contribution: number | null;
}

const CHANGE = '{ current baseline difference ratio }';
const SUMS = ['totalCost', 'onDemandHours', 'spotHours', 'savingsAvailable', 'amountOfWorkloads'] as const;
const TOTALS = `{ ${SUMS.map((name) => `${name} ${CHANGE}`).join(' ')} rowCount ${CHANGE} }`;
const GROUPS = `groups { keys { dimension value } kind totals ${TOTALS} contribution } others ${TOTALS} groupCount totals ${TOTALS}`;

const start = (env?: Record<string, string>) => startCompanyGateway(createManualClock(START_MS), env);

/** A report by namespace and team, compared. */
function compare(timeRange: string, baseline = '', inner = `breakdown(by: [{ field: NAMESPACE }]) { ${GROUPS} }`) {
  return `{ aggregatedCosts(filter: { timeRange: ${timeRange}, groupBy: { namespace: true, labels: ["team"] } }) {
    window { startTime endTime state }
    comparison${baseline} { isComplete baselineWindow { startTime endTime hours state } ${inner} } } }`;
}
const between2 = ({ from, to }: Window): string =>
  `{ between: { from: "${new Date(from).toISOString()}", to: "${new Date(to).toISOString()}" } }`;

interface Breakdown {
  readonly groups: readonly Group[];
  readonly others: unknown;
  readonly groupCount: number;
  readonly totals: unknown;
}
interface Comparison {
  readonly breakdown: Breakdown;
  readonly totals: { readonly totalCost: Change };
  readonly baseline: { readonly totals: { readonly totalCost: number }; readonly window: { readonly hours: number } };
}

function comparisonOf({ data, errors }: GraphqlResponse): Comparison {
  expect(errors).toEqual([]);
  const [report] = Object.values(data as Record<string, { comparison: Comparison }>);
  return report!.comparison;
}

/** The change of one figure, from hourly costs. */
function changeOf(current: number, baseline: number): Change {
  const difference = subtract(current, baseline);
  return { current, baseline, difference, ratio: baseline > 0 ? difference / baseline : null };
}

/** Of some workloads in two windows. */
function changesOf(gateway: CompanyGateway, now: Window, before: Window, isIn: (workload: HourlyWorkload) => boolean) {
  const { upstream } = gateway;
  const [current, baseline] = [upstream.sum(now, isIn), upstream.sum(before, isIn)];
  const rowsIn = (window: Window) =>
    new Set(upstream.existing(window, isIn).map(({ cluster, namespace, team }) => `${cluster} ${namespace} ${team}`))
      .size;
  return {
    ...Object.fromEntries(SUMS.map((name: Name) => [name, changeOf(current[name], baseline[name])])),
    rowCount: changeOf(rowsIn(now), rowsIn(before)),
  } as Record<Name | 'rowCount', Change>;
}

function kindOf({ rowCount, totalCost }: Record<Name | 'rowCount', Change>): string {
  if (rowCount.baseline === 0) return 'APPEARED';
  if (rowCount.current === 0) return 'VANISHED';
  if (totalCost.difference === 0) return 'UNCHANGED';
  return totalCost.difference > 0 ? 'INCREASED' : 'DECREASED';
}

/** The expected breakdown by namespace. */
function expectedBreakdown(gateway: CompanyGateway, now: Window, before: Window) {
  const totals = changesOf(gateway, now, before, () => true);
  const groups = [...new Set(COMPANY.map(({ namespace }) => namespace))]
    .map((namespace) => ({
      namespace,
      totals: changesOf(gateway, now, before, (each) => each.namespace === namespace),
    }))
    .filter(({ totals: { rowCount } }) => rowCount.current + rowCount.baseline > 0)
    .map((each) => ({
      keys: [{ dimension: 'NAMESPACE', value: each.namespace }],
      kind: kindOf(each.totals),
      totals: each.totals,
      contribution:
        totals.totalCost.difference === 0 ? null : each.totals.totalCost.difference / totals.totalCost.difference,
    }))
    .sort(
      (a, b) =>
        Math.abs(b.totals.totalCost.difference) - Math.abs(a.totals.totalCost.difference) ||
        (a.keys[0]!.value < b.keys[0]!.value ? -1 : 1),
    );
  return { groups, others: null, groupCount: groups.length, totals };
}

describe('a comparison of an aggregated report', () => {
  const day = between('2026-04-15T00:00Z', '2026-04-16T00:00Z');
  test.each<[title: string, range: string, baseline: string, now: Window, before: Window, isComplete: boolean]>([
    ['yesterday and the day before', '{ calendar: { unit: DAY } }', '', day, between('2026-04-14', '2026-04-15'), true],
    [
      'the last seven days and the seven days before',
      '{ calendar: { unit: DAY, count: 7 } }',
      '(with: { shift: PREVIOUS_PERIOD })',
      between('2026-04-09', '2026-04-16'),
      between('2026-04-02', '2026-04-09'),
      true,
    ],
    [
      'last month in Berlin, with 743 hours, and the month before',
      '{ calendar: { unit: MONTH, timeZone: "Europe/Berlin" } }',
      '',
      between('2026-02-28T23:00Z', '2026-03-31T22:00Z'),
      between('2026-01-31T23:00Z', '2026-02-28T23:00Z'),
      true,
    ],
    [
      'this month so far and the same days of last month',
      '{ calendar: { unit: MONTH, includeCurrent: true } }',
      '',
      between('2026-04-01', '2026-04-16T10:00Z'),
      between('2026-03-01', '2026-03-16T10:00Z'),
      false,
    ],
    [
      'last week and a year before',
      '{ calendar: { unit: WEEK } }',
      '(with: { shift: YEAR_BEFORE })',
      between('2026-04-06', '2026-04-13'),
      between('2025-04-06', '2025-04-13'),
      true,
    ],
    [
      'a day and a week before',
      '{ calendar: { unit: DAY } }',
      '(with: { shift: WEEK_BEFORE })',
      day,
      between('2026-04-08', '2026-04-09'),
      true,
    ],
    [
      'a week and a month before',
      between2(between('2026-04-07', '2026-04-14')),
      '(with: { shift: MONTH_BEFORE })',
      between('2026-04-07', '2026-04-14'),
      between('2026-03-07', '2026-03-14'),
      true,
    ],
    [
      'a fixed window and another one, half as long',
      between2(between('2026-04-10', '2026-04-14')),
      `(with: ${between2(between('2026-04-01', '2026-04-03'))})`,
      between('2026-04-10', '2026-04-14'),
      between('2026-04-01', '2026-04-03'),
      false,
    ],
    [
      'a window that ends now',
      between2(between('2026-04-15T10:00Z', '2026-04-16T10:00Z')),
      '',
      between('2026-04-15T10:00Z', '2026-04-16T10:00Z'),
      between('2026-04-14T10:00Z', '2026-04-15T10:00Z'),
      false,
    ],
    [
      'the last three days, from the start that ScaleOps reports',
      '{ last: "3d" }',
      '',
      between('2026-04-13T10:15Z', '2026-04-16T10:15Z'),
      between('2026-04-10T10:15Z', '2026-04-13T10:15Z'),
      false,
    ],
  ])('has the correct numbers for %s', async (_title, range, baseline, now, before, isComplete) => {
    await using gateway = await start();
    const { response, received } = await gateway.count(compare(range, baseline));
    const { breakdown, ...comparison } = comparisonOf(response);
    expect(received).toHaveLength(2);
    expect(received.map(({ window }) => window)).toEqual([now, before]);
    expect(comparison).toMatchObject({
      isComplete,
      baselineWindow: {
        startTime: new Date(before.from).toISOString(),
        endTime: new Date(before.to).toISOString(),
        hours: (before.to - before.from) / 3_600_000,
        state: before.to > START_MS - 7 * DAY_MS ? 'SETTLING' : 'SETTLED',
      },
    });
    expect(breakdown).toEqual(expectedBreakdown(gateway, now, before));
    // Both reports are cached now.
    expect((await gateway.count(compare(range, baseline))).received).toEqual([]);
  });

  const now = between('2026-04-09', '2026-04-16');
  const before = between('2026-04-02', '2026-04-09');
  const WEEK = '{ calendar: { unit: DAY, count: 7 } }';

  test('has kinds, ratios that are null for a baseline of 0, and contributions that add up to 1', async () => {
    await using gateway = await start();
    const { groups } = comparisonOf(await gateway.send(compare(WEEK))).breakdown;
    const byName = new Map(groups.map((each) => [each.keys[0]!.value, each]));
    expect(byName.get('new')).toMatchObject({ kind: 'APPEARED', totals: { totalCost: { baseline: 0, ratio: null } } });
    // It ended on the 7th.
    expect(
      comparisonOf(await gateway.send(compare(between2(between('2026-04-07', '2026-04-09'))))).breakdown.groups,
    ).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          keys: [{ dimension: 'NAMESPACE', value: 'old' }],
          kind: 'VANISHED',
          contribution: expect.any(Number) as number,
        }),
      ]) as unknown,
    );
    expect(groups.reduce((sum, { contribution }) => sum + contribution!, 0)).toBeCloseTo(1, 12);
  });

  test('sums groups below `minDifference`, of other kinds and after `first` in others', async () => {
    await using gateway = await start();
    const whole = expectedBreakdown(gateway, now, before);
    const send = async (args: string) =>
      comparisonOf(
        await gateway.send(compare(WEEK, '', `breakdown(by: [{ field: NAMESPACE }], ${args}) { ${GROUPS} }`)),
      ).breakdown as { groups: readonly Group[]; others: unknown; groupCount: number; totals: unknown };
    const othersOf = (shown: readonly Group[]) => {
      const names = shown.map(({ keys }) => keys[0]!.value);
      return changesOf(gateway, now, before, ({ namespace }) => !names.includes(namespace));
    };
    const cases: readonly [args: string, isShown: (group: Group, at: number) => boolean][] = [
      ['first: 2', (_group, at) => at < 2],
      ['first: 0', () => false],
      ['kinds: [APPEARED, VANISHED]', ({ kind }) => kind === 'APPEARED' || kind === 'VANISHED'],
      ['minDifference: 0.05', ({ totals }) => Math.abs(totals.totalCost.difference) >= 0.05],
      ['kinds: [INCREASED], minDifference: 0.001, first: 1', ({ kind }) => kind === 'INCREASED'],
    ];
    for (const [args, isShown] of cases) {
      const { groups, others, groupCount, totals } = await send(args);
      const limit = args.includes('first: 1') ? 1 : Infinity;
      expect(groups, args).toEqual(whole.groups.filter(isShown).slice(0, limit));
      expect(groups.length, args).toBeLessThan(whole.groupCount);
      expect(others, args).toEqual(othersOf(groups));
      expect([groupCount, totals], args).toEqual([whole.groupCount, whole.totals]);
    }
  });

  test('orders by each field', async () => {
    await using gateway = await start();
    const { groups } = expectedBreakdown(gateway, now, before);
    const fields: Record<string, (group: Group) => number> = {
      DIFFERENCE: ({ totals }) => totals.totalCost.difference,
      CURRENT: ({ totals }) => totals.totalCost.current,
      BASELINE: ({ totals }) => totals.totalCost.baseline,
      RATIO: ({ totals }) => totals.totalCost.ratio ?? -Infinity,
    };
    for (const [field, read] of Object.entries(fields)) {
      const order = `breakdown(by: [{ field: NAMESPACE }], orderBy: { field: ${field} }) { groups { keys { value } } }`;
      const { breakdown } = comparisonOf(await gateway.send(compare(WEEK, '', order)));
      const sorted = groups.toSorted((a, b) => read(b) - read(a) || (a.keys[0]!.value < b.keys[0]!.value ? -1 : 1));
      expect(breakdown.groups, field).toEqual(sorted.map(({ keys }) => ({ keys: [{ value: keys[0]!.value }] })));
    }
  });

  test('groups by a label, and compares the same rows of both reports with `where`', async () => {
    await using gateway = await start();
    const where = 'where: { dimensions: [{ by: { label: "team" }, values: ["data"] }] }';
    const inner = `totals(${where}) ${TOTALS} breakdown(by: [{ label: "team" }], ${where}) { ${GROUPS} }`;
    const { totals, breakdown } = comparisonOf(await gateway.send(compare(WEEK, '', inner)));
    const expected = changesOf(gateway, now, before, ({ team }) => team === 'data');
    expect(totals).toEqual(expected);
    expect(breakdown.totals).toEqual(expected);
    expect(breakdown.groups).toMatchObject([{ keys: [{ dimension: 'label:team', value: 'data' }], totals: expected }]);
    // Rows without a team are a group, too.
    const all = comparisonOf(await gateway.send(compare(WEEK, '', `breakdown(by: [{ label: "team" }]) { ${GROUPS} }`)));
    for (const { keys, totals: sums } of all.breakdown.groups) {
      expect(sums).toEqual(changesOf(gateway, now, before, ({ team }) => team === keys[0]!.value));
    }
    expect(all.breakdown.groupCount).toBe(3);
  });

  test('makes one call for any number of queries, and its baseline is a report', async () => {
    await using gateway = await start();
    const inner = `totals { totalCost { baseline } } baseline { id window { hours } totals { totalCost rowCount } }
      a: breakdown(by: [{ field: CLUSTER }]) { groupCount } b: breakdown(by: [{ label: "team" }]) { groupCount }`;
    const query = compare(WEEK, '', inner).replace('comparison {', 'comparison { __typename } comparison {');
    const { response, received } = await gateway.count(query);
    expect(received).toHaveLength(2);
    const { totals, baseline } = comparisonOf(response);
    expect(baseline.totals.totalCost).toBe(totals.totalCost.baseline);
    expect(baseline.window.hours).toBe(168);
  });

  test('shows late corrections once the baseline is fetched again', async () => {
    const clock = createManualClock(START_MS);
    await using gateway = await startCompanyGateway(clock, { CACHE_STALE_SECONDS: '0' });
    const query = compare('{ calendar: { unit: DAY } }');
    await gateway.send(query);
    gateway.upstream.correct(between('2026-04-14T06:00Z', '2026-04-14T09:00Z'), 3);
    clock.advance(900_000);
    const { response, received } = await gateway.count(query);
    expect(received).toHaveLength(2);
    const [yesterday, dayBefore] = [between('2026-04-15', '2026-04-16'), between('2026-04-14', '2026-04-15')];
    expect(comparisonOf(response).breakdown).toEqual(expectedBreakdown(gateway, yesterday, dayBefore));
  });

  test('fails without affecting other fields when its baseline fails', async () => {
    await using gateway = await start();
    gateway.upstream.onRequest = ({ window }) => (window.to <= before.to ? { status: 500 } : undefined);
    const query = compare(WEEK).replace('comparison {', 'totals { totalCost } comparison {');
    const { data, errors } = await gateway.send(query);
    expect(data).toMatchObject({
      aggregatedCosts: { totals: { totalCost: gateway.upstream.sum(now).totalCost }, comparison: null },
    });
    expect(errors).toMatchObject([{ path: ['aggregatedCosts', 'comparison'], extensions: { code: 'UPSTREAM_ERROR' } }]);
  });

  const HOUR = 3_600_000;
  test.each<[title: string, isFaulty: 'current' | 'baseline', fault: object]>([
    ['the report is partial', 'current', { members: { error: 'prod: deadline exceeded' } }],
    ['the baseline is partial', 'baseline', { members: { failedClusters: ['prod'] } }],
    ['the report is about another window', 'current', { window: { from: now.from + 24 * HOUR, to: now.to } }],
    ['the baseline is about another window', 'baseline', { window: { from: before.from, to: before.to - 24 * HOUR } }],
  ])('is not complete when %s', async (_title, isFaulty, fault) => {
    await using gateway = await start();
    gateway.upstream.onRequest = ({ window }) =>
      (window.from === now.from) === (isFaulty === 'current') ? fault : undefined;
    expect(comparisonOf(await gateway.send(compare(WEEK)))).toMatchObject({ isComplete: false });
  });
});

describe('a comparison of a workload report', () => {
  const query = (inner: string, filter = '(filter: { last: "3d" })', baseline = '') => `{ workloadCosts${filter} {
    comparison${baseline} { isComplete baseline { id } baselineWindow { startTime endTime } ${inner} } } }`;
  const now = between('2026-04-13T10:15Z', '2026-04-16T10:15Z');
  const before = between('2026-04-10T10:15Z', '2026-04-13T10:15Z');

  test('is derived from twice the time, with costs and hours only', async () => {
    await using gateway = await start();
    const { response, received } = await gateway.count(
      query(`breakdown(by: [{ field: WORKLOAD_NAME }]) { ${GROUPS} }`),
    );
    expect(received.map(({ parameters }) => parameters.range)).toEqual(['3d', '6d']);
    const { breakdown, ...comparison } = comparisonOf(response);
    expect(comparison).toEqual({
      isComplete: false,
      baseline: null,
      baselineWindow: { startTime: new Date(before.from).toISOString(), endTime: new Date(before.to).toISOString() },
    });
    const derived = (isIn: (workload: HourlyWorkload) => boolean) => {
      const { totalCost, onDemandHours, spotHours } = changesOf(gateway, now, before, isIn);
      return { totalCost, onDemandHours, spotHours, savingsAvailable: null, amountOfWorkloads: null, rowCount: null };
    };
    expect(breakdown.totals).toEqual(derived(() => true));
    const names = ['cart', 'search', 'train', 'logs', 'born'];
    expect(breakdown.groupCount).toBe(names.length);
    for (const { keys, kind, totals } of breakdown.groups) {
      const name = keys[0]!.value!;
      expect(names).toContain(name);
      expect(totals).toEqual(derived((each) => each.name === name));
      // It started within this window, ten hours after its beginning.
      expect(kind === 'APPEARED').toBe(false);
    }
    expect((await gateway.count(query('totals { totalCost { ratio } }'))).received).toEqual([]);
  });

  test('is loaded for many clusters and namespaces at once', async () => {
    await using gateway = await start();
    const inner = 'costs(filter: { last: "3d" }) { comparison { totals { totalCost { current baseline } } } }';
    const nodes = `clusterName namespace kubernetesCluster { ${inner} } kubernetesNamespace { ${inner} }`;
    const { response, received } = await gateway.count(
      `{ workloadCosts(filter: { last: "3d" }) { rows { nodes { ${nodes} } } } }`,
    );
    expect(response.errors).toEqual([]);
    expect(received.map(({ parameters }) => parameters.range).sort()).toEqual(['3d', '6d']);
    const { rows } = (response.data as { workloadCosts: { rows: { nodes: Record<string, unknown>[] } } }).workloadCosts;
    expect(rows.nodes).toHaveLength(6);
    for (const row of rows.nodes) {
      const costsOf = (isIn: (workload: HourlyWorkload) => boolean) => {
        const { current, baseline } = changesOf(gateway, now, before, isIn).totalCost;
        return { costs: { comparison: { totals: { totalCost: { current, baseline } } } } };
      };
      const isCluster = ({ cluster }: HourlyWorkload) => cluster === row.clusterName;
      expect(row.kubernetesCluster).toEqual(costsOf(isCluster));
      expect(row.kubernetesNamespace).toEqual(costsOf((each) => isCluster(each) && each.namespace === row.namespace));
    }
  });

  test('distinguishes appeared and vanished workloads by their costs', async () => {
    await using gateway = await start();
    const kinds = async (last: string) => {
      const inner = 'breakdown(by: [{ field: WORKLOAD_NAME }]) { groups { keys { value } kind } }';
      const { groups } = comparisonOf(await gateway.send(query(inner, `(filter: { last: "${last}" })`))).breakdown;
      return Object.fromEntries(groups.map(({ keys, kind }) => [String(keys[0]!.value), kind]));
    };
    // Started on the 13th, ended on the 7th.
    expect(await kinds('4d')).toMatchObject({ born: 'APPEARED', cart: expect.stringMatching(/CREASED/) as string });
    expect(await kinds('5d')).toMatchObject({ born: 'APPEARED', dead: 'VANISHED' });
  });

  test.each<[title: string, filter: string, baseline: string, message: RegExp]>([
    [
      'another shift',
      '(filter: { last: "3d" })',
      '(with: { shift: WEEK_BEFORE })',
      /^with\.shift must .*`aggregatedCosts`/,
    ],
    [
      'a fixed window',
      '(filter: { last: "3d" })',
      '(with: { between: { from: "2026-04-01T00:00:00Z", to: "2026-04-02T00:00:00Z" } })',
      /^with\.between must .*`aggregatedCosts`/,
    ],
    ['no period', '', '', /^filter\.last must be given .*"7d"/],
    ['more than five years', '(filter: { last: "2000d" })', '', /^filter\.last must be at most five years/],
  ])('refuses %s', async (_title, filter, baseline, message) => {
    await using gateway = await start();
    const { response, received } = await gateway.count(
      query('isComplete', filter, baseline).replace('comparison', 'asOf comparison'),
    );
    expect(received).toHaveLength(1);
    expect(response.data).toMatchObject({ workloadCosts: { asOf: expect.any(String) as string, comparison: null } });
    expect(response.errors).toMatchObject([
      {
        message: expect.stringMatching(message) as string,
        path: ['workloadCosts', 'comparison'],
        extensions: { code: 'BAD_USER_INPUT' },
      },
    ]);
  });
});
