// The simulator over HTTP. `send` checks every request and response against the contract, so each test also shows that
// the simulator follows schema/scaleops.openapi.yaml.

import { readdirSync, readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ReceivedRequest } from '../../src/simulator/received-request.js';
import { createSimulator, type Simulator, type SimulatorOptions } from '../../src/simulator/simulator.js';
import { assertUpstreamRequest, assertUpstreamResponse, upstreamContract } from '../kit/formats/openapi.js';
import { createDeferred } from '../kit/time/deferred.js';

const WORKLOADS = '/detailedCostReport/getWorkloads';
const AGGREGATED = '/detailedCostReport/getAggregatedWorkloads';
const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2026, 10, 20, 12, 30, 0);

interface Label {
  key: string;
  value: string;
}
interface Row {
  id: string;
  clusterName: string;
  namespace: string;
  workloadName: string;
  workloadType: string;
  labels: Label[] | null;
  annotations: Label[] | null;
  ownerLabels: Label[] | null;
  services: string[] | null;
  amountOfWorkloads: number;
  totalCost: number;
  hourlyCost: number;
  savingsAvailable: number;
  savingsAvailableWithReplicas: number;
  onDemandHours: number;
  onDemandPercent: number;
  spotHours: number;
  spotPercent: number;
  ownerCpuRequest: number;
  ownerGpuRequest: number;
  ownerMemoryRequest: number;
  replicas: number;
}
interface Report {
  aggregatedWorkloads: Row[] | null;
  clusters: string[] | null;
  window: { startTime: string; endTime: string };
}

/** The smallest unit of each summable field. Sums are compared exactly, as whole numbers of this unit. */
const UNITS_A_WHOLE = {
  amountOfWorkloads: 1,
  totalCost: 1e6,
  hourlyCost: 1e6,
  savingsAvailable: 1e6,
  savingsAvailableWithReplicas: 1e6,
  onDemandHours: 1e3,
  spotHours: 1e3,
  ownerCpuRequest: 1,
  ownerGpuRequest: 1e3,
  ownerMemoryRequest: 1,
  replicas: 1e3,
};
type Sums = Record<keyof typeof UNITS_A_WHOLE, number>;

function sumsOf(rows: Row[]): Sums {
  const fields = Object.entries(UNITS_A_WHOLE) as [keyof Sums, number][];
  return Object.fromEntries(
    fields.map(([field, units]) => [field, rows.reduce((sum, row) => sum + Math.round(row[field] * units), 0)]),
  ) as Sums;
}

function groupSums(rows: Row[], keyOf: (row: Row) => string): Record<string, Sums> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) groups.set(keyOf(row), [...(groups.get(keyOf(row)) ?? []), row]);
  return Object.fromEntries([...groups].map(([key, members]) => [key, sumsOf(members)]));
}

function labelOf(labels: Label[] | null, key: string): string {
  return labels?.find((label) => label.key === key)?.value ?? '';
}

const started: Simulator[] = [];

async function start(options: SimulatorOptions = {}): Promise<{ simulator: Simulator; url: string }> {
  const simulator = createSimulator({ now: () => NOW_MS, ...options });
  started.push(simulator);
  return { simulator, url: await simulator.listen() };
}

afterEach(async () => {
  await Promise.all(started.splice(0).map((simulator) => simulator.close()));
});

let shared: Simulator;
let sharedUrl: string;
beforeAll(async () => {
  shared = createSimulator({ now: () => NOW_MS });
  sharedUrl = await shared.listen();
});
afterAll(() => shared.close());

function post(path: string, body: unknown, query = '', headers: Record<string, string> = {}, url = sharedUrl) {
  return fetch(`${url}${path}?${query}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${shared.token}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
    redirect: 'manual',
  });
}

async function send(path: string, body: object = {}, query = '', from?: { simulator: Simulator; url: string }) {
  assertUpstreamRequest({ method: 'POST', path, query: new URLSearchParams(query), body });
  const authorization = `Bearer ${(from?.simulator ?? shared).token}`;
  const response = await post(path, body, query, { authorization }, from?.url);
  const report: unknown = await response.json();
  assertUpstreamResponse(path, response.status, report);
  expect(response.status, JSON.stringify(report).slice(0, 200)).toBe(200);
  return report as Report;
}

/** Rows of the whole fleet. */
async function workloads(body: object = {}, query = ''): Promise<Row[]> {
  return (await send(WORKLOADS, body, `multiCluster=true&${query}`)).aggregatedWorkloads ?? [];
}

async function aggregated(body: object = {}): Promise<Row[]> {
  return (await send(AGGREGATED, { multiCluster: true, ...body })).aggregatedWorkloads ?? [];
}

function idsOf(rows: Row[]): string[] {
  return rows.map((row) => row.id).sort();
}

describe('the fleet', () => {
  it('is the same for the same size, and different for another size', async () => {
    const [one, same, other] = await Promise.all([
      start({ workloads: 200 }),
      start({ workloads: 200 }),
      start({ workloads: 201 }),
    ]);
    const reports = await Promise.all([one, same, other].map((from) => send(WORKLOADS, {}, 'multiCluster=true', from)));
    expect(reports[1]).toEqual(reports[0]);
    expect(reports[2]!.aggregatedWorkloads!.slice(0, 50)).not.toEqual(reports[0]!.aggregatedWorkloads!.slice(0, 50));
  });

  it.each([50, 1000, 3001, 100_000])('has exactly %i workloads, each with a unique id', async (size) => {
    const from = await start({ workloads: size });
    const response = await post(
      WORKLOADS,
      {},
      'multiCluster=true',
      { authorization: `Bearer ${from.simulator.token}` },
      from.url,
    );
    const { aggregatedWorkloads, clusters } = (await response.json()) as Report;
    expect(aggregatedWorkloads).toHaveLength(size);
    expect(new Set(aggregatedWorkloads!.map((row) => row.id.toLowerCase())).size).toBe(size);
    expect(new Set(aggregatedWorkloads!.map((row) => row.clusterName))).toEqual(new Set(clusters));
    expect(clusters).toHaveLength({ 50: 3, 1000: 6, 3001: 12, 100_000: 100 }[size]!);
  });

  it.each([49, 100_001, 1000.5, Number.NaN])('cannot have %d workloads', (size) => {
    expect(() => createSimulator({ workloads: size })).toThrow(RangeError);
  });

  it.each([50, 1000])('has workloads of every kind at a size of %i', async (size) => {
    const { aggregatedWorkloads } = await send(WORKLOADS, {}, 'multiCluster=true', await start({ workloads: size }));
    const rows = aggregatedWorkloads!;
    const count = (test: (row: Row) => boolean) => rows.filter(test).length;
    expect(new Set(rows.map((row) => row.workloadType)).size).toBeGreaterThanOrEqual(6);
    expect(count((row) => row.savingsAvailable < 0)).toBeGreaterThan(0);
    expect(count((row) => row.savingsAvailable === 0)).toBeGreaterThan(0);
    expect(count((row) => row.ownerGpuRequest > 0)).toBeGreaterThan(0);
    expect(count((row) => row.ownerLabels === null)).toBeGreaterThan(0);
    expect(count((row) => row.ownerLabels !== null && labelOf(row.ownerLabels, 'team') === '')).toBeGreaterThan(0);
    expect(count((row) => row.services === null)).toBeGreaterThan(0);
    expect(count((row) => row.spotPercent > 0 && row.spotPercent < 100)).toBeGreaterThan(0);
    expect(count((row) => row.totalCost <= 0 || !Number.isFinite(row.totalCost))).toBe(0);
  });

  it('has the same rows in each call', async () => {
    expect(await workloads()).toEqual(await workloads());
  });
});

describe('a row', () => {
  it('of a workload has its names, and null for empty lists', async () => {
    const rows = await workloads();
    for (const row of rows) {
      expect(row).toMatchObject({ amountOfWorkloads: 1, labels: null, annotations: null });
      expect([row.clusterName, row.namespace, row.workloadType, row.workloadName].join('/')).toBe(row.id);
      expect(row.ownerLabels).not.toEqual([]);
      expect(row.services).not.toEqual([]);
    }
  });

  it('has percentages that match its hours, and an hourly cost that matches its total', async () => {
    for (const row of [...(await workloads()), ...(await aggregated({ groupByCluster: true }))]) {
      const hours = row.onDemandHours + row.spotHours;
      expect(row.onDemandPercent).toBeCloseTo((100 * row.onDemandHours) / hours, 9);
      expect(row.spotPercent).toBeCloseTo((100 * row.spotHours) / hours, 9);
      expect(Math.abs(row.hourlyCost - row.totalCost / 168)).toBeLessThan(1e-6 * row.amountOfWorkloads);
    }
  });

  it('of a group has only the names that it is grouped by', async () => {
    const names = { clusterName: '', namespace: '', workloadName: '', workloadType: '' };
    const lists = { labels: null, annotations: null, ownerLabels: null, services: null };
    expect(await aggregated()).toEqual([
      expect.objectContaining({ id: 'all', ...names, ...lists, amountOfWorkloads: 1000 }),
    ]);
  });
});

describe('an aggregated row is exactly the sum of its workloads', () => {
  it('without grouping', async () => {
    const rows = await aggregated();
    expect(rows).toHaveLength(1);
    expect(sumsOf(rows)).toEqual(sumsOf(await workloads()));
  });

  it('by cluster', async () => {
    const rows = await aggregated({ groupByCluster: true });
    expect(rows).toHaveLength(6);
    expect(groupSums(rows, (row) => row.clusterName)).toEqual(groupSums(await workloads(), (row) => row.clusterName));
    expect(new Set(rows.map((row) => row.namespace))).toEqual(new Set(['']));
  });

  it.each([{ groupByNamespace: true }, { groupByNamespace: true, groupByCluster: true }])(
    'by namespace within each cluster: %o',
    async (grouping) => {
      const keyOf = (row: Row) => `${row.clusterName}/${row.namespace}`;
      const rows = await aggregated(grouping);
      const expected = groupSums(await workloads(), keyOf);
      expect(rows).toHaveLength(Object.keys(expected).length);
      expect(groupSums(rows, keyOf)).toEqual(expected);
    },
  );

  it('by labels, with an empty value for workloads without the label', async () => {
    const rows = await aggregated({ groupByLabels: ['team', 'env', 'team'] });
    const expected = groupSums(await workloads(), (row) =>
      ['team', 'env'].map((key) => labelOf(row.ownerLabels, key)).join(),
    );
    expect(Object.keys(expected)).toEqual(expect.arrayContaining([',', ',production', 'payments,staging']));
    expect(rows).toHaveLength(Object.keys(expected).length);
    expect(groupSums(rows, (row) => row.labels!.map((label) => label.value).join())).toEqual(expected);
    expect(new Set(rows.map((row) => row.labels!.map((label) => label.key).join()))).toEqual(new Set(['team,env']));
    expect(new Set(rows.map((row) => row.annotations))).toEqual(new Set([null]));
  });

  it('by annotations', async () => {
    const rows = await aggregated({ groupByAnnotations: ['owner'] });
    const expected: Record<string, Sums> = {};
    const values = rows.map((row) => row.annotations![0]!.value);
    const owners = values.filter((value) => value !== '');
    for (const owner of owners) expected[owner] = sumsOf(await workloads({ annotations: [`owner=${owner}`] }));
    const annotations = owners.map((owner) => `owner=${owner}`);
    expected[''] = sumsOf(await workloads({ annotations, isAnnotationExclude: true }));
    expect(owners.length).toBeGreaterThan(5);
    expect(groupSums(rows, (row) => row.annotations![0]!.value)).toEqual(expected);
    expect(rows).toHaveLength(values.length);
  });

  it('by everything at once', async () => {
    const everything = {
      groupByCluster: true,
      groupByNamespace: true,
      groupByLabels: ['team'],
      groupByAnnotations: ['owner'],
    };
    const rows = await aggregated(everything);
    const keyOf = (row: Row) => `${row.clusterName}/${row.namespace}/${labelOf(row.labels ?? row.ownerLabels, 'team')}`;
    expect(groupSums(rows, keyOf)).toEqual(groupSums(await workloads(), keyOf));
    const ofOwner = rows.filter((row) => row.annotations![0]!.value !== '');
    const [group] = ofOwner;
    const members = await workloads({
      clusterFilters: [group!.clusterName],
      namespaces: [group!.namespace],
      annotations: [`owner=${group!.annotations![0]!.value}`],
    });
    const team = group!.labels![0]!.value;
    expect(sumsOf([group!])).toEqual(sumsOf(members.filter((row) => labelOf(row.ownerLabels, 'team') === team)));
    expect(new Set(rows.map((row) => row.id)).size).toBe(rows.length);
  });

  it('of GPU workloads only', async () => {
    const rows = await aggregated({ gpuWorkloadsOnly: true, groupByNamespace: true });
    const gpuRows = (await workloads()).filter((row) => row.ownerGpuRequest > 0);
    expect(gpuRows.length).toBeGreaterThan(10);
    expect(groupSums(rows, (row) => `${row.clusterName}/${row.namespace}`)).toEqual(
      groupSums(gpuRows, (row) => `${row.clusterName}/${row.namespace}`),
    );
  });
});

describe('the filters of the workload report', () => {
  const cases: [field: string, exclude: string, names: string[], nameOf: (row: Row) => string][] = [
    ['clusterFilters', 'isClusterExclude', ['ml-us-west-2', 'prod-us-east-1'], (row) => row.clusterName],
    ['namespaces', 'isNamespaceExclude', ['payments', 'kube-system'], (row) => row.namespace],
    ['workloadTypes', 'isWorkloadTypeExclude', ['StatefulSet', 'CronJob'], (row) => row.workloadType],
  ];

  it.each(cases)('%s keep any of the names, or exclude them with %s', async (field, exclude, names, nameOf) => {
    const rows = await workloads();
    const kept = rows.filter((row) => names.includes(nameOf(row)));
    const left = rows.filter((row) => !names.includes(nameOf(row)));
    expect(new Set(kept.map(nameOf)).size).toBe(2);
    expect(await workloads({ [field]: names })).toEqual(kept);
    expect(await workloads({ [field]: names, [exclude]: true })).toEqual(left);
    expect(await workloads({ [field]: [], [exclude]: true })).toEqual(rows);
    expect(await workloads({ [field]: ['nobody-is-called-so'] })).toEqual([]);
    const query = new URLSearchParams([...names.map((name) => [field, name]), [exclude, 'true']]);
    expect(await workloads({}, query.toString())).toEqual(left);
  });

  it('labels match any or all of the owner labels, or exclude the matches', async () => {
    const rows = await workloads();
    const isPayments = (row: Row) => labelOf(row.ownerLabels, 'team') === 'payments';
    const isStaging = (row: Row) => labelOf(row.ownerLabels, 'env') === 'staging';
    const labels = ['team=payments', 'env=staging'];
    const any = rows.filter((row) => isPayments(row) || isStaging(row));
    const all = rows.filter((row) => isPayments(row) && isStaging(row));
    expect(all.length).toBeGreaterThan(0);
    expect(any.length).toBeGreaterThan(all.length);
    expect(await workloads({ labels })).toEqual(any);
    expect(await workloads({ labels, logicalLabel: 'OR' })).toEqual(any);
    expect(await workloads({ labels, logicalLabel: 'AND' })).toEqual(all);
    expect(await workloads({ labels, isLabelExclude: true })).toEqual(rows.filter((row) => !any.includes(row)));
    expect(await workloads({ labels, logicalLabel: 'AND', isLabelExclude: true })).toEqual(
      rows.filter((row) => !all.includes(row)),
    );
    expect(await workloads({ labels: [], isLabelExclude: true })).toEqual(rows);
    expect(await workloads({}, 'labels=team%3Dpayments&labels=env%3Dstaging&logicalLabel=AND')).toEqual(all);
  });

  it('annotations match any or all, or exclude the matches', async () => {
    const [scraped, owned] = await Promise.all([
      workloads({ annotations: ['prometheus.io/scrape=true'] }).then(idsOf),
      workloads({ annotations: ['owner=payments@example.com'] }).then(idsOf),
    ]);
    const all = idsOf(await workloads());
    const both = owned.filter((id) => scraped.includes(id));
    const either = all.filter((id) => owned.includes(id) || scraped.includes(id));
    expect(both.length).toBeGreaterThan(0);
    expect(both.length).toBeLessThan(owned.length);
    const annotations = ['prometheus.io/scrape=true', 'owner=payments@example.com'];
    expect(idsOf(await workloads({ annotations }))).toEqual(either);
    expect(idsOf(await workloads({ annotations, logicalAnnotation: 'AND' }))).toEqual(both);
    expect(idsOf(await workloads({ annotations, isAnnotationExclude: true }))).toEqual(
      all.filter((id) => !either.includes(id)),
    );
    expect(idsOf(await workloads({ annotations, logicalAnnotation: 'AND', isAnnotationExclude: true }))).toEqual(
      all.filter((id) => !both.includes(id)),
    );
  });

  it('split a label at its first "=" and compare both parts exactly', async () => {
    const runbooks = await aggregated({ groupByAnnotations: ['runbook'] });
    const { value } = runbooks.map((row) => row.annotations![0]!).find((label) => label.value !== '')!;
    const found = await workloads({ annotations: [`runbook=${value}`] });
    expect(value).toMatch(/^https:.*=/);
    expect(sumsOf(found)).toEqual(sumsOf(runbooks.filter((row) => row.annotations![0]!.value === value)));
    expect(await workloads({ labels: ['team=payments=x'] })).toEqual([]);
    expect(await workloads({ labels: ['team='] })).toEqual([]);
    expect(await workloads({ labels: ['tea=payments'] })).toEqual([]);
    expect(await workloads({ labels: ['__proto__=x', 'constructor=x'] })).toEqual([]);
  });

  it('must all match, and the body takes precedence over the query string', async () => {
    const rows = await workloads();
    const both = rows.filter((row) => row.namespace === 'payments' && row.workloadType === 'Deployment');
    expect(both.length).toBeGreaterThan(0);
    expect(await workloads({ namespaces: ['payments'] }, 'workloadTypes=Deployment&namespaces=orders')).toEqual(both);
    expect(await workloads({}, 'namespaces=')).toEqual(rows);
  });

  it('shouldIgnoreWorkloads omits workloads that are marked as ignored, in both reports', async () => {
    const marked = await workloads({ annotations: ['scaleops.sh/ignored=true'] });
    const others = (await workloads()).filter((row) => !marked.some(({ id }) => id === row.id));
    expect(marked.length).toBeGreaterThan(0);
    expect(await workloads({ shouldIgnoreWorkloads: true })).toEqual(others);
    expect(sumsOf(await aggregated({ shouldIgnoreWorkloads: true }))).toEqual(sumsOf(others));
  });
});

describe('the filters of the aggregated report', () => {
  it('clusters keep any of the names', async () => {
    const names = ['ml-us-west-2', 'staging-eu-west-1'];
    const { aggregatedWorkloads, clusters } = await send(AGGREGATED, { multiCluster: true, clusters: names });
    expect(clusters).toEqual(names);
    expect(sumsOf(aggregatedWorkloads!)).toEqual(sumsOf(await workloads({ clusterFilters: names })));
  });

  it('tags keep the workloads behind a service', async () => {
    const served = (await workloads()).filter((row) => row.services?.includes('cart-api'));
    expect(served.length).toBeGreaterThan(0);
    expect(sumsOf(await aggregated({ tags: ['cart-api', 'nobody'] }))).toEqual(sumsOf(served));
  });

  it('have no rows and null lists when nothing matches', async () => {
    const { aggregatedWorkloads, clusters } = await send(AGGREGATED, { clusters: ['nowhere'], multiCluster: true });
    expect([aggregatedWorkloads, clusters]).toEqual([null, null]);
    const report = await send(WORKLOADS, { namespaces: ['nowhere'] });
    expect([report.aggregatedWorkloads, report.clusters]).toEqual([null, null]);
  });

  it('stepSize changes no sum', async () => {
    expect(await aggregated({ stepSize: 3600 })).toEqual(await aggregated({ stepSize: 0 }));
  });

  it('may be in the query string, and the body takes precedence', async () => {
    const query = `groupByCluster=true&multiCluster=true&clusters=ml-us-west-2&clusters=prod-us-east-1&gpuWorkloadsOnly=true`;
    const fromQuery = await send(AGGREGATED, {}, query);
    const body = { groupByCluster: true, multiCluster: true, gpuWorkloadsOnly: true };
    expect(fromQuery).toEqual(await send(AGGREGATED, { ...body, clusters: ['ml-us-west-2', 'prod-us-east-1'] }));
    expect(fromQuery.aggregatedWorkloads).toHaveLength(2);
    const overridden = await send(AGGREGATED, { clusters: ['ml-us-west-2'] }, query);
    expect(overridden.clusters).toEqual(['ml-us-west-2']);
  });
});

describe('multiCluster', () => {
  it.each([WORKLOADS, AGGREGATED])('is required to see more than the own cluster: %s', async (path) => {
    const fleet = await send(path, {}, 'multiCluster=true');
    expect(fleet.clusters).toHaveLength(6);
    for (const query of ['', 'multiCluster=false']) {
      const own = await send(path, {}, query);
      expect(own.clusters).toEqual(['prod-us-east-1']);
      const count = own.aggregatedWorkloads!.reduce((sum, row) => sum + row.amountOfWorkloads, 0);
      expect(count).toBe((await workloads({ clusterFilters: ['prod-us-east-1'] })).length);
    }
  });

  it('is required to name another cluster', async () => {
    expect((await send(WORKLOADS, { clusterFilters: ['ml-us-west-2'] })).aggregatedWorkloads).toBeNull();
    expect((await send(AGGREGATED, { clusters: ['ml-us-west-2'] })).aggregatedWorkloads).toBeNull();
  });
});

describe('the window', () => {
  it('is the last seven days by default, without a zone', async () => {
    const window = { startTime: '2026-11-13T12:30:00', endTime: '2026-11-20T12:30:00' };
    expect((await send(WORKLOADS)).window).toEqual(window);
    expect((await send(AGGREGATED)).window).toEqual(window);
  });

  it.each([
    ['90m', '2026-11-20T11:00:00'],
    ['36h', '2026-11-19T00:30:00'],
    ['30d', '2026-10-21T12:30:00'],
    ['2w', '2026-11-06T12:30:00'],
  ])('range %s starts at %s in both reports', async (range, startTime) => {
    expect((await send(WORKLOADS, {}, `range=${range}`)).window.startTime).toBe(startTime);
    expect((await send(AGGREGATED, { range })).window.startTime).toBe(startTime);
    expect((await send(AGGREGATED, {}, `range=${range}`)).window.startTime).toBe(startTime);
  });

  it('from and to mean the same as the range that they span, and take precedence over it', async () => {
    const span = { from: NOW_MS - 14 * DAY_MS, to: NOW_MS };
    const byRange = await send(AGGREGATED, { groupByNamespace: true, range: '14d' });
    expect(await send(AGGREGATED, { groupByNamespace: true, ...span })).toEqual(byRange);
    expect(await send(AGGREGATED, { groupByNamespace: true, ...span, range: '1h' })).toEqual(byRange);
    expect(await send(AGGREGATED, { groupByNamespace: true, from: span.from })).toEqual(byRange);
    expect(await send(AGGREGATED, { groupByNamespace: true, to: span.to, range: '14d' })).toEqual(byRange);
    expect(await send(AGGREGATED, { groupByNamespace: true }, `from=${span.from}&to=${span.to}`)).toEqual(byRange);
  });

  it('costs more when it is longer, for every workload without an event', async () => {
    const [week, fortnight] = await Promise.all([workloads(), workloads({}, 'range=14d')]);
    const eventful = ['search', 'ml-training', 'payments'];
    const whenIdle = week.filter((row) => !eventful.includes(row.namespace));
    for (const row of whenIdle) {
      const longer = fortnight.find(({ id }) => id === row.id)!;
      const ratio = longer.totalCost / row.totalCost;
      expect(ratio).toBeGreaterThan(1.8);
      expect(ratio).toBeLessThan(2.2);
      if (row.workloadType !== 'StatefulSet' && row.workloadType !== 'DaemonSet') continue;
      expect(longer).toMatchObject({ ownerCpuRequest: row.ownerCpuRequest, replicas: row.replicas });
    }
    expect(whenIdle.length).toBeGreaterThan(700);
  });

  it.each([
    ['within a day', Date.UTC(2026, 10, 3, 1), Date.UTC(2026, 10, 3, 7, 13), Date.UTC(2026, 10, 3, 23)],
    ['over days', Date.UTC(2026, 10, 1, 18), Date.UTC(2026, 10, 3, 7, 13), Date.UTC(2026, 10, 20, 2)],
    ['over years', Date.UTC(2021, 3, 1, 18), Date.UTC(2023, 0, 3, 7, 13), Date.UTC(2026, 10, 20, 2)],
  ])('costs the sum of its two parts: %s', async (_, from, middle, to) => {
    const [whole, first, second] = await Promise.all([
      aggregated({ groupByCluster: true, from, to }),
      aggregated({ groupByCluster: true, from, to: middle }),
      aggregated({ groupByCluster: true, from: middle, to }),
    ]);
    for (const [index, row] of whole.entries()) {
      const parts = sumsOf([first[index]!, second[index]!]);
      const { totalCost, onDemandHours, spotHours } = sumsOf([row]);
      expect([parts.totalCost, parts.onDemandHours, parts.spotHours]).toEqual([totalCost, onDemandHours, spotHours]);
      expect(first[index]!.totalCost).toBeGreaterThan(0);
      expect(second[index]!.totalCost).toBeGreaterThan(0);
    }
  });

  it('has half of the pod-hours of a day in half of the day, for workloads that always run', async () => {
    const from = Date.UTC(2026, 10, 3);
    const tags = ['customers-postgres', 'events-postgres', 'billing-postgres', 'orders-archive-postgres'];
    const [[day], [half]] = await Promise.all([
      aggregated({ from, to: from + DAY_MS, tags }),
      aggregated({ from, to: from + DAY_MS / 2, tags }),
    ]);
    expect(day!.onDemandHours).toBeGreaterThan(0);
    expect(half!.onDemandHours / day!.onDemandHours).toBeCloseTo(0.5, 4);
    expect(half!.totalCost / day!.totalCost).toBeCloseTo(0.5, 1);
  });

  it('costs a little more or less from day to day, different for each workload', async () => {
    const days = await Promise.all(
      [2, 3, 4, 5, 6].map((date) =>
        aggregated({ from: Date.UTC(2026, 10, date), to: Date.UTC(2026, 10, date + 1), groupByCluster: true }),
      ),
    );
    const costs = days.map((rows) => rows.map((row) => row.totalCost));
    for (const index of costs[0]!.keys()) {
      const ofCluster = costs.map((day) => day[index]!);
      expect(new Set(ofCluster).size).toBe(5);
      expect(Math.max(...ofCluster) / Math.min(...ofCluster)).toBeLessThan(1.2);
    }
    const ratios = costs[0]!.map((cost, index) => costs[1]![index]! / cost);
    expect(new Set(ratios.map((ratio) => ratio.toFixed(6))).size).toBe(6);
  });
});

describe('a strict host', () => {
  it.each([WORKLOADS, AGGREGATED])('accepts everything that the contract documents: %s', async (path) => {
    const examples: Record<string, unknown> = {
      array: ['a=b'],
      boolean: true,
      integer: 1_743_318_000_000,
      string: '7d',
    };
    type Named = Record<string, { name?: string; in?: string; $ref?: string; type?: string }>;
    const components = upstreamContract.components as {
      parameters: Named;
      schemas: Record<string, { properties?: Named; type?: string }>;
    };
    const last = ($ref: string | undefined) => $ref?.split('/').at(-1) ?? '';
    const exampleOf = (name: string, schema: { $ref?: string; type?: string }) =>
      name.startsWith('logical') ? 'AND' : examples[schema.type ?? components.schemas[last(schema.$ref)]!.type!];

    const bodySchema = path === WORKLOADS ? 'WorkloadsRequest' : 'AggregatedWorkloadsRequest';
    const fields = Object.entries(components.schemas[bodySchema]!.properties!);
    for (const [name, schema] of fields) await send(path, { [name]: exampleOf(name, schema) });

    const parameters = upstreamContract.paths[path]!.post!.parameters!.map((parameter) =>
      '$ref' in parameter ? components.parameters[last(parameter.$ref)]! : parameter,
    ) as { name: string; in: string; schema: { $ref?: string; type?: string } }[];
    const inQuery = parameters.filter((parameter) => parameter.in === 'query');
    for (const { name, schema } of inQuery)
      await send(path, {}, `${name}=${encodeURIComponent(String(exampleOf(name, schema)))}`);
    expect([fields.length, inQuery.length]).toEqual(path === WORKLOADS ? [13, 15] : [13, 11]);
  });

  it.each([
    [WORKLOADS, 'cluster=a', {}, 'unknown query parameter cluster'],
    [WORKLOADS, 'from=1', {}, 'unknown query parameter from'],
    [WORKLOADS, 'isLabelExclude=1', {}, 'isLabelExclude is not a boolean'],
    [WORKLOADS, 'isLabelExclude=', {}, 'isLabelExclude is not a boolean'],
    [WORKLOADS, 'range=7', {}, 'range is not a number of m, h, d or w'],
    [WORKLOADS, 'range=0d', {}, 'range is not a number of m, h, d or w'],
    [WORKLOADS, 'range=-7d', {}, 'range is not a number of m, h, d or w'],
    [WORKLOADS, 'range=7d&range=7d', {}, 'range is given more than once'],
    [WORKLOADS, 'labels=team', {}, 'labels holds something that is not key=value'],
    [WORKLOADS, 'logicalLabel=and', {}, 'logicalLabel is neither AND nor OR'],
    [WORKLOADS, '', { clusters: [] }, 'unknown body field clusters'],
    [WORKLOADS, '', { multiCluster: true }, 'unknown body field multiCluster'],
    [WORKLOADS, '', { range: '7d' }, 'unknown body field range'],
    [WORKLOADS, '', JSON.parse('{"__proto__": []}') as object, 'unknown body field __proto__'],
    [WORKLOADS, '', { annotations: ['=x'] }, 'annotations holds something that is not key=value'],
    [WORKLOADS, '', { annotations: ['=x=y'] }, 'annotations holds something that is not key=value'],
    [WORKLOADS, '', { namespaces: 'payments' }, 'namespaces is not a list'],
    [WORKLOADS, '', { namespaces: null }, 'namespaces is not a list'],
    [WORKLOADS, '', { namespaces: ['a', 1] }, 'namespaces holds something that is not a string'],
    [WORKLOADS, '', { isLabelExclude: 'true' }, 'isLabelExclude is not a boolean'],
    [WORKLOADS, '', { logicalAnnotation: 'NOT' }, 'logicalAnnotation is neither AND nor OR'],
    [WORKLOADS, 'isLabelExclude=nope', { isLabelExclude: true }, 'isLabelExclude is not a boolean'],
    [AGGREGATED, 'groupByLabels=team', {}, 'unknown query parameter groupByLabels'],
    [AGGREGATED, 'from=1.5', {}, 'from is not an integer'],
    [AGGREGATED, 'from=', {}, 'from is not an integer'],
    [AGGREGATED, '', { from: '1743318000000' }, 'from is not an integer'],
    [AGGREGATED, '', { stepSize: -1 }, 'stepSize is below 0'],
    [AGGREGATED, '', { labels: [] }, 'unknown body field labels'],
    [AGGREGATED, '', { range: '7y' }, 'range is not a number of m, h, d or w'],
  ])('refuses what the contract does not document: %s?%s %o', async (path, query, body, error) => {
    const response = await post(path, body, query);
    const reply: unknown = await response.json();
    expect([response.status, reply]).toEqual([400, { error }]);
    assertUpstreamResponse(path, 400, reply);
    expect(() => {
      assertUpstreamRequest({ method: 'POST', path, query: new URLSearchParams(query), body });
    }).toThrow('is not what the contract documents');
  });

  it.each([
    [{ from: NOW_MS, to: NOW_MS }, 'from is not before to'],
    [{ from: NOW_MS + 1, to: NOW_MS }, 'from is not before to'],
    [{ from: NOW_MS + 1 }, 'from is not before to'],
    [{ from: -1, to: NOW_MS }, 'the window is outside the years 1970 to 9999'],
    [{ to: Date.UTC(10_000, 0) }, 'the window is outside the years 1970 to 9999'],
    [{ range: '9'.repeat(20) + 'd' }, 'the window is outside the years 1970 to 9999'],
  ])('refuses an invalid window: %o', async (body, error) => {
    const response = await post(AGGREGATED, body);
    expect([response.status, await response.json()]).toEqual([400, { error }]);
  });

  it.each([undefined, 'Bearer', 'Bearer nope', 'Basic ZGVtbzpkZW1v'])(
    'refuses the authorization %s',
    async (authorization) => {
      const headers = { 'content-type': 'application/json', ...(authorization === undefined ? {} : { authorization }) };
      const response = await fetch(`${sharedUrl}${WORKLOADS}`, { method: 'POST', headers, body: '{}' });
      const reply: unknown = await response.json();
      expect([response.status, reply, response.headers.get('www-authenticate')]).toEqual([
        401,
        { error: 'unauthorized' },
        'Bearer',
      ]);
      assertUpstreamResponse(WORKLOADS, 401, reply);
    },
  );

  it('refuses other paths, methods and content types, and a body that is no object', async () => {
    expect((await post('/detailedCostReport/getworkloads', {})).status).toBe(404);
    const get = await fetch(`${sharedUrl}${WORKLOADS}`, { headers: { authorization: `Bearer ${shared.token}` } });
    expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST']);
    for (const type of ['text/plain', 'application/json-seq']) {
      expect((await post(WORKLOADS, {}, '', { 'content-type': type })).status).toBe(415);
    }
    expect((await post(WORKLOADS, {}, '', { 'content-type': 'application/json; charset=utf-8' })).status).toBe(200);
    for (const body of [[], null, 1, 'text', undefined]) {
      const response = await post(WORKLOADS, body);
      expect([response.status, await response.json()]).toEqual([400, { error: 'body is not a JSON object' }]);
    }
    const headers = { authorization: `Bearer ${shared.token}`, 'content-type': 'application/json' };
    const broken = await fetch(`${sharedUrl}${WORKLOADS}`, { method: 'POST', headers, body: '{"namespaces":' });
    expect([broken.status, await broken.json()]).toEqual([400, { error: 'body is not a JSON object' }]);
    expect((await post(WORKLOADS, { namespaces: ['x'.repeat(1024 * 1024)] })).status).toBe(413);
  });
});

async function login(url: string, body: unknown, headers: Record<string, string> = { cookie: 'auth_state=TOKEN' }) {
  const response = await post('/auth/callback', body, '', { authorization: '', ...headers }, url);
  assertUpstreamResponse('/auth/callback', response.status, await response.text());
  return new URL(response.headers.get('location')!, url);
}

async function loginToken(url: string, username = 'demo', password = 'demo'): Promise<string> {
  const token = (await login(url, { username, password })).searchParams.get('token');
  expect(token, `${username} is let in`).not.toBeNull();
  return token!;
}

/** The status of a report for each of the tokens. */
function statuses(url: string, ...tokens: string[]): Promise<number[]> {
  const send = (token: string) => post(WORKLOADS, {}, '', { authorization: `Bearer ${token}` }, url);
  return Promise.all(tokens.map(async (token) => (await send(token)).status));
}

describe('the login', () => {
  it('redirects with a token in the location, URL-encoded', async () => {
    const { simulator, url } = await start({ login: { users: { ada: 'p w' } } });
    const location = await login(url, { username: 'ada', password: 'p w' }, { cookie: 'x=y; auth_state=TOKEN' });
    const token = simulator.tokens[1]!;
    expect(token).toMatch(/^\+\/\+\/[\w+/]{34}==$/);
    expect(location.searchParams.get('token')).toBe(token);
    expect(location.search).toBe(`?token=%2B%2F%2B%2F${encodeURIComponent(token.slice(4, -2))}%3D%3D`);
  });

  it('issues a new token each time, which the reports accept beside the fixed one', async () => {
    const { simulator, url } = await start({ token: 'fixed' });
    expect(simulator.tokens).toEqual(['fixed']);
    const tokens = ['fixed', await loginToken(url), await loginToken(url)];
    expect(new Set(tokens).size).toBe(3);
    expect(simulator.tokens).toEqual(tokens);
    expect(await statuses(url, ...tokens, 'neither')).toEqual([200, 200, 200, 401]);
  });

  it.each([
    [{ username: 'demo', password: 'wrong' }, 'auth_state=TOKEN'],
    [{ username: 'Demo', password: 'demo' }, 'auth_state=TOKEN'],
    [{ username: 'nobody' }, 'auth_state=TOKEN'],
    [{ username: 'demo' }, 'auth_state=TOKEN'],
    [{ username: ['demo'], password: 'demo' }, 'auth_state=TOKEN'],
    [{ username: 'toString', password: 'demo' }, 'auth_state=TOKEN'],
    [{}, 'auth_state=TOKEN'],
    [{ username: 'demo', password: 'demo' }, 'auth_state='],
    [{ username: 'demo', password: 'demo' }, ''],
  ])('redirects to the login page without a token: %o with %s', async (body, cookie) => {
    const { simulator, url } = await start();
    const location = await login(url, body, { cookie });
    expect([location.pathname, location.searchParams.has('token')]).toEqual(['/login', false]);
    expect([simulator.tokens, simulator.logins]).toEqual([[simulator.token], { granted: 0, refused: 1 }]);
  });

  it('has a separate password for each user', async () => {
    const { simulator, url } = await start({ login: { users: { ada: 'engine', grace: 'compiler' } } });
    await loginToken(url, 'ada', 'engine');
    await loginToken(url, 'grace', 'compiler');
    const location = await login(url, { username: 'ada', password: 'compiler' });
    expect(location.searchParams.has('token')).toBe(false);
    expect([simulator.tokens.length, simulator.logins]).toEqual([3, { granted: 2, refused: 1 }]);
  });

  it('counts login attempts, and no other requests', async () => {
    const { simulator, url } = await start();
    const before = simulator.logins;
    await loginToken(url);
    await loginToken(url);
    await login(url, { username: 'demo', password: 'wrong' });
    await post('/auth/callback', {}, '', { 'content-type': 'text/plain' }, url);
    await fetch(`${url}/auth/callback`);
    await statuses(url, 'nope', simulator.token);
    expect([before, simulator.logins]).toEqual([
      { granted: 0, refused: 0 },
      { granted: 2, refused: 1 },
    ]);
  });

  it('has a different token in every simulator by default', () => {
    const tokens = [createSimulator().token, createSimulator().token, createSimulator({ token: 'fixed' }).token];
    expect(new Set(tokens).size).toBe(3);
    expect(tokens[2]).toBe('fixed');
  });
});

describe('a token', () => {
  it.each([
    ['for an hour', {}, 3_600_000],
    ['for its lifetime', { login: { tokenLifetimeMs: 1_500 } }, 1_500],
    ['for its lifetime, as a JWT', { login: { tokenLifetimeMs: 1_500, tokenFormat: 'jwt' } } as const, 1_500],
  ])('of a login is accepted %s, and the fixed one always', async (_, options, lifetimeMs) => {
    let nowMs = NOW_MS;
    const { simulator, url } = await start({ token: 'fixed', now: () => nowMs, ...options });
    const first = await loginToken(url);
    nowMs += lifetimeMs - 1;
    const second = await loginToken(url);
    expect(simulator.tokens).toEqual(['fixed', first, second]);
    expect(await statuses(url, 'fixed', first, second)).toEqual([200, 200, 200]);
    nowMs += 1;
    expect(simulator.tokens).toEqual(['fixed', second]);
    expect(await statuses(url, 'fixed', first, second)).toEqual([200, 401, 200]);
    nowMs += 100 * 365 * DAY_MS;
    const third = await loginToken(url);
    expect(simulator.tokens).toEqual(['fixed', third]);
    expect(await statuses(url, 'fixed', first, second, third)).toEqual([200, 401, 401, 200]);
  });

  it('can be a JWT with its subject and expiry', async () => {
    let nowMs = NOW_MS + 999;
    const { simulator, url } = await start({
      login: { tokenFormat: 'jwt', tokenLifetimeMs: 60_000, users: { demo: 'demo', ada: 'p' } },
      now: () => nowMs,
    });
    const tokens = [await loginToken(url), await loginToken(url), await loginToken(url, 'ada', 'p')];
    expect(new Set(tokens).size).toBe(3);
    const parts = tokens.map((token) => token.split('.').map((part) => Buffer.from(part, 'base64url')));
    for (const token of tokens) expect(token).toMatch(/^[\w-]+\.[\w-]+\.[\w-]{43}$/);
    for (const part of parts) expect(JSON.parse(String(part[0]))).toEqual({ alg: 'HS256', typ: 'JWT' });
    const claims = parts.map((part) => JSON.parse(String(part[1])) as { exp: number });
    const iat = NOW_MS / 1000;
    expect(claims).toEqual(['demo', 'demo', 'ada'].map((sub) => ({ sub, iat, exp: iat + 60 })));
    // `exp` is not later than the real expiry.
    nowMs = claims[0]!.exp * 1000;
    expect(await statuses(url, ...tokens)).toEqual([200, 200, 200]);
    nowMs = NOW_MS + 999 + 60_000;
    expect(await statuses(url, ...tokens)).toEqual([401, 401, 401]);
    expect(simulator.tokens).toEqual([simulator.token]);
  });

  it('is refused once it is revoked, and others are accepted', async () => {
    const { simulator, url } = await start({ token: 'fixed' });
    const tokens = ['fixed', await loginToken(url), await loginToken(url)];
    simulator.revoke(tokens[1]);
    simulator.revoke('never seen');
    expect(simulator.tokens).toEqual(['fixed', tokens[2]]);
    expect(await statuses(url, ...tokens)).toEqual([200, 401, 200]);
    simulator.revoke('fixed');
    expect(await statuses(url, ...tokens)).toEqual([401, 401, 200]);
  });

  it('is refused once all are revoked, including the fixed one, until the next login', async () => {
    const { simulator, url } = await start({ token: 'fixed' });
    const tokens = ['fixed', await loginToken(url)];
    simulator.revoke();
    expect(simulator.tokens).toEqual([]);
    expect(await statuses(url, ...tokens)).toEqual([401, 401]);
    const next = await loginToken(url);
    expect(simulator.tokens).toEqual([next]);
    expect(await statuses(url, ...tokens, next)).toEqual([401, 401, 200]);
  });

  it('is checked when the request arrives, so that a response in progress is finished', async () => {
    const gate = createDeferred<undefined>();
    const arrived = createDeferred<undefined>();
    const latency = () => {
      arrived.resolve(undefined);
      return gate.promise;
    };
    const { simulator, url } = await start({ latency });
    const held = statuses(url, simulator.token);
    await arrived.promise;
    simulator.revoke();
    gate.resolve(undefined);
    expect([await held, await statuses(url, simulator.token)]).toEqual([[200], [401]]);
  });
});

describe('the transport', () => {
  interface Raw {
    encoding: string | undefined;
    bytes: number;
  }

  /** The raw response, which fetch would decode. */
  function raw(acceptEncoding: string, body: object, { simulator, url } = { simulator: shared, url: sharedUrl }) {
    const headers = {
      authorization: `Bearer ${simulator.token}`,
      'content-type': 'application/json',
      'accept-encoding': acceptEncoding,
    };
    return new Promise<Raw>((resolve, reject) => {
      const request = httpRequest(`${url}${WORKLOADS}?multiCluster=true`, { method: 'POST', headers }, (response) => {
        let bytes = 0;
        response.on('data', (piece: Buffer) => (bytes += piece.length));
        response.on('end', () => {
          resolve({ encoding: response.headers['content-encoding'], bytes });
        });
      });
      request.on('error', reject).end(JSON.stringify(body));
    });
  }

  it('is compressed with gzip when the client accepts it and it saves bytes', async () => {
    const plain = await raw('identity', {});
    expect(plain.encoding).toBeUndefined();
    for (const accept of ['gzip', 'br, GZIP;q=0.5', '*', 'deflate, gzip']) {
      const zipped = await raw(accept, {});
      expect(zipped.encoding).toBe('gzip');
      expect(zipped.bytes).toBeLessThan(plain.bytes / 4);
    }
    for (const accept of ['', 'br', 'gzip;q=0', 'gzip; q=0.0', 'xgzip'])
      expect((await raw(accept, {})).encoding).toBeUndefined();
    expect((await raw('gzip', { namespaces: ['nowhere'] })).encoding).toBeUndefined();
  });

  it('streams a large fleet, the same with and without gzip', async () => {
    const large = await start({ workloads: 3001 });
    const headers = { authorization: `Bearer ${large.simulator.token}` };
    const [plain, zipped] = await Promise.all(
      ['identity', 'gzip'].map((coding) =>
        post(WORKLOADS, {}, 'multiCluster=true', { ...headers, 'accept-encoding': coding }, large.url),
      ),
    );
    expect([plain!.headers.get('content-encoding'), zipped!.headers.get('content-encoding')]).toEqual([null, 'gzip']);
    expect([plain!.headers.has('content-length'), zipped!.headers.has('content-length')]).toEqual([false, false]);
    const text = await plain!.text();
    expect(await zipped!.text()).toBe(text);
    assertUpstreamResponse(WORKLOADS, 200, JSON.parse(text));
    expect((await raw('gzip', {}, large)).bytes).toBeLessThan(text.length / 4);
  });

  it('calls onRequest for every request before its checks', async () => {
    const received: ReceivedRequest[] = [];
    const { url } = await start({ onRequest: (request) => received.push(request) });
    await post(WORKLOADS, { labels: ['a=b'] }, 'range=1d&range=2d', {}, url);
    await post('/nope', { x: 1 }, '', {}, url);
    await fetch(`${url}/auth/callback`);
    expect(received.map(({ method, path, body }) => [method, path, body])).toEqual([
      ['POST', WORKLOADS, { labels: ['a=b'] }],
      ['POST', '/nope', { x: 1 }],
      ['GET', '/auth/callback', undefined],
    ]);
    expect(received[0]!.query.getAll('range')).toEqual(['1d', '2d']);
    expect(received[0]!.headers['content-type']).toBe('application/json');
  });

  it('delays reports by the latency, and no other responses', async () => {
    const gate = createDeferred<undefined>();
    const arrived = createDeferred<ReceivedRequest>();
    const from = await start({
      latency: (request) => {
        if (request.path === AGGREGATED) return;
        arrived.resolve(request);
        return gate.promise;
      },
    });
    let hasResponded = false;
    const held = send(WORKLOADS, { namespaces: ['payments'] }, '', from).finally(() => (hasResponded = true));
    expect((await arrived.promise).body).toEqual({ namespaces: ['payments'] });
    await send(AGGREGATED, {}, '', from);
    expect((await post(WORKLOADS, {}, '', { authorization: 'Bearer nope' }, from.url)).status).toBe(401);
    expect(hasResponded).toBe(false);
    gate.resolve(undefined);
    expect((await held).aggregatedWorkloads).not.toBeNull();
  });

  it('responds with 500 when the latency fails', async () => {
    const from = await start({ latency: () => Promise.reject(new Error('overloaded')) });
    const response = await post(WORKLOADS, {}, '', { authorization: `Bearer ${from.simulator.token}` }, from.url);
    expect([response.status, await response.json()]).toEqual([500, { error: 'Error: overloaded' }]);
  });

  it('listens on the loopback interface only', async () => {
    const { hostname, port } = new URL(sharedUrl);
    expect(hostname).toBe('127.0.0.1');
    // A server on every interface responds at any address of the machine, also this one.
    await expect(fetch(`http://127.0.0.2:${port}/`)).rejects.toThrow('fetch failed');
  });

  it('closes open connections and frees the port when it is closed', async () => {
    const arrived = createDeferred<undefined>();
    const never = new Promise<void>(() => undefined);
    const latency = () => {
      arrived.resolve(undefined);
      return never;
    };
    const { simulator, url } = await start({ latency });
    const held = post(WORKLOADS, {}, '', { authorization: `Bearer ${simulator.token}` }, url);
    const outcome = expect(held).rejects.toThrow('fetch failed');
    await arrived.promise;
    await simulator.close();
    await simulator.close();
    await outcome;
    const next = createSimulator();
    started.push(next);
    expect(await next.listen(Number(new URL(url).port))).toBe(url);
    await expect(createSimulator().listen(Number(new URL(url).port))).rejects.toThrow('EADDRINUSE');
  });
});

describe('the source', () => {
  it('imports only itself and Node, and uses neither random numbers nor the process', () => {
    const directory = new URL('../../src/simulator/', import.meta.url);
    const files = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
    expect(files).toContain('simulator.ts');
    const isOwn = (file: string, name: string) =>
      name.startsWith('.') && new URL(name, new URL(file, directory)).href.startsWith(directory.href);
    for (const file of files) {
      const text = readFileSync(new URL(file, directory), 'utf8').replaceAll(/^\s*\/\/.*$/gm, '');
      const imports = text.matchAll(
        /^(?:import|export)\b[^;']*\bfrom '([^']+)'|^import '([^']+)'|\bimport\(\s*'([^']+)'/gm,
      );
      const imported = [...imports].map((match) => match[1] ?? match[2] ?? match[3]!);
      expect(
        imported.filter((name) => !name.startsWith('node:') && !isOwn(file, name)),
        file,
      ).toEqual([]);
      expect(text, file).not.toMatch(/Math\.random|\bprocess\b/);
    }
  });
});
