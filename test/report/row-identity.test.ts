// The ids of rows and reports, over random reports: they distinguish rows, and survive changes of costs and order.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';

import { toReportId, toRequestKey, type ReportRequest } from '../../src/report/request.js';
import type { RowOrigin } from '../../src/report/row.js';
import { createSimulator } from '../../src/simulator/simulator.js';
import { startGateway, TOKEN } from '../kit/gateway.js';
import { anyReport, type Label, type UpstreamReport } from '../kit/reference.js';
import { originOf, readReport, type SyncReport } from '../kit/report.js';
import { isRedisSkipped, startRedis } from '../kit/processes/redis.js';
import { startReplica } from '../kit/processes/replicas.js';
import { propertyRuns } from '../kit/fuzz/runs.js';

type UpstreamRow = NonNullable<UpstreamReport['aggregatedWorkloads']>[number];

const rowsOf = ({ aggregatedWorkloads }: UpstreamReport): readonly UpstreamRow[] => aggregatedWorkloads ?? [];

const [ONE, TWO] = [
  { key: 'k', value: 'v' },
  { key: 'l', value: 'v' },
];
const anyLabels = fc.constantFrom(null, [], [ONE], { k: 'v' }, [ONE, TWO]);
/** Rows that often differ in one property only. */
const anySimilarRow: fc.Arbitrary<UpstreamRow> = fc.record({
  id: fc.constantFrom('', 'i', 'j'),
  ownerLabels: anyLabels,
  namespace: fc.constantFrom(null, '', 'n'),
  workloadName: fc.constantFrom(null, 'w'),
  labels: anyLabels,
  annotations: anyLabels,
});

/** Rows with duplicates, and some without a name or an id. */
const anyRows: fc.Arbitrary<UpstreamRow[]> = fc
  .oneof(anyReport(16).map(rowsOf), fc.array(anySimilarRow, { maxLength: 16 }))
  .chain((rows) => fc.shuffledSubarray([...rows, ...rows], { minLength: rows.length }))
  .map((rows) => rows.map((row, at) => ({ ...row, services: [`row ${at}`] })));

const read = (rows: readonly object[]): SyncReport => readReport({ aggregatedWorkloads: rows });

const idsOf = (report: SyncReport, request?: ReportRequest): string[] => {
  const origin: RowOrigin = { ...originOf(report), ...(request && { request }) };
  return report.selectRows({ origin }).rows.map(({ id }) => id);
};

/** The ids by the place that anyRows wrote into `services`. */
const idsByPlace = (report: SyncReport): Map<string, string> =>
  new Map(report.selectRows({}).rows.map(({ services, id }) => [services[0]!, id]));

/** The identity of a row in a straightforward form. Workloads are identified by id and owner only when names repeat. */
function identityOf(row: UpstreamRow): string {
  const texts = ['clusterName', 'namespace', 'workloadName', 'workloadType'].map(
    (name) => row[name as 'namespace'] ?? '',
  );
  const lists = ['labels', 'annotations', 'ownerLabels'].map((name) => {
    const list = row[name as 'labels'] ?? [];
    const pairs = Array.isArray(list)
      ? (list as readonly Label[]).map(({ key, value }) => [key, value])
      : Object.entries(list);
    return pairs.map((pair) => JSON.stringify(pair)).sort();
  });
  return JSON.stringify([texts, lists, row.id ?? '']);
}

/** The rows without equal rows. */
function withoutDuplicates(rows: readonly UpstreamRow[], toKey = identityOf): UpstreamRow[] {
  const counts = new Map<string, number>();
  for (const row of rows) counts.set(toKey(row), (counts.get(toKey(row)) ?? 0) + 1);
  return rows.filter((row) => counts.get(toKey(row)) === 1);
}

/** The identity of a row while no other row has the same names and groups. */
function firstIdentityOf(row: UpstreamRow): string {
  return identityOf(row.workloadName ? { ...row, id: '', ownerLabels: null } : row);
}

/** The same labels, in another order and as a list. */
function reverseLabels(labels: UpstreamRow['labels']): UpstreamRow['labels'] {
  if (labels == null) return [];
  const list = Array.isArray(labels) ? labels : Object.entries(labels).map(([key, value]) => ({ key, value }));
  return (list as Label[]).toReversed();
}

const RUNS = { numRuns: propertyRuns(300) };

describe('ids of rows', () => {
  test('are unique within a report', () => {
    fc.assert(
      fc.property(anyRows, (rows) => {
        const ids = idsOf(read(rows));
        expect(new Set(ids).size).toBe(rows.length);
        for (const id of ids) expect(id).toMatch(/^[\w-]{28}$/);
      }),
      RUNS,
    );
  });

  test('are unique in a report of 100,000 rows, and among equal rows', () => {
    const named = Array.from({ length: 100_000 }, (_, at) => ({ namespace: `n${at % 317}`, workloadName: `w${at}` }));
    expect(new Set(idsOf(read(named))).size).toBe(100_000);
    expect(new Set(idsOf(read(Array.from({ length: 5_000 }, () => ({}))))).size).toBe(5_000);
  });

  test('stay the same when costs, the order of rows and the order of labels change', () => {
    const anyRefresh = anyRows.chain((rows) => {
      const unique = withoutDuplicates(rows);
      const costs = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), {
        minLength: unique.length,
        maxLength: unique.length,
      });
      return fc.tuple(fc.constant(unique), costs).chain(([list, newCosts]) => {
        const refreshed = list.map((row, at) => ({
          ...row,
          totalCost: newCosts[at]!,
          labels: reverseLabels(row.labels),
          annotations: reverseLabels(row.annotations),
          ownerLabels: reverseLabels(row.ownerLabels),
        }));
        const shuffled = fc.shuffledSubarray(refreshed, { minLength: list.length });
        return fc.record({ before: fc.constant(list), after: shuffled });
      });
    });
    fc.assert(
      fc.property(anyRefresh, ({ before, after }) => {
        const ids = idsByPlace(read(before));
        expect([...idsByPlace(read(after))].sort()).toEqual([...ids].sort());
      }),
      RUNS,
    );
  });

  test('stay the same when other rows appear', () => {
    fc.assert(
      fc.property(anyRows, (rows) => {
        const all = idsByPlace(read(rows));
        const unique = withoutDuplicates(rows, firstIdentityOf);
        for (const [place, id] of idsByPlace(read(unique))) expect(id).toBe(all.get(place));
      }),
      RUNS,
    );
  });

  test.each(['ownerLabels', 'labels', 'annotations'])('of groups stay the same when %s distinguishes them', (field) => {
    const groups = ['a', 'b', 'c'].map((value) => ({
      ...{ id: '', labels: null, ownerLabels: null, annotations: null, services: [value] },
      [field]: [{ key: 'team', value }],
    }));
    const ids = idsByPlace(read(groups));
    expect(new Set(ids.values()).size).toBe(3);
    expect(idsByPlace(read(groups.toReversed()))).toEqual(new Map([...ids].reverse()));
  });

  test('of groups differ when the same labels are in another field', () => {
    const fields = ['ownerLabels', 'labels', 'annotations'];
    const ids = fields.map((field) => idsOf(read([{ [field]: [ONE] }]))[0]);
    expect(new Set([...ids, ...idsOf(read([{}]))]).size).toBe(4);
  });

  test.each([
    ['the ids of ScaleOps', (at: number) => ({ id: `i${at}` })],
    ['the labels of its owner', (at: number) => ({ id: '', ownerLabels: { hash: `h${at}` } })],
  ])('of rows of one workload stay the same when %s distinguishes them', (_what, tell) => {
    const rows = Array.from({ length: 50 }, (_, at) => ({
      ...{ clusterName: 'c', namespace: 'n', workloadType: 'Deployment', workloadName: 'w', services: [`${at}`] },
      ...tell(at),
    }));
    const ids = idsByPlace(read(rows));
    expect(new Set(ids.values()).size).toBe(50);
    expect(idsByPlace(read(rows.toReversed()))).toEqual(new Map([...ids].reverse()));
  });

  test('are the same in a direct report and in a part of a wider report', () => {
    fc.assert(
      fc.property(anyRows, (rows) => {
        const named = rows.map((row, at) => ({ ...row, clusterName: at % 3 === 0 ? 'Far' : 'home' }));
        const entity = { clusterName: 'far' };
        const request: ReportRequest = { report: 'workloads', clusterFilters: ['far'] };
        const part = read(named).split([entity]).get(entity);
        const direct = read(named.filter(({ clusterName }) => clusterName === 'Far'));
        expect(part === undefined ? [] : idsOf(part, request)).toEqual(idsOf(direct, request));
      }),
      RUNS,
    );
  });

  test('differ between two reports with different requests', () => {
    const names = fc.option(fc.subarray(['a', 'b', 'a,b', ''], { minLength: 1 }), { nil: undefined });
    const common = {
      multiCluster: fc.option(fc.boolean(), { nil: undefined }),
      range: fc.constantFrom(undefined, '7d', '30d', '168h'),
    };
    const anyRequest: fc.Arbitrary<ReportRequest> = fc.oneof(
      fc.record({ report: fc.constant('aggregated' as const), clusters: names, groupByLabels: names, ...common }),
      fc.record({ report: fc.constant('workloads' as const), clusterFilters: names, namespaces: names, ...common }),
    );
    fc.assert(
      fc.property(anyReport(6, 1), anyRequest, anyRequest, (json, one, other) => {
        const isSame = toRequestKey(one) === toRequestKey(other);
        expect(toReportId(one) === toReportId(other)).toBe(isSame);
        const report = readReport(json);
        const ids = new Set(idsOf(report, one));
        expect(idsOf(report, other).filter((id) => ids.has(id))).toHaveLength(isSame ? report.rowCount : 0);
      }),
      { numRuns: propertyRuns(1_000) },
    );
  });
});

const QUERY = `{
  week: workloadCosts(filter: { last: "7d", multiCluster: true }) { id rows { nodes { id scaleOpsId } } }
  teams: aggregatedCosts(filter: { groupBy: { labels: ["team"] } }) { id rows { nodes { id } } }
  part: kubernetesNamespace(clusterName: "prod-us-east-1", name: "checkout") { id costs(filter: { last: "7d" }) { id rows { nodes { id scaleOpsId } } } }
}`;
const DIRECT = `{ workloadCosts(filter: { last: "7d", multiCluster: true, clusters: { names: ["prod-us-east-1"] }, namespaces: { names: ["checkout"] } }) { id rows { nodes { id scaleOpsId } } } }`;

describe('ids in responses', () => {
  const startSimulator = async () => {
    const simulator = createSimulator({ workloads: 120, token: TOKEN, now: () => Date.UTC(2026, 0, 31) });
    return { url: await simulator.listen(), [Symbol.asyncDispose]: () => simulator.close() };
  };

  test('are the same in two gateways, and for an entity and a direct query', async () => {
    await using simulator = await startSimulator();
    await using one = startGateway(simulator.url);
    await using other = startGateway(simulator.url);
    const { data } = await one.send(QUERY);
    expect((await other.send(QUERY)).data).toEqual(data);
    expect(data.part.costs.rows.nodes.length).toBeGreaterThan(1);
    await using third = startGateway(simulator.url);
    expect((await third.send(DIRECT)).data.workloadCosts).toEqual(data.part.costs);
  });

  test('are the same for every principal', async () => {
    const body = JSON.stringify({ aggregatedWorkloads: [{ namespace: 'a' }, { namespace: 'b' }] });
    const requested: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      requested.push(request.headers.authorization);
      response.writeHead(200, { 'content-type': 'application/json' }).end(body);
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await using gateway = startGateway(url, { SCALEOPS_AUTH: 'forward' });
    const callers = ['Bearer ann-token', 'Bearer bob-token'];
    const responses = callers.map((authorization) =>
      gateway.send('{ workloadCosts { id rows { nodes { id } } } }', {}, { headers: { authorization } }),
    );
    const [ann, bob] = await Promise.all(responses);
    expect(requested.toSorted()).toEqual(callers);
    expect(ann!.data.workloadCosts.rows.nodes).toHaveLength(2);
    expect(bob!.data).toEqual(ann!.data);
  });

  describe.skipIf(isRedisSkipped)('with a shared cache', () => {
    test('are the same for ids in responses', async () => {
      await using simulator = await startSimulator();
      await using redis = await startRedis();
      const env = { CACHE_REDIS_URL: redis.url };
      await using one = startReplica(simulator.url, env);
      await using other = startReplica(simulator.url, env);
      const { data, errors } = await one.sendAs(TOKEN, QUERY);
      expect(errors).toEqual([]);
      expect((await other.sendAs(TOKEN, QUERY)).data).toEqual(data);
    });
  });
});
