// Comparisons that would be wrong without an error: of partial reports, of an hour that is not over, and of values that
// a report does not have. Calls to an independent upstream are counted.

import { describe, expect, test } from 'vitest';

import { createManualClock } from '../kit/time/clock.js';
import type { GraphqlResponse } from '../kit/gateway.js';
import { START_MS, startCompanyGateway } from '../kit/upstream/hourly-company.js';
import { HOUR_MS } from '../kit/upstream/hourly-upstream.js';
import { createIdleClock } from '../kit/time/idle-clock.js';

const MINUTE_MS = 60_000;

const cart = { clusterName: 'prod', namespace: 'shop', workloadType: 'Deployment', workloadName: 'cart' };

describe('the comparison of a workload report', () => {
  const QUERY =
    '{ workloadCosts(filter: { last: "3d" }) { asOf comparison { totals { totalCost { current baseline } } } } }';

  test('says that the longer report covers another period', async () => {
    await using gateway = await startCompanyGateway(createManualClock(START_MS));
    const window = {
      startTime: new Date(START_MS - 86_400_000).toISOString(),
      endTime: new Date(START_MS).toISOString(),
    };
    gateway.upstream.onRequest = ({ parameters }) => (parameters.range === '6d' ? { members: { window } } : undefined);
    const { response } = await gateway.count(QUERY);
    expect(response.errors.map(({ message }) => message)).toEqual([
      'ScaleOps covers another period than requested, so no baseline can be derived for workloads. ' +
        'Compare `aggregatedCosts` instead.',
    ]);
  });

  test.each<[title: string, range: string, members: object]>([
    ['the longer report is partial', '6d', { errors: ['dev: deadline exceeded'] }],
    ['the report is partial', '3d', { errors: ['dev: deadline exceeded'] }],
    ['a cost of the longer report is unreadable', '6d', { aggregatedWorkloads: [{ ...cart, totalCost: 'NaN' }] }],
    ['a cost of the longer report is missing', '6d', { aggregatedWorkloads: [cart] }],
    [
      'hours of the longer report are unreadable',
      '6d',
      {
        aggregatedWorkloads: [{ ...cart, totalCost: 1, spotHours: 'NaN' }],
      },
    ],
    ['a row of the longer report is unreadable', '6d', { aggregatedWorkloads: [7, { ...cart, totalCost: 1 }] }],
  ])('fails when %s', async (_title, range, members) => {
    await using gateway = await startCompanyGateway(createManualClock(START_MS));
    gateway.upstream.onRequest = ({ parameters }) =>
      parameters.range === range ? { members: { ...members } } : undefined;
    const { response, received } = await gateway.count(QUERY);
    expect(received).toHaveLength(2);
    expect(response.data).toMatchObject({ workloadCosts: { asOf: expect.any(String) as string, comparison: null } });
    expect(response.errors).toMatchObject([
      {
        message: expect.stringContaining('`aggregatedCosts`') as string,
        path: ['workloadCosts', 'comparison'],
        extensions: { code: 'UPSTREAM_BAD_RESPONSE' },
      },
    ]);
  });

  test('fails when the longer report is about another window', async () => {
    await using gateway = await startCompanyGateway(createManualClock(START_MS));
    const window = { from: START_MS - 72 * HOUR_MS, to: START_MS };
    gateway.upstream.onRequest = ({ parameters }) => (parameters.range === '6d' ? { window } : undefined);
    expect((await gateway.send(QUERY)).errors).toMatchObject([{ extensions: { code: 'UPSTREAM_BAD_RESPONSE' } }]);
  });

  test('is derived when only a number is missing that it does not need', async () => {
    await using gateway = await startCompanyGateway(createManualClock(START_MS));
    const row = (totalCost: number) => ({ ...cart, totalCost, savingsAvailable: 'NaN' });
    gateway.upstream.onRequest = ({ parameters }) => ({
      members: { aggregatedWorkloads: [row(parameters.range === '6d' ? 5 : 2)] },
    });
    const { data, errors } = await gateway.send(QUERY);
    expect(errors).toEqual([]);
    expect(data).toMatchObject({
      workloadCosts: { comparison: { totals: { totalCost: { current: 2, baseline: 3 } } } },
    });
  });
});

test('a workload without costs, and one with a credit, have the kind of their rows', async () => {
  await using gateway = await startCompanyGateway(createManualClock(START_MS));
  const row = (workloadName: string, totalCost: number) => ({ ...cart, workloadName, totalCost });
  gateway.upstream.onRequest = ({ parameters }) => {
    const rows =
      parameters.range === '6d'
        ? [row('free', 0), row('credit', -2), row('gone', 0)]
        : [row('free', 0), row('credit', -2)];
    return { members: { aggregatedWorkloads: rows } };
  };
  const { data, errors } = await gateway.send(`{ workloadCosts(filter: { last: "3d" }) {
    comparison { breakdown(by: [{ field: WORKLOAD_NAME }]) { groups { keys { value } kind } } } } }`);
  expect(errors).toEqual([]);
  interface Group {
    keys: [{ value: string }];
    kind: string;
  }
  const { groups } = (data as { workloadCosts: { comparison: { breakdown: { groups: Group[] } } } }).workloadCosts
    .comparison.breakdown;
  expect(Object.fromEntries(groups.map(({ keys: [{ value }], kind }) => [value, kind]))).toEqual({
    free: 'UNCHANGED',
    credit: 'APPEARED',
    gone: 'VANISHED',
  });
});

describe('two reports of different times', () => {
  const KINDS = `{ workloadCosts(filter: { last: "4d" }) {
    comparison { breakdown(by: [{ field: WORKLOAD_NAME }], kinds: [APPEARED]) { groups { keys { value } } } } } }`;
  const APPEARED = { breakdown: { groups: [{ keys: [{ value: 'born' }] }] } };
  const SINGLE = (last: string) => `{ workloadCosts(filter: { last: "${last}" }) { asOf } }`;

  // The other report is refreshed, or fetched for the first time.
  test.each(['4d', '8d'])(
    'are not compared: the older one is fetched again when the report of %s is newer',
    async (newer) => {
      const clock = createIdleClock(START_MS);
      await using gateway = await startCompanyGateway(clock);
      expect((await gateway.send(KINDS)).data).toMatchObject({ workloadCosts: { comparison: APPEARED } });
      clock.advance(240_000);
      await gateway.send(SINGLE(newer));
      await clock.idle();
      const { response, received } = await gateway.count(KINDS);
      expect(response.errors).toEqual([]);
      expect(response.data).toMatchObject({ workloadCosts: { comparison: APPEARED } });
      expect(received.map(({ parameters }) => parameters.range)).toEqual([newer === '4d' ? '8d' : '4d']);
    },
  );

  test('fail to compare when ScaleOps returns no newer one', async () => {
    const clock = createIdleClock(START_MS);
    await using gateway = await startCompanyGateway(clock, { SCALEOPS_MAX_ATTEMPTS: '1' });
    await gateway.send(KINDS);
    clock.advance(240_000);
    await gateway.send(SINGLE('4d'));
    await clock.idle();
    gateway.upstream.onRequest = () => ({ status: 503 });
    expect((await gateway.send(KINDS)).errors).toMatchObject([
      { path: ['workloadCosts', 'comparison'], extensions: { code: 'UPSTREAM_UNAVAILABLE' } },
    ]);
  });
});

describe('a bound of costs', () => {
  const bounds = ['minTotalCost', 'maxTotalCost', 'minSavingsAvailable'];
  test.each(bounds)('%s is refused in a comparison, because a row may match in one period only', async (bound) => {
    await using gateway = await startCompanyGateway(createManualClock(START_MS));
    const where = `where: { ${bound}: 1 }`;
    for (const inner of [
      `totals(${where}) { totalCost { current } }`,
      `breakdown(by: [{ field: NAMESPACE }], ${where}) { groupCount }`,
    ]) {
      const { errors } = await gateway.send(`{ aggregatedCosts { comparison { ${inner} } } }`);
      expect(errors).toMatchObject([
        {
          message: expect.stringMatching(new RegExp(`^where\\.${bound} must .*minDifference`)) as string,
          extensions: { code: 'BAD_USER_INPUT' },
        },
      ]);
    }
  });
});

test('a comparison and a series are not complete when one of their costs is unreadable', async () => {
  await using gateway = await startCompanyGateway(createManualClock(START_MS));
  const filter = 'filter: { timeRange: { between: { from: "2026-04-08T00:00:00Z", to: "2026-04-09T00:00:00Z" } } }';
  const query = `{ aggregatedCosts(${filter}) { comparison { isComplete } } costTimeSeries(${filter}) { isComplete } }`;
  const whole = (isComplete: boolean) => ({
    aggregatedCosts: { comparison: { isComplete } },
    costTimeSeries: { isComplete },
  });
  expect((await gateway.send(query)).data).toEqual(whole(true));
  await using other = await startCompanyGateway(createManualClock(START_MS));
  other.upstream.onRequest = () => ({ members: { aggregatedWorkloads: [{ ...cart, totalCost: 'NaN' }] } });
  expect((await other.send(query)).data).toEqual(whole(false));
});

test('an interval that is over is compared in full, even when it is part of a day', async () => {
  await using gateway = await startCompanyGateway(createManualClock(START_MS));
  const { data, errors } = await gateway.send(`{ costTimeSeries(filter: { timeRange: { between: {
    from: "2026-04-08T00:00:00Z", to: "2026-04-10T12:30:00Z" } } }) {
    intervals { isPartial report { comparison { isComplete baselineWindow { hours } } } } } }`);
  expect(errors).toEqual([]);
  expect((data as { costTimeSeries: { intervals: unknown[] } }).costTimeSeries.intervals.at(-1)).toEqual({
    isPartial: true,
    report: { comparison: { isComplete: true, baselineWindow: { hours: 12.5 } } },
  });
});

test('in the first hour of a day, the baseline has the same elapsed time', async () => {
  const midnight = Math.floor(START_MS / 86_400_000) * 86_400_000;
  await using gateway = await startCompanyGateway(createManualClock(midnight + 41 * MINUTE_MS + 500));
  const { response, received } = await gateway.count(`{
    aggregatedCosts(filter: { timeRange: { calendar: { unit: DAY, includeCurrent: true } } }) {
      window { endTime } comparison { isComplete baselineWindow { startTime endTime } } } }`);
  const iso = (ms: number): string => new Date(ms).toISOString();
  expect(response.errors).toEqual([]);
  expect(response.data).toEqual({
    aggregatedCosts: {
      window: { endTime: iso(midnight + HOUR_MS) },
      comparison: {
        isComplete: false,
        baselineWindow: {
          startTime: iso(midnight - 24 * HOUR_MS),
          endTime: iso(midnight - 24 * HOUR_MS + 41 * MINUTE_MS),
        },
      },
    },
  });
  expect(received).toHaveLength(2);
});

test('reports of one window have different ids when their calendar ranges have different baselines', async () => {
  await using gateway = await startCompanyGateway(createManualClock(START_MS));
  const report = (timeRange: string) =>
    `aggregatedCosts(filter: { timeRange: ${timeRange} }) { id comparison { baselineWindow { hours } } }`;
  const { response, received } = await gateway.count(`{
    calendar: ${report('{ calendar: { unit: MONTH } }')}
    between: ${report('{ between: { from: "2026-03-01T00:00:00Z", to: "2026-04-01T00:00:00Z" } }')}
    again: ${report('{ calendar: { unit: MONTH } }')}
  }`);
  expect(response.errors).toEqual([]);
  const { calendar, between, again } = response.data as Record<string, { id: string; comparison: object }>;
  expect([calendar!.comparison, between!.comparison]).toEqual([
    { baselineWindow: { hours: 672 } },
    { baselineWindow: { hours: 744 } },
  ]);
  expect(calendar!.id).not.toBe(between!.id);
  expect(again).toEqual(calendar);
  // One report and two baselines.
  expect(received).toHaveLength(3);
});

describe('a value that a report is not grouped by', () => {
  const report = (inner: string, groupBy = '{ cluster: true }') =>
    `{ aggregatedCosts(filter: { groupBy: ${groupBy} }) { ${inner} } }`;
  const messageOf = ({ errors: [error] }: GraphqlResponse) => [error?.extensions.code, error?.message];

  test.each<[inner: string, message: RegExp]>([
    ['breakdown(by: [{ label: "team" }]) { groupCount }', /^by\[0\] needs .*`labels: \["team"\]` to `filter\.groupBy`/],
    ['breakdown(by: [{ field: CLUSTER }, { field: NAMESPACE }]) { groupCount }', /^by\[1\] needs .*`namespace: true`/],
    ['breakdown(by: [{ annotation: "owner" }]) { groupCount }', /^by\[0\] needs .*`annotations: \["owner"\]`/],
    ['breakdown(by: [{ anyLabel: ["a", "b"] }]) { groupCount }', /^by\[0\] needs .*`labels: \["a","b"\]`/],
    ['breakdown(by: [{ field: WORKLOAD_NAME }]) { groupCount }', /^by\[0\] needs .*`workloadCosts`/],
    ['totals(where: { namespaces: ["shop"] }) { totalCost }', /^where\.namespaces needs .*`namespace: true`/],
    ['totals(where: { workloadTypes: ["Job"] }) { totalCost }', /^where\.workloadTypes needs .*`workloadCosts`/],
    [
      'totals(where: { dimensions: [{ by: { label: "team" }, values: ["web"] }] }) { totalCost }',
      /^where\.dimensions\[0\]\.by needs .*`labels: \["team"\]`/,
    ],
    ['comparison { breakdown(by: [{ field: NAMESPACE }]) { groupCount } }', /^by\[0\] needs .*`namespace: true`/],
  ])('is refused with a hint to add to the filter: %s', async (inner, message) => {
    await using gateway = await startCompanyGateway(createManualClock(START_MS));
    expect(messageOf(await gateway.send(report(inner)))).toEqual(['BAD_USER_INPUT', expect.stringMatching(message)]);
  });

  test('is refused by a time series', async () => {
    await using gateway = await startCompanyGateway(createManualClock(START_MS));
    const series =
      'costTimeSeries(filter: { groupBy: { cluster: true } }) { series(by: [{ label: "team" }]) { seriesCount } }';
    expect(messageOf(await gateway.send(`{ ${series} }`))).toEqual([
      'BAD_USER_INPUT',
      expect.stringContaining('`labels: ["team"]`'),
    ]);
  });

  test('is one group without a value when the report is grouped by it and no row has it', async () => {
    await using gateway = await startCompanyGateway(createManualClock(START_MS));
    const inner = 'breakdown(by: [{ label: "nobody" }]) { groups { keys { value } share } }';
    const { data, errors } = await gateway.send(report(inner, '{ labels: ["nobody"] }'));
    expect(errors).toEqual([]);
    expect(data).toEqual({ aggregatedCosts: { breakdown: { groups: [{ keys: [{ value: null }], share: 1 }] } } });
  });
});
