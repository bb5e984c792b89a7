// costTimeSeries through the whole gateway. Every value is computed again from the hourly costs of an independent upstream.

import { describe, expect, test } from 'vitest';

import { createManualClock } from '../kit/time/clock.js';
import type { GraphqlResponse } from '../kit/gateway.js';
import { COMPANY, START_MS, startCompanyGateway, type CompanyGateway } from '../kit/upstream/hourly-company.js';
import { HOUR_MS, type HourlyWorkload, type Window } from '../kit/upstream/hourly-upstream.js';

const VALUES = `total: values savings: values(field: SAVINGS_AVAILABLE) onDemand: values(field: ON_DEMAND_HOURS)
  spot: values(field: SPOT_HOURS) workloads: values(field: AMOUNT_OF_WORKLOADS) totals { totalCost spotHours }`;
const SERIES = `series { keys { dimension value } ${VALUES} } others { keys { dimension } ${VALUES} } seriesCount`;
const INTERVALS = 'intervals { isPartial window { startTime endTime hours state } report { totals { totalCost } } }';

const start = (env?: Record<string, string>) => startCompanyGateway(createManualClock(START_MS), env);

function send(
  args: string,
  inner = `isComplete ${INTERVALS} totals { totalCost } series(by: [{ field: NAMESPACE }]) { ${SERIES} }`,
) {
  return `{ costTimeSeries(${args}) { ${inner} } }`;
}
const FILTER = 'groupBy: { namespace: true, labels: ["team"] }';
const iso = (ms: number): string => new Date(ms).toISOString();
const between2 = (from: string, to: string): string =>
  `filter: { ${FILTER}, timeRange: { between: { from: "${from}", to: "${to}" } } }`;

interface Answered {
  readonly isComplete: boolean;
  readonly totals: unknown;
  readonly intervals: readonly { readonly report: Readonly<Record<string, unknown>> | null }[];
  readonly series: { readonly series: readonly { readonly values?: unknown }[] };
  /** Other series, by alias. */
  readonly [alias: string]: unknown;
}
const readSeries = ({ data }: GraphqlResponse): Answered => (data as { costTimeSeries: Answered }).costTimeSeries;

function seriesOf(response: GraphqlResponse): Answered {
  expect(response.errors).toEqual([]);
  return readSeries(response);
}

/** The windows between consecutive times. */
function toWindows(bounds: readonly string[]): readonly Window[] {
  return bounds.slice(1).map((to, at) => ({ from: Date.parse(bounds[at]!), to: Date.parse(to) }));
}

/** The values of one series, from hourly costs. */
function lineOf({ upstream }: CompanyGateway, windows: readonly Window[], isIn: (workload: HourlyWorkload) => boolean) {
  const figures = windows.map((window) => upstream.sum(window, isIn));
  const add = (read: (at: number) => number) =>
    figures.reduce((sum, _figure, at) => sum + Math.round(read(at) * 1e6), 0) / 1e6;
  return {
    total: figures.map(({ totalCost }) => totalCost),
    savings: figures.map(({ savingsAvailable }) => savingsAvailable),
    onDemand: figures.map(({ onDemandHours }) => onDemandHours),
    spot: figures.map(({ spotHours }) => spotHours),
    workloads: figures.map(({ amountOfWorkloads }) => amountOfWorkloads),
    totals: {
      totalCost: add((at) => figures[at]!.totalCost),
      spotHours: add((at) => figures[at]!.spotHours),
    },
  };
}

/** The series of all namespaces, largest first. */
function linesOf(gateway: CompanyGateway, windows: readonly Window[]) {
  return [...new Set(COMPANY.map(({ namespace }) => namespace))]
    .filter((name) =>
      windows.some((window) => gateway.upstream.existing(window, (each) => each.namespace === name).length > 0),
    )
    .map((name) => ({
      keys: [{ dimension: 'NAMESPACE', value: name }],
      ...lineOf(gateway, windows, (each) => each.namespace === name),
    }))
    .sort((a, b) => b.totals.totalCost - a.totals.totalCost || (a.keys[0]!.value < b.keys[0]!.value ? -1 : 1));
}

const DAYS = (first: number, count: number): string[] =>
  Array.from({ length: count }, (_, at) => iso(Date.UTC(2026, 3, first + at)));

describe('a time series has the values of hourly costs', () => {
  test.each<[title: string, args: string, bounds: readonly string[], isComplete: boolean]>([
    [
      'by day, without a range: 30 days and today',
      `filter: { ${FILTER} }`,
      [...DAYS(-14, 31), '2026-04-16T10:00Z'],
      false,
    ],
    [
      'by hour, without a range: 48 hours',
      `filter: { ${FILTER} }, granularity: HOURLY`,
      Array.from({ length: 49 }, (_, at) => iso(Date.UTC(2026, 3, 14, 10) + at * HOUR_MS)),
      true,
    ],
    [
      'by day, over the day of 23 hours in Berlin',
      `timeZone: "Europe/Berlin", ${between2('2026-03-28T00:00:00+01:00', '2026-03-31T00:00:00+02:00')}`,
      ['2026-03-27T23:00Z', '2026-03-28T23:00Z', '2026-03-29T22:00Z', '2026-03-30T22:00Z'],
      true,
    ],
    [
      'by day, over the day of 25 hours in Berlin',
      `timeZone: "Europe/Berlin", ${between2('2025-10-25T00:00:00+02:00', '2025-10-28T00:00:00+01:00')}`,
      ['2025-10-24T22:00Z', '2025-10-25T22:00Z', '2025-10-26T23:00Z', '2025-10-27T23:00Z'],
      true,
    ],
    [
      'by hour in Kolkata, where hours begin at half past, up to the last full hour',
      `filter: { ${FILTER}, timeRange: { last: "3h" } }, granularity: HOURLY, timeZone: "Asia/Kolkata"`,
      ['2026-04-16T06:30Z', '2026-04-16T07:30Z', '2026-04-16T08:30Z', '2026-04-16T09:30Z'],
      true,
    ],
    [
      'by week from Monday, widened at the front',
      `granularity: WEEKLY, ${between2('2026-03-25T12:00:00Z', '2026-04-13T00:00:00Z')}`,
      ['2026-03-23T00:00Z', '2026-03-30T00:00Z', '2026-04-06T00:00Z', '2026-04-13T00:00Z'],
      true,
    ],
    [
      'by month in New York, with clocks that go forward on the 8th of March',
      `filter: { ${FILTER}, timeRange: { calendar: { unit: MONTH, count: 3, timeZone: "America/New_York" } } }, granularity: MONTHLY,
       timeZone: "America/New_York"`,
      ['2026-01-01T05:00Z', '2026-02-01T05:00Z', '2026-03-01T05:00Z', '2026-04-01T04:00Z'],
      true,
    ],
    [
      'of the last two days, widened at the front and partial at the end',
      `filter: { ${FILTER}, timeRange: { last: "2d" } }`,
      [...DAYS(14, 3), '2026-04-16T10:00Z'],
      false,
    ],
    [
      'of a window that ends within a day',
      between2('2026-04-08T07:00:00Z', '2026-04-10T06:00:00Z'),
      ['2026-04-08T00:00Z', '2026-04-09T00:00Z', '2026-04-10T00:00Z', '2026-04-10T06:00Z'],
      false,
    ],
  ])('%s', async (_title, args, bounds, isComplete) => {
    await using gateway = await start();
    const windows = toWindows(bounds);
    const { response, received } = await gateway.count(send(args));
    const { series, intervals, ...rest } = seriesOf(response);
    const lines = linesOf(gateway, windows);
    const total = lineOf(gateway, windows, () => true);
    expect(received.map(({ window }) => window)).toEqual(expect.arrayContaining([...windows]));
    expect(received).toHaveLength(windows.length);
    expect(rest).toEqual({ isComplete, totals: { totalCost: total.totals.totalCost } });
    expect(series).toEqual({ series: lines, others: null, seriesCount: lines.length });
    expect(intervals).toEqual(
      windows.map(({ from, to }, at) => ({
        isPartial: !isComplete && at === windows.length - 1,
        window: {
          startTime: iso(from),
          endTime: iso(to),
          hours: (to - from) / HOUR_MS,
          state: expect.stringMatching(to > START_MS - HOUR_MS ? /RUNNING/ : /SETTL/) as string,
        },
        report: { totals: { totalCost: total.total[at] } },
      })),
    );
    expect((await gateway.count(send(args))).received).toEqual([]);
  });

  const WEEK = between2('2026-04-06T00:00:00Z', '2026-04-16T00:00:00Z');
  const week = toWindows(DAYS(6, 11));

  test('in the first series and others, which add up to the totals', async () => {
    await using gateway = await start();
    const lines = linesOf(gateway, week);
    const first2 = lines.slice(0, 2).map(({ keys }) => keys[0]!.value);
    const inner = `series(by: [{ field: NAMESPACE }], first: 2) { ${SERIES} } none: series(by: [{ label: "team" }], first: 0) { ${SERIES} }
      whole: series { ${SERIES} } last: series(by: [{ field: NAMESPACE }], first: 1, orderBy: { field: TOTAL_COST, direction: ASC }) { ${SERIES} }`;
    const { series, none, whole, last } = seriesOf(await gateway.send(send(WEEK, inner)));
    const total = lineOf(gateway, week, () => true);
    expect(series).toEqual({
      series: lines.slice(0, 2),
      others: { keys: [], ...lineOf(gateway, week, ({ namespace }) => !first2.includes(namespace)) },
      seriesCount: lines.length,
    });
    expect(none).toEqual({ series: [], others: { keys: [], ...total }, seriesCount: 3 });
    expect(whole).toEqual({ series: [{ keys: [], ...total }], others: null, seriesCount: 1 });
    expect(last).toMatchObject({ series: lines.slice(-1) });
  });

  test('of the rows that match `where`, in series and totals', async () => {
    await using gateway = await start();
    const where = 'where: { dimensions: [{ by: { label: "team" }, values: [null] }] }';
    const inner = `totals(${where}) { totalCost } series(${where}) { ${SERIES} }`;
    const { totals, series } = seriesOf(await gateway.send(send(WEEK, inner)));
    const line = lineOf(gateway, week, ({ team }) => team === null);
    expect(totals).toEqual({ totalCost: line.totals.totalCost });
    expect(series.series).toEqual([{ keys: [], ...line }]);
  });

  test('each interval compared with the previous unit, in the time zone of the series', async () => {
    await using gateway = await start();
    const inner =
      'intervals { report { comparison { isComplete baselineWindow { hours } totals { totalCost { baseline } } } } }';
    const args = `timeZone: "Europe/Berlin", ${between2('2026-03-29T00:00:00+01:00', '2026-03-31T00:00:00+02:00')}`;
    const { intervals } = seriesOf(await gateway.send(send(args, inner)));
    const before = toWindows(['2026-03-27T23:00Z', '2026-03-28T23:00Z', '2026-03-29T22:00Z']);
    expect(intervals.map(({ report }) => report!.comparison)).toEqual(
      before.map((window, at) => ({
        isComplete: true,
        baselineWindow: { hours: [24, 23][at] },
        totals: { totalCost: { baseline: gateway.upstream.sum(window).totalCost } },
      })),
    );
  });

  test('except in a failed interval, which has null, no totals, and one error at its report', async () => {
    await using gateway = await start();
    const failed = Date.UTC(2026, 3, 9);
    gateway.upstream.onRequest = ({ window }) => (window.from === failed ? { status: 503 } : undefined);
    const response = await gateway.send(send(WEEK));
    const { isComplete, totals, series, intervals } = readSeries(response);
    expect(response.errors).toMatchObject([
      { path: ['costTimeSeries', 'intervals', 3, 'report'], extensions: { code: 'UPSTREAM_UNAVAILABLE' } },
    ]);
    expect([isComplete, totals, intervals[3]!.report]).toEqual([false, null, null]);
    const known = week.filter(({ from }) => from !== failed);
    const lines = linesOf(gateway, known);
    expect(series.series).toEqual(
      lines.map((line) => ({
        ...Object.fromEntries(
          Object.entries(line).map(([name, values]) => [
            name,
            name === 'keys' || name === 'totals' ? values : (values as number[]).toSpliced(3, 0, null as never),
          ]),
        ),
        totals: null,
      })),
    );
  });

  test('and a response without an interval is not cached, even when no error is selected', async () => {
    await using gateway = await start();
    gateway.upstream.onRequest = ({ window }) => (window.from === Date.UTC(2026, 3, 9) ? { status: 503 } : undefined);
    const query = send(WEEK, 'series { series { values } }');
    for (let time = 0; time < 3; time += 1) {
      const response = await gateway.send(query);
      expect(response.headers.get('cache-control')).toBe('no-store');
      expect(seriesOf(response).series.series[0]).toMatchObject({
        values: expect.arrayContaining([null]) as unknown,
      });
    }
    gateway.upstream.onRequest = () => undefined;
    const { series } = seriesOf(await gateway.send(query));
    expect(series.series[0]!.values).toEqual(lineOf(gateway, week, () => true).total);
  });

  test.each<[string, object]>([
    ['partial', { members: { errors: ['prod: deadline exceeded'] } }],
    ['about another window', { window: { from: Date.UTC(2026, 3, 9), to: Date.UTC(2026, 3, 9, 12) } }],
  ])('and is not complete when a report is %s', async (_title, fault) => {
    await using gateway = await start();
    gateway.upstream.onRequest = ({ window }) => (window.from === Date.UTC(2026, 3, 9) ? fault : undefined);
    expect(seriesOf(await gateway.send(send(WEEK)))).toMatchObject({ isComplete: false });
  });
});
