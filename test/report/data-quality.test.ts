// Problems in the data of ScaleOps, through whole gateways: results and warnings. No total is wrong without a warning.
// Tests of the parsers: test/upstream/decode.test.ts and test/report/byte-parser.test.ts.

import { describe, expect, onTestFinished, test } from 'vitest';

import * as faults from '../kit/upstream/fault-server.js';
import { startFaultServer, type Fault, type FaultServer } from '../kit/upstream/fault-server.js';
import { startGateway, type TestGateway } from '../kit/gateway.js';
import { createIdleClock, type IdleClock } from '../kit/time/idle-clock.js';
import { parseMetrics } from '../kit/formats/prometheus.js';
import { startRestrictedGateway } from '../kit/restricted-gateway.js';

const WORKLOADS = '/detailedCostReport/getWorkloads';
const AGGREGATED = '/detailedCostReport/getAggregatedWorkloads';
const NOW_MS = Date.UTC(2026, 0, 31);
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const WINDOW = { startTime: '2026-01-24T00:00:00Z', endTime: '2026-01-31T00:00:00Z' };
const WINDOW_OF_2020 = { startTime: '2020-01-01T00:00:00Z', endTime: '2020-01-03T00:00:00Z' };
/** Text of ScaleOps, which must not be in any warning. */
const CANARY = 'canary-in-the-answer';

const R = {
  id: 'w',
  clusterName: 'c1',
  namespace: 'ns1',
  workloadType: 'Deployment',
  workloadName: 'w',
  totalCost: 10,
  ownerLabels: [{ key: 'team', value: 'a' }],
};

const report = (rows: readonly unknown[], more: object = {}) => ({
  window: WINDOW,
  clusters: ['c1'],
  ...more,
  aggregatedWorkloads: rows,
});

interface Fixture extends TestGateway {
  readonly upstream: FaultServer;
  readonly clock: IdleClock;
  /** The content of both reports from now on. */
  serve(json: object): void;
}

async function startFixture(first: object | Fault, env: Record<string, string> = {}): Promise<Fixture> {
  const upstream = await startFaultServer();
  const clock = createIdleClock(NOW_MS);
  const gateway = startGateway(upstream.url, { SCALEOPS_MAX_ATTEMPTS: '1', GATEWAY_METRICS: 'on', ...env }, clock);
  onTestFinished(async () => {
    await gateway[Symbol.asyncDispose]();
    await upstream[Symbol.asyncDispose]();
  });
  const serve = (json: object | Fault): void => {
    // One connection per response, so no test depends on the closing of idle ones.
    const fault = typeof json === 'function' ? (json as Fault) : faults.closeDelimited(JSON.stringify(json));
    for (const path of [WORKLOADS, AGGREGATED]) upstream.respond(path, fault);
  };
  serve(first);
  return { ...gateway, upstream, clock, serve };
}

const WARNINGS = 'warnings { code message count field }';

/** A field of the workload report. */
async function fetchReport(fixture: TestGateway, fields: string, filter = 'last: "7d"'): Promise<any> {
  const { data, errors } = await fixture.send(`{ workloadCosts(filter: { ${filter} }) { ${fields} } }`);
  expect(errors).toEqual([]);
  return data.workloadCosts;
}

const codesIn = async (fixture: TestGateway): Promise<string[]> =>
  ((await fetchReport(fixture, WARNINGS)) as { warnings: { code: string }[] }).warnings.map(({ code }) => code);

describe('a correct report', () => {
  test('has no warnings in the response, the log and the metrics', async () => {
    const fixture = await startFixture(report([R], { error: null, errors: [], truncation: { omittedEntries: 0 } }));
    expect(await fetchReport(fixture, `${WARNINGS} totals { rowsWithoutCost }`)).toEqual({
      warnings: [],
      totals: { rowsWithoutCost: 0 },
    });
    expect(fixture.log.filter(({ level }) => Number(level) >= 40)).toEqual([]);
  });
});

describe('an unreadable number', () => {
  const rows = [...Array.from({ length: 999 }, () => ({ ...R, totalCost: 1 })), { ...R, totalCost: '12,500.00' }].map(
    (row, at) => ({ ...row, workloadName: `w${at}` }),
  );

  test.each(['"12,500.00"', '"NaN"', '"+Inf"', '1e400'])('%s is null, not 0, and is not in the sum', async (text) => {
    const json = JSON.stringify(report(rows)).replace('"12,500.00"', text);
    const fixture = await startFixture(faults.closeDelimited(json));
    expect(await fetchReport(fixture, `totals { rowCount totalCost rowsWithoutCost } ${WARNINGS}`)).toEqual({
      totals: { rowCount: 1000, totalCost: 999, rowsWithoutCost: 1 },
      warnings: [
        {
          code: 'UNREADABLE_NUMBER',
          message: '1 value of totalCost could not be read and is null.',
          count: 1,
          field: 'totalCost',
        },
      ],
    });
  });

  test('is counted in rowsWithoutCost of its group, of the others, and of filtered totals', async () => {
    const costs = [
      ['a', 'x'],
      ['a', 3],
      ['b', null],
      ['b', 2],
      ['c', 1],
    ] as const;
    const fixture = await startFixture(
      report(costs.map(([namespace, totalCost], at) => ({ ...R, namespace, totalCost, workloadName: `w${at}` }))),
    );
    const { breakdown, totals } = await fetchReport(
      fixture,
      `breakdown(by: [{ field: NAMESPACE }], first: 1) {
        groups { keys { value } totals { totalCost rowsWithoutCost } } others { totalCost rowsWithoutCost } totals { rowsWithoutCost }
      } totals(where: { namespaces: ["a"] }) { rowCount rowsWithoutCost }`,
    );
    expect(breakdown).toEqual({
      groups: [{ keys: [{ value: 'a' }], totals: { totalCost: 3, rowsWithoutCost: 1 } }],
      others: { totalCost: 3, rowsWithoutCost: 1 },
      totals: { rowsWithoutCost: 2 },
    });
    expect(totals).toEqual({ rowCount: 2, rowsWithoutCost: 1 });
  });

  test('is logged and counted once per fetched report, by code and field', async () => {
    const fixture = await startFixture(report([{ ...R, totalCost: CANARY, hourlyCost: CANARY }, null]));
    for (let time = 0; time < 3; time += 1) await fetchReport(fixture, WARNINGS);
    expect(fixture.upstream.requests).toHaveLength(1);
    expect(fixture.log.filter(({ level }) => level === 40)).toMatchObject([
      {
        report: 'workloads',
        warnings: [
          { code: 'SKIPPED_ROW', count: 1, field: null },
          { code: 'UNREADABLE_NUMBER', count: 1, field: 'totalCost' },
          { code: 'UNREADABLE_NUMBER', count: 1, field: 'hourlyCost' },
        ],
        msg: 'report has data-quality warnings',
      },
    ]);
    const response = await fixture.gateway.fetch(new Request('http://gateway/metrics'));
    const metrics = parseMetrics(await response.text());
    const name = 'gateway_report_warnings_total';
    expect(metrics.value(name, { code: 'UNREADABLE_NUMBER', field: 'totalCost' })).toBe(1);
    expect(metrics.value(name, { code: 'SKIPPED_ROW', field: '' })).toBe(1);
    expect(metrics.sum(name)).toBe(3);
    expect(JSON.stringify(fixture.log)).not.toContain(CANARY);
  });
});

describe('a partial report', () => {
  test.each<[string, object, string]>([
    ['error', { clusters: ['c1', 'c2'], error: `c2: ${CANARY}` }, 'error'],
    ['errors', { errors: [{ message: CANARY }] }, 'errors'],
    ['failed clusters', { failedClusters: [CANARY] }, 'failedClusters'],
    ['omitted entries', { truncation: { omittedEntries: 499 } }, 'truncation'],
    ['a flag in another spelling', { is_truncated: true }, 'isTruncated'],
    ['a flag that is not set', { isComplete: false }, 'isComplete'],
  ])('(%s) is served with a warning', async (_title, more, field) => {
    const fixture = await startFixture(report([R], more));
    const shown = await fetchReport(fixture, `rows { nodes { totalCost } } ${WARNINGS}`);
    expect(shown).toEqual({
      rows: { nodes: [{ totalCost: 10 }] },
      warnings: [
        {
          code: 'PARTIAL_ANSWER',
          message: `ScaleOps indicates in \`${field}\` that a part of the report is missing.`,
          count: 1,
          field,
        },
      ],
    });
  });

  test('has the warning for a cluster and a namespace, also for a missing one', async () => {
    const fixture = await startFixture(report([R], { failedClusters: ['c2'] }));
    const { data } = await fixture.send(
      '{ a: kubernetesCluster(name: "c1") { costs { totals { totalCost } warnings { code } } } ' +
        'b: kubernetesNamespace(clusterName: "c2", name: "x") { costs { totals { rowCount } warnings { code } } } }',
    );
    const warnings = expect.arrayContaining([{ code: 'PARTIAL_ANSWER' }]) as unknown;
    expect(data.a.costs).toEqual({ totals: { totalCost: 10 }, warnings });
    expect(data.b.costs).toEqual({ totals: { rowCount: 0 }, warnings });
  });
});

describe('labels', () => {
  test.each<[string, unknown]>([
    ['objects with a name', [{ name: 'team', value: 'a' }]],
    ['objects with capital letters', [{ Key: 'team', Value: 'a' }]],
    ['one text', 'team=a,env=prod'],
    ['a map with lists', { team: ['a', 'b'] }],
  ])('that are %s can be grouped by', async (_title, ownerLabels) => {
    const fixture = await startFixture(report([{ ...R, ownerLabels }]));
    const shown = await fetchReport(
      fixture,
      `breakdown(by: [{ label: "team" }]) { groups { keys { value } } } ${WARNINGS}`,
    );
    expect(shown).toEqual({ breakdown: { groups: [{ keys: [{ value: 'a' }] }] }, warnings: [] });
  });

  test('with a long value select their group in `where`', async () => {
    const value = 'v'.repeat(100_000);
    const annotations = [{ key: 'example.com/note', value }];
    const fixture = await startFixture(
      report([
        { ...R, annotations },
        { ...R, workloadName: 'x' },
      ]),
    );
    const by = { annotation: 'example.com/note' };
    const { data, errors } = await fixture.send(
      `query ($where: CostRowsWhere, $by: [CostDimensionInput!]!) { workloadCosts {
        breakdown(by: $by) { groups { keys { value } } } totals(where: $where) { rowCount }
      } }`,
      { by: [by], where: { dimensions: [{ by, values: [value] }] } },
    );
    expect(errors).toEqual([]);
    expect(data.workloadCosts.breakdown.groups).toContainEqual({ keys: [{ value }] });
    expect(data.workloadCosts.totals).toEqual({ rowCount: 1 });
  });

  test('in an unknown shape are omitted with a warning', async () => {
    const odd = { ...R, labels: { team: 'a' }, ownerLabels: [['team', CANARY]] };
    const fixture = await startFixture(report([odd, { ...odd, workloadName: 'x' }, { ...R, workloadName: 'y' }]));
    const shown = await fetchReport(fixture, `rows { nodes { ownerLabels { key } labels { value } } } ${WARNINGS}`);
    expect(shown.rows.nodes[0]).toEqual({ ownerLabels: [], labels: [{ value: 'a' }] });
    expect(shown.warnings).toEqual([
      {
        code: 'UNREADABLE_LABELS',
        message: '2 lists of ownerLabels could not be read completely. The rest is left out.',
        count: 2,
        field: 'ownerLabels',
      },
    ]);
  });
});

test('rows that are no objects are omitted with a warning', async () => {
  const fixture = await startFixture(report([null, R, 7, CANARY, [R]]));
  expect(await fetchReport(fixture, `totals { rowCount totalCost } ${WARNINGS}`)).toEqual({
    totals: { rowCount: 1, totalCost: 10 },
    warnings: [{ code: 'SKIPPED_ROW', message: '4 rows were not objects and are left out.', count: 4, field: null }],
  });
});

describe('a name of another type', () => {
  test('is null with a warning, in the report and in parts of it', async () => {
    const rows = [R, { ...R, namespace: ['ns1'], totalCost: 7 }, { ...R, clusterName: { name: 'c1' }, totalCost: 5 }];
    const fixture = await startFixture(report(rows));
    const warnings = [
      {
        code: 'UNREADABLE_NAME',
        message: 'At least one value of clusterName could not be read and is null.',
        count: 1,
        field: 'clusterName',
      },
      {
        code: 'UNREADABLE_NAME',
        message: 'At least one value of namespace could not be read and is null.',
        count: 1,
        field: 'namespace',
      },
    ];
    expect(await fetchReport(fixture, `totals { totalCost } ${WARNINGS}`)).toEqual({
      totals: { totalCost: 22 },
      warnings,
    });
    const { data } = await fixture.send(
      `{ kubernetesNamespace(clusterName: "c1", name: "ns1") { costs { totals { totalCost } ${WARNINGS} } } }`,
    );
    expect(data.kubernetesNamespace.costs.totals).toEqual({ totalCost: 10 });
    expect(data.kubernetesNamespace.costs.warnings).toEqual(warnings);
  });

  test('is converted when it is a number or a boolean', async () => {
    const fixture = await startFixture(report([{ ...R, clusterName: 7, namespace: true }]));
    expect(await fetchReport(fixture, `rows { nodes { clusterName namespace } } ${WARNINGS}`)).toEqual({
      rows: { nodes: [{ clusterName: '7', namespace: 'true' }] },
      warnings: [],
    });
  });
});

describe('a byte order mark', () => {
  test('is skipped before a report', async () => {
    const fixture = await startFixture(faults.closeDelimited(`\ufeff${JSON.stringify(report([R]))}`));
    expect(await fetchReport(fixture, `totals { totalCost } ${WARNINGS}`)).toEqual({
      totals: { totalCost: 10 },
      warnings: [],
    });
  });
});

describe('the window', () => {
  const windowOf = async (window: unknown, filter: string): Promise<{ window: object; warnings: object[] }> => {
    const fixture = await startFixture(report([], { window }));
    return (await fetchReport(fixture, 'window { startTime endTime } warnings { code }', filter)) as never;
  };
  const iso = (ms: number): string => new Date(ms).toISOString();
  const requested = { startTime: iso(NOW_MS - 7 * DAY_MS), endTime: iso(NOW_MS) };

  test.each([
    [{ startTime: NOW_MS - 7 * DAY_MS, endTime: NOW_MS }],
    [{ startTime: String(NOW_MS - 7 * DAY_MS), endTime: String(NOW_MS) }],
    [{ startTime: NOW_MS / 1_000 - 7 * 86_400, endTime: NOW_MS / 1_000 }],
  ])('%j is a time since the epoch', async (window) => {
    expect(await windowOf(window, 'last: "7d"')).toEqual({ window: requested, warnings: [] });
  });

  test.each([
    [undefined],
    [null],
    [{ startTime: '0001-01-01T00:00:00Z', endTime: '0001-01-01T00:00:00Z' }],
    [{ startTime: 0, endTime: 0 }],
    [{ startTime: CANARY, endTime: CANARY }],
  ])('%j is replaced by the requested one', async (window) => {
    expect(await windowOf(window, 'last: "7d"')).toEqual({ window: requested, warnings: [{ code: 'MISSING_WINDOW' }] });
  });

  test('is an error of the field `window` when neither the report nor the request has one', async () => {
    const fixture = await startFixture(report([R], { window: null }));
    const { data, errors } = await fixture.send('{ workloadCosts { warnings { code message } totals { totalCost } } }');
    const message =
      "ScaleOps' response has no readable period, and none was requested, so `window` is an error. Pass `last`.";
    expect([data.workloadCosts, errors]).toEqual([
      { warnings: [{ code: 'MISSING_WINDOW', message }], totals: { totalCost: 10 } },
      [],
    ]);
    const failed = await fixture.send('{ workloadCosts { window { startTime } } }');
    expect(failed.errors).toMatchObject([
      {
        path: ['workloadCosts', 'window'],
        message:
          'ScaleOps\' response has no period, and none was requested. Pass `last`, such as `last: "7d"`; or leave out ' +
          '`window` and comparisons to read the rest.',
      },
    ]);
    const { warnings } = (await fetchReport(fixture, WARNINGS)) as { warnings: { message: string }[] };
    expect(warnings.map((warning) => warning.message)).toEqual([
      "ScaleOps' response has no readable period. The requested period is shown instead.",
    ]);
  });

  test.each([
    ['7d', 0, 0, false],
    ['7d', 1, 1, false],
    ['7d', 2, 0, true],
    ['30d', 7, 0, false],
    ['30d', 8, 0, true],
    ['365d', 24, 0, false],
    ['365d', 25, 0, true],
    ['365d', 3 * 24, 0, true],
    ['1h', 1 / 12, 0, false],
    ['1h', 7 / 60, 0, true],
    // Whole days until the midnight before or after now, or a day earlier when ScaleOps lags.
    ['7d', -23, -23, false],
    ['7d', 24, 24, false],
    ['7d', -26, -26, false],
    ['7d', -27, -27, true],
    ['7d', 27, 27, true],
    ['7d', -365 * 24, -365 * 24, true],
    ['7d', 365 * 24, 365 * 24, true],
    ['1h', -3, -3, false],
    ['1h', -24, -24, true],
  ])(
    'of last: %s that begins %f and ends %f hours late has a mismatch: %s',
    async (last, startLate, endLate, isMismatch) => {
      const lengthMs = last === '1h' ? HOUR_MS : Number.parseInt(last) * DAY_MS;
      const window = {
        startTime: NOW_MS - lengthMs + startLate * HOUR_MS,
        endTime: NOW_MS + endLate * HOUR_MS,
      };
      const { warnings, ...shown } = await windowOf(window, `last: "${last}"`);
      expect(warnings).toEqual(isMismatch ? [{ code: 'WINDOW_MISMATCH' }] : []);
      expect(shown.window).toEqual({ startTime: iso(window.startTime), endTime: iso(window.endTime) });
    },
  );

  test.each([
    ['', '(filter: { timeRange: { last: "7d" } })'],
    ['(filter: { timeRange: { last: "7d" } })', ''],
  ])('of 30 days is a mismatch for the last 7 days, requested as %j and then as %j', async (...filters) => {
    const fixture = await startFixture(report([], { window: { startTime: NOW_MS - 30 * DAY_MS, endTime: NOW_MS } }));
    for (const filter of filters) {
      const { data } = await fixture.send(`{ aggregatedCosts${filter} { warnings { code } } }`);
      expect(data.aggregatedCosts.warnings).toEqual([{ code: 'WINDOW_MISMATCH' }]);
    }
    expect(fixture.upstream.requests).toHaveLength(1);
  });

  test('of any period is no mismatch when no period was requested', async () => {
    expect(await windowOf(WINDOW_OF_2020, '')).toMatchObject({ warnings: [] });
  });

  test.each([
    [60_000, -60_000, []],
    [60_001, 0, [{ code: 'WINDOW_MISMATCH' }]],
    [0, -60_001, [{ code: 'WINDOW_MISMATCH' }]],
  ])(
    'is compared with the requested one when it begins %i and ends %i ms late',
    async (startLate, endLate, warnings) => {
      const [from, to] = [NOW_MS - 3 * DAY_MS, NOW_MS - DAY_MS];
      const fixture = await startFixture(
        report([], { window: { startTime: from + startLate, endTime: to + endLate } }),
      );
      const { data } = await fixture.send(
        `{ aggregatedCosts(filter: { timeRange: { between: { from: "${iso(from)}", to: "${iso(to)}" } } }) { warnings { code } } }`,
      );
      expect(data.aggregatedCosts.warnings).toEqual(warnings);
    },
  );
});

describe('a workload with two rows', () => {
  const twice = [
    { ...R, totalCost: 10, onDemandHours: 3, spotHours: 0, onDemandPercent: 100, replicas: 2 },
    { ...R, workloadType: 'deployment', totalCost: 5, onDemandHours: 0, spotHours: 1, spotPercent: 100, replicas: 0.1 },
  ];
  const other = { ...R, workloadName: 'x', totalCost: 15 };

  test('has their sum as an entity and in a breakdown, and a warning', async () => {
    const fixture = await startFixture(report([...twice, other]));
    const shown = await fetchReport(
      fixture,
      `rows { nodes { id totalCost } } breakdown(by: [{ field: WORKLOAD_NAME }]) { groups { totals { totalCost } } } ${WARNINGS}`,
    );
    const { data } = await fixture.send(
      `{ kubernetesWorkload(clusterName: "C1", namespace: "ns1", type: "DEPLOYMENT", name: "w") { cost(last: "7d") {
        id workloadType totalCost onDemandHours spotHours onDemandPercent spotPercent replicas savingsAvailable share hourlyCost
      } } }`,
    );
    const { id, ...cost } = data.kubernetesWorkload.cost;
    expect(cost).toEqual({
      workloadType: 'Deployment',
      ...{ totalCost: 15, onDemandHours: 3, spotHours: 1, onDemandPercent: 75, spotPercent: 25, replicas: 2.1 },
      ...{ savingsAvailable: null, share: 0.5, hourlyCost: null },
    });
    expect(shown.breakdown.groups).toEqual([{ totals: { totalCost: 15 } }, { totals: { totalCost: 15 } }]);
    expect(shown.warnings).toMatchObject([{ code: 'DUPLICATE_ROW', count: 1, field: null }]);
    // No row equals the sum.
    const nodes = shown.rows.nodes as { totalCost: number; id: string }[];
    expect(nodes.map(({ totalCost }) => totalCost)).toEqual([10, 5, 15]);
    expect(nodes.map((node) => node.id)).not.toContain(id);
  });

  test('has the same sum, name and id in any order of its rows', async () => {
    const costs: unknown[] = [];
    for (const rows of [twice, twice.toReversed()]) {
      const fixture = await startFixture(report([...rows.map((row, at) => ({ ...row, services: [`s${at}`] })), other]));
      const { data } = await fixture.send(
        '{ kubernetesWorkload(clusterName: "c1", namespace: "ns1", type: "Deployment", name: "w") { cost { id workloadType totalCost } } }',
      );
      costs.push(data.kubernetesWorkload.cost);
    }
    expect(costs[0]).toMatchObject({ workloadType: 'Deployment', totalCost: 15 });
    expect(costs[1]).toEqual(costs[0]);
  });

  test.each(['NaN', null, ''])('has no cost when the cost of one row is %j', async (totalCost) => {
    const [first, second] = twice as [object, object];
    const odd = { ...second, totalCost, spotHours: 'x', amountOfWorkloads: 1 };
    const fixture = await startFixture(report([first, odd, other]));
    const { data } = await fixture.send(
      `{ kubernetesWorkload(clusterName: "c1", namespace: "ns1", type: "Deployment", name: "w") { cost {
        totalCost share spotHours spotPercent onDemandPercent onDemandHours replicas amountOfWorkloads
      } } }`,
    );
    expect(data.kubernetesWorkload.cost).toEqual({
      ...{ totalCost: null, share: null, spotHours: null, spotPercent: null, onDemandPercent: null },
      ...{ onDemandHours: 3, replicas: 2.1, amountOfWorkloads: null },
    });
  });

  test('causes no warning in an aggregated report, whose rows are groups', async () => {
    const fixture = await startFixture(report(twice));
    const { data } = await fixture.send('{ aggregatedCosts { warnings { code } } }');
    expect(data.aggregatedCosts.warnings).toEqual([]);
  });
});

describe('a caller with permissions for one namespace', () => {
  test('sees warnings about visible rows and the whole report, and no count of hidden rows', async () => {
    const upstream = await startFaultServer();
    const rows = [
      { ...R, totalCost: 'x', hourlyCost: 'x' },
      { ...R, workloadName: 'x', namespace: 'hidden', totalCost: 'x', replicas: 'x', labels: 7 },
      { ...R, workloadName: 'y', namespace: 'hidden' },
      { ...R, workloadName: 'y', namespace: 'hidden' },
      ...[null, null, null],
      ...[1, 2].map((totalCost) => ({ ...R, namespace: ['hidden'], totalCost })),
    ];
    for (const path of [WORKLOADS, AGGREGATED]) upstream.respond(path, faults.json(report(rows, { error: CANARY })));
    const gateway = startRestrictedGateway({
      url: upstream.url,
      permissions: { callers: { ann: [{ clusters: ['c1'], namespaces: ['ns1'] }], all: 'all' } },
      callers: ['ann', 'all'],
      clock: createIdleClock(NOW_MS),
    });
    onTestFinished(async () => {
      await gateway[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    });
    const query = '{ workloadCosts(filter: { last: "7d" }) { warnings { code count field message } } }';
    const counts = async (caller: string) => {
      const { data, text } = await gateway.sendAs(caller, query);
      expect(text).not.toMatch(/hidden|canary/);
      const warnings = data.workloadCosts.warnings as { code: string; field: string | null; count: number }[];
      return warnings.map(({ code, field, count }) => [code, field, count]);
    };
    expect(await counts('ann')).toEqual([
      ['PARTIAL_ANSWER', 'error', 1],
      ['SKIPPED_ROW', null, 1],
      ['UNREADABLE_NAME', 'namespace', 1],
      ['UNREADABLE_NUMBER', 'totalCost', 1],
      ['UNREADABLE_NUMBER', 'hourlyCost', 1],
    ]);
    expect(await counts('all')).toEqual([
      ['PARTIAL_ANSWER', 'error', 1],
      ['SKIPPED_ROW', null, 3],
      ['DUPLICATE_ROW', null, 1],
      ['UNREADABLE_NAME', 'namespace', 2],
      ['UNREADABLE_NUMBER', 'totalCost', 2],
      ['UNREADABLE_NUMBER', 'hourlyCost', 1],
      ['UNREADABLE_NUMBER', 'replicas', 1],
      ['UNREADABLE_LABELS', 'labels', 1],
    ]);
  });
});

describe('an aggregated report of a caller with permissions for one namespace', () => {
  const send = async (rows: readonly object[], fields: string): Promise<any> => {
    const upstream = await startFaultServer();
    upstream.respond(AGGREGATED, faults.json(report(rows)));
    const gateway = startRestrictedGateway({
      url: upstream.url,
      permissions: { callers: { ann: [{ clusters: ['c1', 'c2'], namespaces: ['ns1'] }] } },
      callers: ['ann'],
      clock: createIdleClock(NOW_MS),
    });
    onTestFinished(async () => {
      await gateway[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    });
    const { data, errors } = await gateway.sendAs(
      'ann',
      `{ aggregatedCosts(filter: { groupBy: { labels: ["team"] } }) { ${fields} } }`,
    );
    expect(errors).toEqual([]);
    return data.aggregatedCosts;
  };
  const row = (value: string, totalCost: unknown, more: object = {}) => ({
    ...{ id: '', clusterName: 'c1', namespace: 'ns1', ownerLabels: [{ key: 'team', value }], totalCost },
    ...more,
  });

  test("has a row for each value of a label among the owner's labels", async () => {
    const shown = await send(
      [
        row('a', 10),
        row('b', 9),
        row('c', 8),
        row('a', 1, { clusterName: 'c2' }),
        row('a', 5, { namespace: 'hidden' }),
      ],
      `rows { nodes { label(key: "team") totalCost } } totals(where: { dimensions: [{ by: { label: "team" }, values: ["b"] }] }) { totalCost }
       breakdown(by: [{ label: "team" }]) { groups { keys { value } totals { totalCost } } }`,
    );
    expect(shown.rows.nodes).toEqual([
      { label: 'a', totalCost: 11 },
      { label: 'b', totalCost: 9 },
      { label: 'c', totalCost: 8 },
    ]);
    expect(shown.totals).toEqual({ totalCost: 9 });
    expect(shown.breakdown.groups).toEqual([
      { keys: [{ value: 'a' }], totals: { totalCost: 11 } },
      { keys: [{ value: 'b' }], totals: { totalCost: 9 } },
      { keys: [{ value: 'c' }], totals: { totalCost: 8 } },
    ]);
  });

  test.each([null, '', undefined])('counts a visible row with the cost %j', async (totalCost) => {
    const hidden = row('a', null, { namespace: 'hidden' });
    const shown = await send(
      [row('a', 10), row('a', totalCost, { clusterName: 'c2' }), hidden],
      'warnings { code } totals { totalCost rowsWithoutCost } breakdown(by: [{ label: "team" }]) { groups { totals { rowsWithoutCost } } }',
    );
    expect(shown).toEqual({
      warnings: [],
      totals: { totalCost: 10, rowsWithoutCost: 1 },
      breakdown: { groups: [{ totals: { rowsWithoutCost: 1 } }] },
    });
  });
});

test('a report with a problem in every row has one warning per code and field', async () => {
  const odd = Object.fromEntries(
    ['totalCost', 'hourlyCost', 'replicas', 'labels', 'ownerLabels'].map((key) => [key, 5e9]),
  );
  const rows = Array.from({ length: 5_000 }, () => [{ ...R, ...odd, totalCost: 'x' }, null]).flat();
  const fixture = await startFixture(report(rows, { failures: [1], hasMore: true }), { SCALEOPS_MAX_RESPONSE_MB: '8' });
  expect(await codesIn(fixture)).toEqual([
    ...['PARTIAL_ANSWER', 'PARTIAL_ANSWER', 'SKIPPED_ROW', 'DUPLICATE_ROW'],
    ...['UNREADABLE_NUMBER', 'UNREADABLE_LABELS', 'UNREADABLE_LABELS'],
  ]);
});
