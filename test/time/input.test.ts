// Inputs about time that break a rule: BAD_USER_INPUT at the field, with the path of the input, the rule and a
// solution, and without a call to ScaleOps except the one for the report itself.

import { describe, expect, test } from 'vitest';

import { createManualClock } from '../kit/time/clock.js';
import { START_MS, startCompanyGateway } from '../kit/upstream/hourly-company.js';

const between = (from: string, to: string): string => `between: { from: "${from}", to: "${to}" }`;
const APRIL = between('2026-04-01T00:00:00Z', '2026-04-08T00:00:00Z');

type Case = readonly [title: string, input: string, message: RegExp];

async function expectRefusal(query: string, path: readonly string[], message: RegExp, calls: number, env = {}) {
  await using gateway = await startCompanyGateway(createManualClock(START_MS), env);
  const { response, received } = await gateway.count(query);
  expect(response.errors).toMatchObject([
    { message: expect.stringMatching(message) as string, path, extensions: { code: 'BAD_USER_INPUT' } },
  ]);
  expect(response.status).toBe(200);
  expect(received).toHaveLength(calls);
}

describe('a time range', () => {
  const ranges: readonly Case[] = [
    [
      'of 0 units',
      'calendar: { unit: DAY, count: 0 }',
      /^filter\.timeRange\.calendar\.count must be 1 to 3653 for DAY/,
    ],
    [
      'of -1 units',
      'calendar: { unit: WEEK, count: -1 }',
      /^filter\.timeRange\.calendar\.count must be 1 to 521 for WEEK/,
    ],
    [
      'of 10^9 units',
      'calendar: { unit: YEAR, count: 1000000000 }',
      /^filter\.timeRange\.calendar\.count must be 1 to 10 for YEAR: a range covers at most ten years/,
    ],
    [
      'in the future',
      between('2026-04-17T00:00:00Z', '2026-04-18T00:00:00Z'),
      /^filter\.timeRange\.between must begin in the past/,
    ],
    [
      'that ends before it begins',
      between('2026-04-10T00:00:00Z', '2026-04-09T00:00:00Z'),
      /^filter\.timeRange\.between must have `from` before `to`/,
    ],
  ];

  test.each(ranges)('%s is refused for a report', (_title, range, message) =>
    expectRefusal(`{ aggregatedCosts(filter: { timeRange: { ${range} } }) { asOf } }`, ['aggregatedCosts'], message, 0),
  );

  test.each(ranges)('%s is refused for a time series', (_title, range, message) =>
    expectRefusal(`{ costTimeSeries(filter: { timeRange: { ${range} } }) { id } }`, ['costTimeSeries'], message, 0),
  );
});

describe('a time zone', () => {
  test.each(['Mars/Olympus', '+02:00', 'UTC+2', '2026-01-01[UTC]', '', ' UTC', 'x'.repeat(100)])(
    '%j is refused, as a literal and in a variable',
    async (zone) => {
      await using gateway = await startCompanyGateway(createManualClock(START_MS));
      const refused = {
        message: expect.stringMatching(
          /TimeZone must be the IANA name of a time zone, such as "Europe\/Berlin"/,
        ) as string,
        extensions: { code: 'BAD_USER_INPUT' },
      };
      const texts = [
        `{ costTimeSeries(timeZone: ${JSON.stringify(zone)}) { id } }`,
        `{ aggregatedCosts(filter: { timeRange: { calendar: { unit: DAY, timeZone: ${JSON.stringify(zone)} } } }) { id } }`,
      ];
      for (const text of texts) expect((await gateway.send(text)).errors).toMatchObject([refused]);
      const query = 'query ($zone: TimeZone!) { costTimeSeries(timeZone: $zone) { id } }';
      expect((await gateway.send(query, { zone })).errors).toMatchObject([refused]);
      const nested = 'query ($filter: AggregatedCostsFilter) { aggregatedCosts(filter: $filter) { id } }';
      const filter = { timeRange: { calendar: { unit: 'DAY', timeZone: zone } } };
      const { errors } = await gateway.send(nested, { filter });
      expect(errors).toMatchObject([refused]);
      expect(errors[0]!.message).toContain('filter.timeRange.calendar.timeZone');
      expect(gateway.upstream.received).toEqual([]);
    },
  );

  test('is refused without quotation marks', async () => {
    await using gateway = await startCompanyGateway(createManualClock(START_MS));
    const { errors } = await gateway.send('{ costTimeSeries(timeZone: UTC) { id } }');
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['BAD_USER_INPUT']);
    expect(gateway.upstream.received).toEqual([]);
  });

  test('is accepted by any of its IANA names', async () => {
    await using gateway = await startCompanyGateway(createManualClock(START_MS));
    for (const zone of ['Europe/Berlin', 'Asia/Calcutta', 'Etc/GMT+5', 'EST5EDT', 'europe/berlin']) {
      expect(
        (await gateway.send(`{ costTimeSeries(timeZone: "${zone}", granularity: WEEKLY) { id } }`)).errors,
      ).toEqual([]);
    }
  });
});

describe('a time series', () => {
  test.each<[title: string, args: string, message: RegExp, env?: Record<string, string>]>([
    [
      'with too many hours',
      `granularity: HOURLY, filter: { timeRange: { ${APRIL} } }`,
      /^granularity must split the time range into at most 100 intervals, and HOURLY makes 168; use DAILY, or a shorter time range/,
    ],
    [
      'with too many days for weeks',
      'filter: { timeRange: { calendar: { unit: YEAR, count: 3 } } }',
      /at most 100 intervals, and DAILY makes 1096; use MONTHLY, or a shorter time range/,
    ],
    [
      'with ten years of hours',
      'granularity: HOURLY, filter: { timeRange: { last: "3653d" } }',
      /and HOURLY makes 876\d\d; use a shorter time range/,
    ],
    [
      'with more intervals than GATEWAY_MAX_INTERVALS',
      `filter: { timeRange: { ${APRIL} } }`,
      /at most 6 intervals, and DAILY makes 7; use WEEKLY/,
      { GATEWAY_MAX_INTERVALS: '6' },
    ],
    [
      'by weeks of three days',
      'granularity: WEEKLY, filter: { timeRange: { last: "3d" } }',
      /^granularity must not be longer than the time range; use DAILY, or a longer time range/,
    ],
    [
      'by months of a week',
      `granularity: MONTHLY, filter: { timeRange: { ${APRIL} } }`,
      /^granularity must not be longer than the time range; use WEEKLY/,
    ],
    [
      'by hours of ten minutes',
      'granularity: HOURLY, filter: { timeRange: { last: "10m" } }',
      /^granularity must not be longer than the time range; use a longer time range/,
    ],
  ])('%s is refused', (_title, args, message, env) =>
    expectRefusal(`{ costTimeSeries(${args}) { id } }`, ['costTimeSeries'], message, 0, env),
  );

  test.each<Case>([
    ['first: -1', 'series(first: -1) { seriesCount }', /^first must be 0 or more/],
    ['an empty `by`', 'series(by: []) { seriesCount }', /^by must name a dimension, such as \[\{field: NAMESPACE\}\]/],
    [
      'a repeated dimension',
      'series(by: [{ label: "team" }, { label: "team" }]) { seriesCount }',
      /^by\[1\] must not repeat a dimension/,
    ],
    [
      'a label and the same label as the only alternative',
      'series(by: [{ label: "team" }, { anyLabel: ["team"] }]) { seriesCount }',
      /^by\[1\] must not repeat a dimension/,
    ],
    [
      'an invalid label key',
      'series(by: [{ label: "no key" }]) { seriesCount }',
      /^by\[0\]\.label must be a Kubernetes/,
    ],
  ])('with %s is refused', (_title, inner, message) =>
    expectRefusal(`{ costTimeSeries(granularity: WEEKLY) { ${inner} } }`, ['costTimeSeries', 'series'], message, 13),
  );
});

describe('a comparison', () => {
  const report = (inner: string, filter = `(filter: { timeRange: { ${APRIL} } })`): string =>
    `{ aggregatedCosts${filter} { ${inner} } }`;

  test.each<Case>([
    [
      'with a window that overlaps',
      between('2026-03-30T00:00:00Z', '2026-04-02T00:00:00Z'),
      /^with\.between must not overlap the time range of the report; end it where that begins, or earlier/,
    ],
    [
      'with a window within the report window',
      between('2026-04-03T00:00:00Z', '2026-04-04T00:00:00Z'),
      /^with\.between must not overlap/,
    ],
    [
      'with a window in the future',
      between('2026-05-03T00:00:00Z', '2026-05-04T00:00:00Z'),
      /^with\.between must begin in the past/,
    ],
    [
      'with no window',
      between('2026-03-03T00:00:00Z', '2026-03-03T00:00:00Z'),
      /^with\.between must have `from` before `to`/,
    ],
    [
      'with seconds for milliseconds',
      between('1970-01-20T00:00:00Z', '1970-01-21T00:00:00Z'),
      /^with\.between\.from must be in/,
    ],
  ])('%s is refused', (_title, window, message) =>
    expectRefusal(
      report(`comparison(with: { ${window} }) { isComplete }`),
      ['aggregatedCosts', 'comparison'],
      message,
      1,
    ),
  );

  test.each<Case>([
    ['first: -1', 'by: [{ label: "team" }], first: -1', /^first must be 0 or more/],
    ['minDifference: -1', 'by: [{ label: "team" }], minDifference: -1', /^minDifference must be 0 or more/],
    [
      'an infinite minDifference',
      'by: [{ label: "team" }], minDifference: 1e999',
      /^minDifference must be a finite number/,
    ],
    ['an empty `by`', 'by: []', /^by must name a dimension/],
    ['empty `kinds`', 'by: [{ label: "team" }], kinds: []', /^kinds must not be an empty list; omit it/],
  ])('with %s is refused', (_title, args, message) =>
    expectRefusal(
      report(`comparison { breakdown(${args}) { groupCount } }`),
      ['aggregatedCosts', 'comparison', 'breakdown'],
      message,
      2,
    ),
  );

  test.each<readonly [string, string, string, unknown]>([
    ['an unknown dimension', '[CostDimensionInput!]!', 'by: $it', [{ field: 'TEAM' }]],
    ['two dimensions in one', '[CostDimensionInput!]!', 'by: $it', [{ field: 'CLUSTER', label: 'team' }]],
    ['minDifference: NaN', 'Float', 'by: [{ label: "team" }], minDifference: $it', 'NaN'],
    ['an unknown kind', '[CostChangeKind!]', 'by: [{ label: "team" }], kinds: $it', ['CREATED']],
  ])('with %s in a variable is refused before any call', async (_title, type, args, it) => {
    await using gateway = await startCompanyGateway(createManualClock(START_MS));
    const query = `query ($it: ${type}) ${report(`comparison { breakdown(${args}) { groupCount } }`)}`;
    const { response, received } = await gateway.count(query, { it });
    expect(response.errors).toMatchObject([
      { message: expect.stringMatching(/\$it|"it"|\bit\b/) as string, extensions: { code: 'BAD_USER_INPUT' } },
    ]);
    expect(received).toEqual([]);
  });
});
