// The report cache through the whole gateway: every test counts the upstream calls.

import { describe, expect, test } from 'vitest';

import { decodeReport } from '../../src/report/parse/json-parser.js';
import type { AggregatedCostsRequest, ReportRequest } from '../../src/report/request.js';
import type { FetchedReport } from '../../src/upstream/client/client.js';
import { createManualClock } from '../kit/time/clock.js';
import { createGate } from '../kit/time/gate.js';
import { startStack } from '../kit/gateway.js';
import { principalOf } from '../kit/identity/principal.js';
import { createTestCache } from '../kit/report-cache.js';

const WORKLOADS =
  'query ($filter: WorkloadCostsFilter) { workloadCosts(filter: $filter) { asOf isStale rows { totalCount } } }';
const AGGREGATED = 'query ($filter: AggregatedCostsFilter) { aggregatedCosts(filter: $filter) { asOf } }';

describe('a cached report', () => {
  test('is served without another upstream call while it is fresh', async () => {
    const clock = createManualClock();
    await using stack = await startStack({ clock, env: { CACHE_STALE_SECONDS: '0' } });
    const first = await stack.send(WORKLOADS);
    clock.advance(59_999);
    const second = await stack.send(WORKLOADS);
    expect(second.data).toEqual(first.data);
    expect(stack.received).toHaveLength(1);
    clock.advance(1);
    const third = await stack.send(WORKLOADS);
    expect(stack.received).toHaveLength(2);
    expect(third.data.workloadCosts).toMatchObject({ asOf: '2026-01-31T00:01:00.000Z', isStale: false });
  });

  test('is not cached with CACHE_TTL_SECONDS=0', async () => {
    await using stack = await startStack({ env: { CACHE_TTL_SECONDS: '0' } });
    await stack.send(WORKLOADS);
    await stack.send(WORKLOADS);
    expect(stack.received).toHaveLength(2);
  });

  test.each<[string, string, unknown[]]>([
    [
      'workload filters',
      WORKLOADS,
      [
        { namespaces: { names: ['a', 'b'] } },
        { namespaces: { names: ['b', 'a', 'a'], exclude: false } },
        { namespaces: { names: ['b', 'a'], exclude: null }, clusters: null, multiCluster: false, last: null },
      ],
    ],
    ['workload ranges', WORKLOADS, [{ last: '1w' }, { last: '7d' }, { last: '168h' }, { last: '10080m' }]],
    [
      'workload labels',
      WORKLOADS,
      [
        { labels: { labels: [label('a', '1'), label('b', '2')] } },
        { labels: { labels: [label('b', '2'), label('a', '1')], operator: 'OR', exclude: false } },
        { labels: { labels: [label('b', '2'), label('a', '1')], operator: null, exclude: null } },
      ],
    ],
    [
      'aggregated filters',
      AGGREGATED,
      [
        undefined,
        null,
        {},
        { timeRange: { last: '7d' } },
        { timeRange: null, groupBy: {}, stepSize: 0, gpuWorkloadsOnly: false },
        { multiCluster: false, shouldIgnoreWorkloads: false },
      ],
    ],
    [
      'windows in two time zones',
      AGGREGATED,
      [
        between('2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'),
        between('2026-01-01T02:00:00+02:00', '2026-01-02T00:00:00.000Z'),
      ],
    ],
  ])('is served to all equivalent %s', async (_name, query, filters) => {
    await using stack = await startStack();
    for (const filter of filters) expect((await stack.send(query, { filter })).errors).toEqual([]);
    expect(stack.received).toHaveLength(1);
  });

  test('is not served for a filter with another meaning', async () => {
    await using stack = await startStack();
    const filters = [
      {},
      { namespaces: { names: ['a'] } },
      { namespaces: { names: ['a'], exclude: true } },
      { workloadTypes: { names: ['a'] } },
      { namespaces: { names: ['a', 'b'] } },
      { labels: { labels: [label('a', 'b')] } },
      { annotations: { labels: [label('a', 'b')] } },
      { labels: { labels: [label('a', 'b')], operator: 'AND' } },
      // The documentation states no default range for this report.
      { last: '7d' },
      { multiCluster: true },
    ];
    for (const filter of filters) await stack.send(WORKLOADS, { filter });
    await stack.send(AGGREGATED);
    await stack.send(AGGREGATED, { filter: { groupBy: { namespace: false } } });
    expect(stack.received).toHaveLength(filters.length + 2);
  });

  test('never contains an error', async () => {
    let isDown = true;
    await using stack = await startStack({
      env: { SCALEOPS_MAX_ATTEMPTS: '1' },
      simulator: {
        latency: () => {
          if (isDown) throw new Error('down');
        },
      },
    });
    expect((await stack.send(WORKLOADS)).errors[0]?.extensions.code).toBe('UPSTREAM_ERROR');
    isDown = false;
    expect((await stack.send(WORKLOADS)).errors).toEqual([]);
    expect(stack.received).toHaveLength(2);
  });
});

describe('one upstream call', () => {
  test('serves 1,000 equal queries at the same time', async () => {
    const gate = createGate();
    await using stack = await startStack({ simulator: { latency: gate.pass } });
    const responses = Array.from({ length: 1000 }, () => stack.send(WORKLOADS));
    await gate.arrivals(1);
    gate.open();
    const totals = (await Promise.all(responses)).map(({ data }) => data.workloadCosts.rows.totalCount as number);
    expect(new Set(totals).size).toBe(1);
    expect(stack.received).toHaveLength(1);
  });

  test('serves all aliases of one operation, also without a cache', async () => {
    await using stack = await startStack({ env: { CACHE_TTL_SECONDS: '0' } });
    const { data, errors } = await stack.send(`{
      a: workloadCosts { rows { totalCount } }
      b: workloadCosts(filter: {}) { rows(first: 1) { nodes { id } } }
      c: workloadCosts(filter: { multiCluster: false }) { clusters }
      d: workloadCosts(filter: { last: "1d" }) { clusters }
    }`);
    expect(errors).toEqual([]);
    expect(data.c.clusters).toEqual(data.d.clusters);
    expect(stack.received).toHaveLength(2);
    // Two loads, not four with two collapsed: the loader merges them before the cache.
    expect(stack.log.at(-1)).toMatchObject({
      msg: 'operation',
      cache: { hit: 0, stale: 0, shared: 0, collapsed: 0, miss: 2 },
    });
  });

  test('continues until the last of 100 clients disconnects', async () => {
    const gate = createGate();
    await using stack = await startStack({ simulator: { latency: gate.pass } });
    const controller = new AbortController();
    const staying = stack.send(WORKLOADS);
    await gate.arrivals(1);
    const left = Array.from({ length: 99 }, () =>
      stack.send(WORKLOADS, {}, { signal: controller.signal }).catch(() => null),
    );
    // Its response proves that the earlier requests have joined.
    await stack.send('{ __typename }');
    controller.abort();
    gate.open();
    expect((await staying).errors).toEqual([]);
    await Promise.all(left);
    expect(stack.received).toHaveLength(1);
  });
});

describe('ReportCache', () => {
  const fetched = (name: string, byteSize = 1_000): FetchedReport => ({
    report: Object.assign(decodeReport({ aggregatedWorkloads: null }).report, { clusters: [name], byteSize }),
    body: Buffer.from(''),
  });
  test('separates principals', async () => {
    const tokens: string[] = [];
    const cache = createTestCache(async (_request, principal, deadline) => {
      const token = (await principal.tokens.token(deadline))!;
      tokens.push(token);
      return fetched(token);
    });
    const request: ReportRequest = { report: 'workloads' };
    // Concurrently, and again: principals share neither calls nor entries.
    for (let round = 0; round < 2; round += 1) {
      const responses = await Promise.all(
        ['ann', 'bob', 'ann'].map((token) => cache.load(request, principalOf(token))),
      );
      expect(responses.map(({ report }) => report.clusters[0])).toEqual(['ann', 'bob', 'ann']);
    }
    expect(tokens).toEqual(['ann', 'bob']);
  });

  test('stays within its bound, evicts the least recently used report, and does not cache a report larger than the bound', async () => {
    const requested: string[] = [];
    const fetchReport = (request: ReportRequest) => {
      const name = (request as AggregatedCostsRequest).tags![0]!;
      requested.push(name);
      return Promise.resolve(fetched(name, name === 'huge' ? 10_001 : 2_000));
    };
    const cache = createTestCache(fetchReport, { maxBytes: 10_000 });
    const load = (name: string) => cache.load({ report: 'aggregated', tags: [name] }, principalOf('ann'));
    for (const name of ['a', 'b', 'c', 'a', 'd', 'a', 'b', 'huge', 'huge']) await load(name);
    // Three reports of 2,000 bytes fit with their overhead; `d` evicted `b`, because `a` was used in between.
    expect(requested).toEqual(['a', 'b', 'c', 'd', 'b', 'huge', 'huge']);
  });
});

function label(key: string, value: string) {
  return { key, value };
}

function between(from: string, to: string) {
  return { timeRange: { between: { from, to } } };
}
