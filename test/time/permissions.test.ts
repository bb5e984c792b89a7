// Comparisons and time series of callers with permissions: they equal the results of a ScaleOps with only the visible
// workloads. No row, name or digit of a sum comes from hidden workloads.

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { createManualClock } from '../kit/time/clock.js';
import { startGateway, type TestGateway } from '../kit/gateway.js';
import { DAY_MS, START_MS, startCompany } from '../kit/upstream/hourly-company.js';
import type { HourlyUpstream, HourlyWorkload } from '../kit/upstream/hourly-upstream.js';
import { propertyRuns } from '../kit/fuzz/runs.js';
import { startRestrictedGateway, type RestrictedGateway } from '../kit/restricted-gateway.js';

interface Rule {
  readonly clusters?: readonly string[];
  readonly namespaces?: readonly string[];
}
const CALLERS: Readonly<Record<string, readonly Rule[]>> = {
  prod: [{ clusters: ['prod'] }],
  shop: [{ namespaces: ['shop'] }],
  prodShop: [{ clusters: ['prod'], namespaces: ['shop', 'ml'] }],
  mixed: [{ clusters: ['dev'] }, { clusters: ['prod'], namespaces: ['ops'] }],
};

/** Nothing is cached, so that each case has its own workloads. */
const env = { CACHE_TTL_SECONDS: '0', SCALEOPS_MULTI_CLUSTER: 'on' };
const clock = createManualClock(START_MS);
let upstream: HourlyUpstream;
let restricted: RestrictedGateway;
/** Has only the visible workloads. */
let visible: HourlyUpstream;
let reference: TestGateway;
beforeAll(async () => {
  upstream = await startCompany(clock);
  visible = await startCompany(clock);
  const permissions = Object.fromEntries(Object.entries(CALLERS).map(([name, permissions]) => [name, permissions]));
  restricted = startRestrictedGateway({
    url: upstream.url,
    permissions: { callers: permissions },
    callers: Object.keys(CALLERS),
    env,
    clock,
  });
  reference = startGateway(visible.url, env, clock);
});
afterAll(async () => {
  for (const each of [restricted, reference, upstream, visible]) await each[Symbol.asyncDispose]();
});

function maySee(caller: string, { cluster, namespace }: HourlyWorkload): boolean {
  return CALLERS[caller]!.some(
    ({ clusters = [cluster], namespaces = [namespace] }) =>
      clusters.includes(cluster) && namespaces.includes(namespace),
  );
}

const anyTime = fc.option(
  fc.integer({ min: 0, max: 9 }).map((day) => Date.UTC(2026, 3, 7 + day)),
  { nil: undefined },
);
const anyWorkload: fc.Arbitrary<HourlyWorkload> = fc
  .record({
    cluster: fc.constantFrom('prod', 'dev', 'hidden'),
    namespace: fc.constantFrom('shop', 'ml', 'ops'),
    name: fc.constantFrom('a', 'b', 'c'),
    team: fc.constantFrom('web', 'data', null),
    isSpot: fc.boolean(),
    rate: fc.integer({ min: 1, max: 900 }),
    startsAt: anyTime,
    endsAt: anyTime,
  })
  .map(({ startsAt, endsAt, ...workload }) => ({
    ...workload,
    ...(startsAt !== undefined && { startsAt }),
    ...(endsAt !== undefined && { endsAt }),
  }));
const anyWorkloads = fc.uniqueArray(anyWorkload, {
  maxLength: 9,
  selector: ({ cluster, namespace, name }) => `${cluster} ${namespace} ${name}`,
});

const CHANGE = '{ current baseline difference ratio }';
const CHANGES = `{ totalCost ${CHANGE} spotHours ${CHANGE} savingsAvailable ${CHANGE} amountOfWorkloads ${CHANGE} rowCount ${CHANGE} }`;
const BREAKDOWN = `{ groups { keys { value } kind contribution totals ${CHANGES} } others ${CHANGES} groupCount totals ${CHANGES} }`;
const LINE = '{ keys { value } values hours: values(field: ON_DEMAND_HOURS) totals { totalCost rowCount } }';
const TEAM = '{ label: "team" }';
/** The dimensions for each grouping of a report. */
const DIMENSIONS = {
  '{ cluster: true }': ['{ field: CLUSTER }'],
  '{ cluster: true, namespace: true }': ['{ field: CLUSTER }', '{ field: NAMESPACE }'],
  '{ namespace: true, labels: ["team"] }': ['{ field: NAMESPACE }', TEAM],
  '{ labels: ["team"] }': [TEAM],
};

const anyQuery = fc
  .constantFrom(...Object.entries(DIMENSIONS))
  .chain(([groupBy, dimensions]) =>
    fc.record({
      groupBy: fc.constant(groupBy),
      by: fc.subarray(dimensions, { minLength: 1 }),
      first: fc.constantFrom(0, 1, 5),
      where: fc.constantFrom(
        '',
        ', where: { minTotalCost: 0.002 }',
        ...(dimensions.includes(TEAM) ? [`, where: { dimensions: [{ by: ${TEAM}, values: ["web"] }] }`] : []),
      ),
      last: fc.constantFrom('1d', '3d'),
    }),
  )
  .map(({ groupBy, by, first, where, last }) => {
    const args = `(by: [${by.join(', ')}], first: ${first}${where})`;
    const compared = `(by: [${by.join(', ')}], first: ${first}${where.includes('minTotalCost') ? '' : where})`;
    const comparison = `comparison { totals ${CHANGES} breakdown${compared} ${BREAKDOWN} }`;
    return `{
      aggregatedCosts(filter: { groupBy: ${groupBy}, timeRange: { calendar: { unit: DAY, count: 3 } } }) { ${comparison} }
      workloadCosts(filter: { last: "${last}" }) { ${comparison} }
      costTimeSeries(filter: { groupBy: ${groupBy}, timeRange: { last: "3d" } }) {
        isComplete totals { totalCost rowCount }
        intervals { report { clusters totals { totalCost rowCount } ${comparison} } }
        series${args} { series ${LINE} others ${LINE} seriesCount }
      }
    }`;
  });

describe('a caller with permissions', () => {
  test('gets the comparisons and series of its visible workloads', async () => {
    let hidden = 0;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...Object.keys(CALLERS)), anyWorkloads, anyQuery, async (caller, all, query) => {
        upstream.workloads = all;
        visible.workloads = all.filter((workload) => maySee(caller, workload));
        hidden += all.length - visible.workloads.length;
        const [response, expected] = await Promise.all([restricted.sendAs(caller, query), reference.send(query)]);
        expect(response.errors).toEqual([]);
        expect(response.data).toEqual(expected.data);
      }),
      { numRuns: propertyRuns(30) },
    );
    expect(hidden).toBeGreaterThan(10);
  });

  test.each([
    ['costTimeSeries', 'costTimeSeries(filter: { clusters: ["hidden"] }) { totals { totalCost } }', 0],
    [
      'costTimeSeries.series',
      'costTimeSeries(granularity: MONTHLY) { series(where: { clusterNames: ["hidden"] }) { seriesCount } }',
      13,
    ],
    [
      'costTimeSeries.totals',
      'costTimeSeries(granularity: MONTHLY) { totals(where: { clusterNames: ["hidden"] }) { totalCost } }',
      13,
    ],
    [
      'aggregatedCosts.comparison.totals',
      'aggregatedCosts { comparison { totals(where: { clusterNames: ["hidden"] }) { totalCost { current } } } }',
      2,
    ],
    [
      'aggregatedCosts.comparison.breakdown',
      'aggregatedCosts { comparison { breakdown(by: [{ field: CLUSTER }], where: { clusterNames: ["hidden"] }) { groupCount } } }',
      2,
    ],
  ])('is refused when it names something forbidden, in %s', async (path, query, calls) => {
    upstream.workloads = [{ cluster: 'prod', namespace: 'shop', name: 'a', team: null, isSpot: false, rate: 1 }];
    const before = upstream.received.length;
    const { errors } = await restricted.sendAs('prod', `{ ${query} }`);
    expect(errors).toMatchObject([{ path: path.split('.'), extensions: { code: 'FORBIDDEN' } }]);
    expect(upstream.received).toHaveLength(before + calls);
  });

  test('causes calls only for its permitted clusters, even for one day', async () => {
    const before = upstream.received.length;
    const day = new Date(START_MS - (START_MS % DAY_MS) - DAY_MS).toISOString();
    const today = new Date(START_MS - (START_MS % DAY_MS)).toISOString();
    const range = `between: { from: "${day}", to: "${today}" }`;
    await restricted.sendAs('prod', `{ costTimeSeries(filter: { timeRange: { ${range} } }) { totals { totalCost } } }`);
    expect(upstream.received.slice(before).map(({ parameters }) => parameters.clusters)).toEqual([['prod']]);
  });
});
