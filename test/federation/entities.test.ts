// Clusters, namespaces and workloads through the whole gateway: any key is an entity, and its costs equal the costs of
// a root query, whatever the source of the report. Every test counts the requests to ScaleOps.

import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import type { ReceivedRequest } from '../../src/simulator/received-request.js';
import { createSimulator } from '../../src/simulator/simulator.js';
import { at, startAging } from '../kit/aging.js';
import {
  anyFilter,
  anyNeighbours,
  anyQuery,
  anyEntity,
  anyWider,
  countWork,
  FLEET,
  FLEET_WORKLOADS,
  QUERY,
  REPORT,
  ROW,
  startRowsUpstream,
  toRepresentation,
  toRootFilter,
  type Filter,
  type RowsUpstream,
  type Entity,
} from '../kit/entities.js';
import {
  startGateway,
  startStack,
  TOKEN,
  type GraphqlResponse,
  type TestGateway,
  type TestStack,
} from '../kit/gateway.js';
import { anyReport } from '../kit/reference.js';
import { secretOf, startTenants } from '../kit/upstream/tenants.js';

/** The simulator's own cluster, with workloads in every namespace that these tests name. */
const CLUSTER = 'prod-us-east-1';
const NO_CACHE = { CACHE_TTL_SECONDS: '0' };
const MINUTE_MS = 60_000;

type Raw = Readonly<Record<string, unknown>>;
type Node = Readonly<Record<string, unknown>> & {
  readonly id: string;
  readonly scaleOpsId?: string;
  readonly workloadName: string | null;
  readonly workloadType: string | null;
  readonly namespace: string | null;
  readonly clusterName: string | null;
};
interface Connection {
  readonly totalCount: number;
  readonly edges: readonly { readonly cursor: string; readonly node: Node }[];
}

const expectGood = ({ status, errors }: GraphqlResponse): void => {
  expect(errors).toEqual([]);
  expect(status).toBe(200);
};
const pathsOf = ({ errors }: GraphqlResponse) => errors.map(({ path }) => path);
const codesOf = ({ errors }: GraphqlResponse) => [...new Set(errors.map(({ extensions }) => extensions.code))];
const messagesOf = ({ errors }: GraphqlResponse) => [...new Set(errors.map(({ message }) => message))];

const ROOT = `query ($filter: WorkloadCostsFilter, ${QUERY}) {
  workloadCosts(filter: $filter) { ...Report }
} ${REPORT}`;
const LOOKUP = {
  Cluster: `query ($clusterName: String!, $filter: WorkloadCostsFilter, ${QUERY}) {
    entity: kubernetesCluster(name: $clusterName) { costs(filter: $filter) { ...Report } }
  } ${REPORT}`,
  Namespace: `query ($clusterName: String!, $namespace: String!, $filter: WorkloadCostsFilter, ${QUERY}) {
    entity: kubernetesNamespace(clusterName: $clusterName, name: $namespace) { costs(filter: $filter) { ...Report } }
  } ${REPORT}`,
};
const TWICE = 'a: costs(filter: $a) { ...Report } b: costs(filter: $b) { ...Report }';
const BATCH = `query ($of: [_Any!]!, $a: WorkloadCostsFilter, $b: WorkloadCostsFilter, ${QUERY}) {
  _entities(representations: $of) { ... on KubernetesCluster { ${TWICE} } ... on KubernetesNamespace { ${TWICE} } }
} ${REPORT}`;

/** The report of a root query for the entity; null without rows. */
async function fetchRoot(gateway: TestGateway, filter: Filter | undefined, query: object): Promise<unknown> {
  if (filter === undefined) return null;
  const response = await gateway.send(ROOT, { filter, ...query });
  expectGood(response);
  const report = response.data.workloadCosts as { readonly all: Connection };
  return report.all.totalCount === 0 ? null : report;
}

/** The report of the entity. */
async function fetchEntity(gateway: TestGateway, entity: Entity, filter: Filter, query: object): Promise<unknown> {
  const lookup = entity.namespace === undefined ? LOOKUP.Cluster : LOOKUP.Namespace;
  const response = await gateway.send(lookup, { ...entity, filter, ...query });
  expectGood(response);
  return response.data.entity.costs as unknown;
}

describe('an entity', () => {
  let stack: TestStack;
  beforeAll(async () => {
    stack = await startStack();
  });
  afterAll(() => stack[Symbol.asyncDispose]());

  const ODD = [
    '😀',
    "it's",
    'say "hi"',
    'a.b/c,d=e',
    '\\',
    '{}',
    '__proto__',
    'constructor',
    'toString',
    ' ',
    '\ud83d',
  ];

  test.each(['nobody has this', ...ODD.filter((name) => name !== ' '), 'x'.repeat(253)])(
    'has the name %j without an upstream call',
    async (name) => {
      const response = await stack.send(
        `query ($name: String!) {
          kubernetesCluster(name: $name) { __typename name }
          kubernetesNamespace(clusterName: "c", name: $name) { __typename clusterName name }
          kubernetesWorkload(clusterName: $name, namespace: "n", type: $name, name: $name) { __typename clusterName namespace type name }
        }`,
        { name },
      );
      expectGood(response);
      expect(response.data).toEqual({
        kubernetesCluster: { __typename: 'KubernetesCluster', name },
        kubernetesNamespace: { __typename: 'KubernetesNamespace', clusterName: 'c', name },
        kubernetesWorkload: { __typename: 'KubernetesWorkload', clusterName: name, namespace: 'n', type: name, name },
      });
      expect(stack.received).toEqual([]);
      expect(response.headers.get('cache-control')).toBe('no-store');
    },
  );

  const RULES: readonly (readonly [what: string, name: string, rule: RegExp])[] = [
    ['empty', '', /must not be empty/],
    ['blank', ' \t ', /must not be empty/],
    ['254 characters long', 'x'.repeat(254), /at most 253 characters/],
    ['text with a line end', 'a\r\nb', /control characters/],
    ['text with a NUL', 'a\u0000b', /control characters/],
  ];
  const LOOKUPS: readonly (readonly [field: string, args: readonly string[]])[] = [
    ['kubernetesCluster', ['name']],
    ['kubernetesNamespace', ['clusterName', 'name']],
    ['kubernetesWorkload', ['clusterName', 'namespace', 'type', 'name']],
  ];

  test.each(
    LOOKUPS.flatMap(([field, args]) => args.flatMap((arg) => RULES.map((rule) => [field, arg, ...rule] as const))),
  )(
    'refuses the field `%s` with an argument `%s` that is %s, names the argument, and resolves the other fields',
    async (field, arg, _what, name, rule) => {
      const [, args] = LOOKUPS.find(([each]) => each === field)!;
      const given = args.map((each) => `${each}: ${each === arg ? '$name' : '"x"'}`).join(', ');
      const response = await stack.send(
        `query ($name: String!) { ${field}(${given}) { __typename costs: __typename } other: kubernetesCluster(name: "x") { name } }`,
        { name },
      );
      expect(response.status).toBe(200);
      expect(response.data).toEqual({ [field]: null, other: { name: 'x' } });
      expect([pathsOf(response), codesOf(response)]).toEqual([[[field]], ['BAD_USER_INPUT']]);
      expect(response.errors[0]!.message).toMatch(new RegExp(`^${arg} ${rule.source}|^${arg} must .*${rule.source}`));
      expect(stack.received).toEqual([]);
    },
  );
});

describe('costs', () => {
  test.each<[string, string, string]>([
    ['an unknown cluster', 'kubernetesCluster(name: "nowhere")', ''],
    ['an unknown namespace of a known cluster', `kubernetesNamespace(clusterName: "${CLUSTER}", name: "nowhere")`, ''],
    ['a namespace of another cluster', 'kubernetesNamespace(clusterName: "ml-us-west-2", name: "payments")', ''],
    [
      'a filter that matches nothing',
      `kubernetesCluster(name: "${CLUSTER}")`,
      '(filter: { workloadTypes: { names: ["Pod"] } })',
    ],
    [
      'a cluster without its namespaces',
      'kubernetesCluster(name: "ml-us-west-2")',
      '(filter: { namespaces: { names: ["payments"] } })',
    ],
    [
      "a cluster that is not the host's own",
      'kubernetesCluster(name: "ml-us-west-2")',
      '(filter: { multiCluster: false })',
    ],
  ])('of %s are null without an error', async (_what, entity, filter) => {
    await using stack = await startStack();
    const response = await stack.send(`{ entity: ${entity} { name costs${filter} { clusters } } }`);
    expectGood(response);
    expect(response.data.entity).toMatchObject({ costs: null });
    expect(stack.received).toHaveLength(1);
  });

  test('with a null filter equal costs without a filter', async () => {
    await using stack = await startStack({ simulator: FLEET });
    const { clusterName, namespace, type, name } = FLEET_WORKLOADS[0]!;
    const workload = `clusterName: "${clusterName}", namespace: "${namespace}", type: "${type}", name: "${name}"`;
    const costs = 'window { startTime } rows { totalCount }';
    const response = await stack.send(`{
      kubernetesCluster(name: "${CLUSTER}") { none: costs { ${costs} } null: costs(filter: null) { ${costs} } }
      kubernetesNamespace(clusterName: "${CLUSTER}", name: "payments") {
        none: costs { ${costs} } null: costs(filter: { clusters: null, namespaces: null, last: null, multiCluster: null }) { ${costs} }
      }
      kubernetesWorkload(${workload}) { none: cost { totalCost } null: cost(last: null) { totalCost } }
    }`);
    expectGood(response);
    for (const entity of Object.values(response.data as Record<string, { none: object; null: object }>)) {
      expect(entity.none).not.toBeNull();
      expect(entity.null).toEqual(entity.none);
    }
    expect(stack.received).toHaveLength(1);
  });

  test.each<[string, string, string]>([
    [
      'includes other clusters',
      `kubernetesCluster(name: "${CLUSTER}")`,
      'clusters: { names: ["nowhere", "staging-eu-west-1"] }',
    ],
    [
      'excludes the cluster',
      `kubernetesCluster(name: "${CLUSTER}")`,
      `clusters: { names: ["${CLUSTER}"], exclude: true }`,
    ],
    [
      'excludes the cluster of the namespace',
      `kubernetesNamespace(clusterName: "${CLUSTER}", name: "payments")`,
      `clusters: { names: ["${CLUSTER}"], exclude: true }`,
    ],
    [
      'includes other namespaces',
      `kubernetesNamespace(clusterName: "${CLUSTER}", name: "payments")`,
      'namespaces: { names: ["orders", "search"] }',
    ],
    [
      'excludes the namespace',
      `kubernetesNamespace(clusterName: "${CLUSTER}", name: "payments")`,
      'namespaces: { names: ["orders", "payments"], exclude: true }',
    ],
  ])('are null without an upstream call when the filter %s', async (_what, entity, filter) => {
    await using stack = await startStack();
    const response = await stack.send(`{ entity: ${entity} { name costs(filter: { ${filter} }) { clusters } } }`);
    expectGood(response);
    expect(response.data.entity).toMatchObject({ costs: null });
    expect(stack.received).toEqual([]);
  });

  test('are refused for a page over GATEWAY_MAX_PAGE_ROWS at its path, and their sums are allowed', async () => {
    await using stack = await startStack({ simulator: FLEET, env: { GATEWAY_MAX_PAGE_ROWS: '20' } });
    const response = await stack.send(`{
      all: kubernetesCluster(name: "${CLUSTER}") { name costs { rows { nodes { id: scaleOpsId } } } }
      page: kubernetesCluster(name: "${CLUSTER}") { costs { rows(first: 20) { totalCount nodes { id: scaleOpsId } } } }
      sums: kubernetesCluster(name: "${CLUSTER}") { costs { totals { rowCount } rows { totalCount } } }
      small: kubernetesNamespace(clusterName: "${CLUSTER}", name: "payments") { costs { rows { nodes { namespace } } } }
    }`);
    expect(pathsOf(response)).toEqual([['all', 'costs', 'rows', 'nodes']]);
    expect(codesOf(response)).toEqual(['BAD_USER_INPUT']);
    expect(response.errors[0]!.message).toMatch(/^first .*\b20\b/);
    expect(response.data).toMatchObject({
      all: { name: CLUSTER, costs: null },
      page: { costs: { rows: { totalCount: 145 } } },
      sums: { costs: { totals: { rowCount: 145 }, rows: { totalCount: 145 } } },
    });
    expect(response.data.page.costs.rows.nodes).toHaveLength(20);
    expect(response.data.small.costs.rows.nodes).toHaveLength(19);
    expect(stack.received).toHaveLength(1);
  });
});

/** A ScaleOps that several gateways share. */
async function startFleet() {
  const received: ReceivedRequest[] = [];
  const now = (): number => Date.UTC(2026, 0, 31);
  const simulator = createSimulator({ ...FLEET, token: TOKEN, now, onRequest: (request) => received.push(request) });
  return { url: await simulator.listen(), received, [Symbol.asyncDispose]: () => simulator.close() };
}

describe('the costs of an entity equal the costs of a root query', () => {
  let scaleOps: Awaited<ReturnType<typeof startFleet>>;
  let received: ReceivedRequest[];
  let url: string;
  /** No cache: every report is a new one of the simulator. */
  let plain: TestGateway;

  beforeAll(async () => {
    scaleOps = await startFleet();
    ({ url, received } = scaleOps);
    plain = startGateway(url, NO_CACHE);
  });
  afterAll(async () => {
    await plain[Symbol.asyncDispose]();
    await scaleOps[Symbol.asyncDispose]();
  });
  beforeEach(() => {
    received.length = 0;
  });
  /** Runs `act`; returns its result with the number of upstream calls. */
  const counted = async <T>(act: () => Promise<T>): Promise<readonly [T, number]> => {
    const before = received.length;
    return [await act(), received.length - before];
  };

  test(
    'when they are requested alone',
    async () => {
      const seen = { null: 0, report: 0, leftOut: 0 };
      await fc.assert(
        fc.asyncProperty(anyEntity, anyFilter, anyQuery, async (entity, filter, query) => {
          const rootFilter = toRootFilter(filter, entity);
          const expected = await fetchRoot(plain, rootFilter, query);
          const [costs, calls] = await counted(() => fetchEntity(plain, entity, filter, query));
          expect(costs).toEqual(expected);
          expect(calls).toBe(rootFilter === undefined ? 0 : 1);
          seen[expected === null ? 'null' : 'report'] += 1;
          if (rootFilter === undefined) seen.leftOut += 1;
        }),
        { numRuns: 80 },
      );
      // A property with only nulls would hold for any code.
      for (const count of Object.values(seen)) expect(count).toBeGreaterThan(5);
    },
    MINUTE_MS,
  );

  test(
    'when many entities share the fewest calls',
    async () => {
      const anyEntities = fc.array(anyEntity, { minLength: 2, maxLength: 8 });
      await fc.assert(
        fc.asyncProperty(anyEntities, anyFilter, anyFilter, anyQuery, async (entities, a, b, query) => {
          const [response, calls] = await counted(() =>
            plain.send(BATCH, { of: entities.map(toRepresentation), a, b, ...query }),
          );
          expectGood(response);
          const expected: unknown[] = [];
          for (const entity of entities) {
            expected.push({
              a: await fetchRoot(plain, toRootFilter(a, entity), query),
              b: await fetchRoot(plain, toRootFilter(b, entity), query),
            });
          }
          expect(response.data._entities).toEqual(expected);
          // A filter takes at most one call for clusters and one for namespaces.
          expect(calls).toBeLessThanOrEqual(4);
        }),
        { numRuns: 25 },
      );
    },
    MINUTE_MS,
  );

  test(
    'when they come from a wider cached report, without a call',
    async () => {
      let reports = 0;
      await fc.assert(
        fc.asyncProperty(
          anyEntity.chain((entity) => fc.tuple(fc.constant(entity), anyWider(entity))),
          anyQuery,
          async ([entity, { filter, wider }], query) => {
            const expected = await fetchRoot(plain, toRootFilter(filter, entity), query);
            await using keeping = startGateway(url);
            await fetchRoot(keeping, wider, query);
            const [costs, calls] = await counted(() => fetchEntity(keeping, entity, filter, query));
            expect(costs).toEqual(expected);
            expect(calls).toBe(0);
            if (expected !== null) reports += 1;
          },
        ),
        { numRuns: 60 },
      );
      expect(reports).toBeGreaterThan(10);
    },
    MINUTE_MS,
  );

  test(
    'when cached reports lack some of the rows, or have other rows',
    async () => {
      let calls = 0;
      await fc.assert(
        fc.asyncProperty(anyEntity, anyNeighbours, anyQuery, async (entity, { filter, neighbours }, query) => {
          const rootFilter = toRootFilter(filter, entity);
          const expected = await fetchRoot(plain, rootFilter, query);
          await using keeping = startGateway(url);
          for (const neighbour of neighbours) await fetchRoot(keeping, neighbour, query);
          const [costs, count] = await counted(() => fetchEntity(keeping, entity, filter, query));
          expect(costs).toEqual(expected);
          expect(count).toBeLessThanOrEqual(rootFilter === undefined ? 0 : 1);
          calls += count;
        }),
        { numRuns: 80 },
      );
      // Some cached reports must be useful, and some useless.
      expect(calls).toBeGreaterThan(10);
      expect(calls).toBeLessThan(60);
    },
    MINUTE_MS,
  );

  test.each<[string, Filter]>([
    ['types', { workloadTypes: { names: ['Deployment'] } }],
    ['labels', { labels: { labels: [{ key: 'team', value: 'payments' }] } }],
    ['annotations', { annotations: { labels: [{ key: 'prometheus.io/scrape', value: 'true' }], exclude: true } }],
    ['a period', { last: '30d' }],
    ['ignored workloads', { shouldIgnoreWorkloads: true }],
    ['namespaces', { namespaces: { names: ['payments'], exclude: true } }],
  ])('when a cached report differs in its condition on %s', async (_what, condition) => {
    const entity = { clusterName: CLUSTER };
    for (const [kept, filter] of [
      [{}, condition],
      [condition, {}],
    ] as const) {
      await using keeping = startGateway(url);
      const other = await fetchRoot(
        keeping,
        { multiCluster: true, clusters: { names: [CLUSTER] }, ...kept },
        PLAIN_QUESTION,
      );
      const expected = await fetchRoot(plain, toRootFilter(filter, entity), PLAIN_QUESTION);
      const [costs, calls] = await counted(() => fetchEntity(keeping, entity, filter, PLAIN_QUESTION));
      expect(costs).toEqual(expected);
      expect(costs).not.toEqual(other);
      expect(calls).toBe(1);
    }
  });

  test("when a cached report covers the host's own cluster only, or all clusters but that one", async () => {
    const entities = [{ clusterName: CLUSTER }, { clusterName: 'ml-us-west-2' }, NAMESPACE];
    for (const kept of [true, false]) {
      for (const multiCluster of [true, false]) {
        for (const entity of entities) {
          await using keeping = startGateway(url);
          await fetchRoot(keeping, { multiCluster: kept }, PLAIN_QUESTION);
          const expected = await fetchRoot(plain, toRootFilter({ multiCluster }, entity), PLAIN_QUESTION);
          const [costs, calls] = await counted(() => fetchEntity(keeping, entity, { multiCluster }, PLAIN_QUESTION));
          expect(costs).toEqual(expected);
          // ScaleOps returns its whole own cluster either way; a report of all clusters does not say which that is.
          const isCached = kept === multiCluster || (multiCluster && entity.clusterName === CLUSTER);
          expect(calls).toBe(isCached ? 0 : 1);
        }
      }
    }
  });

  test.each([
    ['of a cluster', { clusterName: CLUSTER }],
    ['of a namespace', { clusterName: CLUSTER, namespace: 'payments' }],
  ])('page by page, and cursors %s are valid in the root query and vice versa', async (_what, entity: Entity) => {
    await using keeping = startGateway(url);
    await fetchRoot(keeping, { multiCluster: true, last: '7d' }, PLAIN_QUESTION);
    const filter = { last: '7d', clusters: { names: ['nowhere', CLUSTER] } };
    const rows = 'rows(orderBy: [{ field: WORKLOAD_TYPE, direction: ASC }], first: 4, after: $after)';
    const page = `costs: workloadCosts(filter: $root) { ${rows} { edges { cursor node { id: scaleOpsId } } } }`;
    const field =
      entity.namespace === undefined
        ? `kubernetesCluster(name: "${CLUSTER}")`
        : `kubernetesNamespace(clusterName: "${CLUSTER}", name: "payments")`;
    const ofEntity = `entity: ${field} { costs(filter: $filter) { ${rows} { edges { cursor node { id: scaleOpsId } } } } }`;
    const send = async (after: string | null, isEntity: boolean): Promise<Connection['edges']> => {
      const response = isEntity
        ? await keeping.send(`query ($filter: WorkloadCostsFilter, $after: String) { ${ofEntity} }`, { filter, after })
        : await keeping.send(`query ($root: WorkloadCostsFilter, $after: String) { ${page} }`, {
            root: toRootFilter(filter, entity),
            after,
          });
      expectGood(response);
      const costs = isEntity ? response.data.entity.costs : response.data.costs;
      return costs.rows.edges as Connection['edges'];
    };
    const first = await send(null, true);
    expect(await send(null, false)).toEqual(first);
    const after = first.at(-1)!.cursor;
    const second = await send(after, false);
    expect(second).toHaveLength(4);
    expect(await send(after, true)).toEqual(second);
    expect(await send(second.at(-1)!.cursor, true)).toEqual(await send(second.at(-1)!.cursor, false));
    const foreign = await keeping.send(
      `query ($filter: WorkloadCostsFilter, $after: String) { ${ofEntity.replace(field, 'kubernetesCluster(name: "ml-us-west-2")')} }`,
      { filter: { last: '7d' }, after },
    );
    expect([codesOf(foreign), pathsOf(foreign)]).toEqual([['BAD_USER_INPUT'], [['entity', 'costs', 'rows']]]);
    // The wider report, and the report of the root query itself.
    expect(received).toHaveLength(2);
  });
});

const NAMESPACE: Entity = { clusterName: CLUSTER, namespace: 'payments' };
const PLAIN_QUESTION = { count: 3, by: [{ field: 'NAMESPACE' }] };

/** A row of the REST API with these names and this cost only. */
const rawRow = (clusterName: string, namespace: string, type: string, name: string, totalCost = 1): Raw => ({
  id: `${clusterName}/${namespace}/${type}/${name}/${totalCost}`,
  ...{ clusterName, namespace, workloadType: type, workloadName: name, totalCost },
});

describe('costs of unusual rows', () => {
  let upstream: RowsUpstream;
  let plain: TestGateway;

  beforeAll(async () => {
    upstream = await startRowsUpstream();
    plain = startGateway(upstream.url, NO_CACHE);
  });
  afterAll(async () => {
    await plain[Symbol.asyncDispose]();
    await upstream[Symbol.asyncDispose]();
  });

  const WORKLOADS = `query ($of: [_Any!]!) { _entities(representations: $of) { ... on KubernetesWorkload { cost { ${ROW} } } } }`;
  const fold = (name: unknown): string => (name as string).toLowerCase();
  const isSame = (a: Node, b: Node): boolean =>
    fold(a.workloadType) === fold(b.workloadType) && fold(a.workloadName) === fold(b.workloadName);
  const hasNames = (row: Node): boolean =>
    [row.clusterName, row.namespace, row.workloadType, row.workloadName].every((name) => name != null && name !== '');
  const orElse = (name: string | null | undefined, other: string): string => (name === '' ? other : (name ?? other));
  const nameAll = ({ clusterName, namespace, workloadType, workloadName }: Node) => ({
    clusterName: orElse(clusterName, 'a'),
    namespace: orElse(namespace, 'b'),
    workloadType: orElse(workloadType, 'Job'),
    workloadName: orElse(workloadName, 'a'),
  });
  /** The distinct clusters and namespaces of rows. */
  const entitiesOf = (rows: readonly Node[]): Entity[] => {
    const entities = rows.flatMap(({ clusterName, namespace }): Entity[] => {
      if (!clusterName) return [];
      return namespace ? [{ clusterName }, { clusterName, namespace }] : [{ clusterName }];
    });
    return [...new Map(entities.map((entity) => [JSON.stringify(entity), entity])).values()];
  };

  test(
    'equal those of a root query, and a workload is its row there',
    async () => {
      let workloadCount = 0;
      await fc.assert(
        fc.asyncProperty(anyReport(14, 1), anyQuery, fc.boolean(), async (json, query, isKept) => {
          // Half of the rows have all names, so that many rows have an entity.
          const rows = (json.aggregatedWorkloads as unknown as readonly Node[]).map((row, index) =>
            index % 2 === 0 ? row : { ...row, ...nameAll(row) },
          );
          upstream.serve(rows);
          const entities = entitiesOf(rows);
          const expected: unknown[] = [];
          for (const entity of entities) expected.push(await fetchRoot(plain, toRootFilter({}, entity), query));
          const isOfOneRow = (row: Node): boolean =>
            rows.filter((each) => hasNames(each) && isSame(each, row)).length === 1;
          const workloads = rows.filter((row) => hasNames(row) && isOfOneRow(row));

          await using gateway = startGateway(upstream.url);
          if (isKept) await fetchRoot(gateway, { multiCluster: true }, query);
          const before = upstream.received.length;
          const response = await gateway.send(BATCH, { of: entities.map(toRepresentation), ...query });
          expectGood(response);
          expect((response.data._entities as { a: unknown }[]).map(({ a }) => a)).toEqual(expected);
          const cost = await gateway.send(WORKLOADS, { of: workloads.map(toWorkloadRepresentation) });
          expectGood(cost);
          expect(upstream.received.length - before).toBe(isKept || entities.length === 0 ? 0 : 1);

          const theirRows = workloads.map((row) => {
            const at = entities.findIndex(
              (each) => each.clusterName === row.clusterName && each.namespace === row.namespace,
            );
            const { all } = expected[at] as { readonly all: Connection };
            return all.edges.find(({ node }) => hasNames(node) && isSame(node, row))!.node;
          });
          expect((cost.data._entities as { cost: unknown }[]).map((each) => each.cost)).toEqual(theirRows);
          workloadCount += workloads.length;
        }),
        { numRuns: 40 },
      );
      expect(workloadCount).toBeGreaterThan(100);
    },
    MINUTE_MS,
  );

  test('are summed as decimals when their own numbers are decimals, whatever numbers other rows have', async () => {
    const rows = [
      rawRow('c', 'decimal', 'Job', 'a', 0.1),
      rawRow('c', 'decimal', 'Job', 'b', 0.2),
      rawRow('c', 'binary', 'Job', 'a', 1 / 3),
      rawRow('c', 'tiny', 'Job', 'a', 5e-324),
      rawRow('c', 'huge', 'Job', 'a', Number.MAX_VALUE),
      rawRow('c', 'huge', 'Job', 'b', -1),
    ];
    upstream.serve(rows);
    const requested = ['decimal', 'binary', 'tiny', 'huge'];
    const costs =
      'costs { totals { totalCost } rows { nodes { share } } breakdown(by: [{ field: NAMESPACE }]) { totals { totalCost } } }';
    const lookups = requested.map(
      (name) => `${name}: kubernetesNamespace(clusterName: "c", name: "${name}") { ${costs} }`,
    );
    const expected = (totalCost: number, ...shares: readonly number[]) => ({
      costs: {
        totals: { totalCost },
        rows: { nodes: shares.map((share) => ({ share })) },
        breakdown: { totals: { totalCost } },
      },
    });
    const data = {
      decimal: expected(0.3, 0.1 / 0.3, 0.2 / 0.3),
      binary: expected(1 / 3, 1),
      tiny: expected(5e-324, 1),
      huge: expected(Number.MAX_VALUE, 1, -1 / Number.MAX_VALUE),
    };
    await using gateway = startGateway(upstream.url);
    const before = upstream.received.length;
    const together = await plain.send(`{ ${lookups.join(' ')} }`);
    expect(upstream.received.length - before).toBe(1);
    await gateway.send('{ workloadCosts(filter: { multiCluster: true }) { clusters } }');
    const kept = await gateway.send(`{ ${lookups.join(' ')} }`);
    expect(upstream.received.length - before).toBe(2);
    for (const response of [together, kept, await plain.send(`{ ${lookups[0]} }`)]) expectGood(response);
    expect(together.data).toEqual(data);
    expect(kept.data).toEqual(data);
  });

  test('are assigned correctly even if names contain line ends, which no filter accepts', async () => {
    upstream.serve([
      rawRow('a\nb', 'c', 'x\ny', 'z', 1),
      rawRow('a', 'b\nc', 'x', 'y\nz', 2),
      rawRow('a\nb', 'c', 'x', 'y\nz', 3),
    ]);
    const response = await plain.send(`{ workloadCosts(filter: { multiCluster: true }) { rows { nodes {
      totalCost kubernetesCluster { costs { totals { totalCost } } } kubernetesNamespace { costs { totals { totalCost } } }
      kubernetesWorkload { cost { totalCost } }
    } } } }`);
    expectGood(response);
    const ofTotal = (totalCost: number) => ({ costs: { totals: { totalCost } } });
    expect(response.data.workloadCosts.rows.nodes).toEqual([
      {
        totalCost: 1,
        kubernetesCluster: ofTotal(4),
        kubernetesNamespace: ofTotal(4),
        kubernetesWorkload: { cost: { totalCost: 1 } },
      },
      {
        totalCost: 2,
        kubernetesCluster: ofTotal(2),
        kubernetesNamespace: ofTotal(2),
        kubernetesWorkload: { cost: { totalCost: 2 } },
      },
      {
        totalCost: 3,
        kubernetesCluster: ofTotal(4),
        kubernetesNamespace: ofTotal(4),
        kubernetesWorkload: { cost: { totalCost: 3 } },
      },
    ]);
  });
});

function toWorkloadRepresentation({ clusterName, namespace, workloadType: type, workloadName: name }: Node): object {
  return { __typename: 'KubernetesWorkload', clusterName, namespace, type, name };
}

describe('the cost of a workload', () => {
  const COSTS = `query ($of: [_Any!]!, $last: CostDuration) {
    _entities(representations: $of) { ... on KubernetesWorkload { cost(last: $last) { ${ROW} } } }
  }`;
  const NAMESPACE_ROWS = `query ($clusterName: String!, $namespace: String!, $last: CostDuration) {
    kubernetesNamespace(clusterName: $clusterName, name: $namespace) { costs(filter: { last: $last }) { rows { nodes { ${ROW} } } } }
  }`;

  test(
    'is its row in the report of its namespace, for any number of workloads',
    async () => {
      await using stack = await startStack({ simulator: FLEET, env: NO_CACHE });
      const requested = fc.uniqueArray(fc.constantFrom(...FLEET_WORKLOADS), { minLength: 1, maxLength: 30 });
      await fc.assert(
        fc.asyncProperty(requested, fc.constantFrom(undefined, '1d', '30d'), async (workloads, last) => {
          const before = stack.received.length;
          const of = workloads.map(({ clusterName, namespace, type, name }) => ({
            ...{ __typename: 'KubernetesWorkload', clusterName, namespace },
            // Kubernetes uses lower-case names and CamelCase types, but people also write others.
            ...{ type: type.toUpperCase(), name: name.toUpperCase() },
          }));
          const response = await stack.send(COSTS, { of, last });
          expectGood(response);
          expect(stack.received.length - before).toBe(1);
          const expected: unknown[] = [];
          for (const { clusterName, namespace, id } of workloads) {
            const rows = await stack.send(NAMESPACE_ROWS, { clusterName, namespace, last });
            expect(stack.received.length - before).toBe(expected.length + 2);
            expected.push({
              cost: (rows.data.kubernetesNamespace.costs.rows.nodes as Node[]).find((row) => row.scaleOpsId === id),
            });
          }
          expect(response.data._entities).toEqual(expected);
        }),
        { numRuns: 15 },
      );
    },
    MINUTE_MS,
  );

  test('has a share of the cost of the namespace', async () => {
    await using stack = await startStack({ simulator: FLEET });
    const { data } = await stack.send(`{
      kubernetesNamespace(clusterName: "${CLUSTER}", name: "payments") {
        costs { totals { totalCost } rows(first: 2) { nodes { totalCost share kubernetesWorkload { cost { totalCost share } } } } }
      }
    }`);
    const { totals, rows } = data.kubernetesNamespace.costs;
    expect(rows.nodes).toHaveLength(2);
    for (const { totalCost, share, kubernetesWorkload } of rows.nodes) {
      expect(share).toBe(totalCost / totals.totalCost);
      expect(kubernetesWorkload.cost).toEqual({ totalCost, share });
    }
    expect(stack.received).toHaveLength(1);
  });

  test('is null without an error when ScaleOps does not list the workload', async () => {
    await using stack = await startStack({ simulator: FLEET });
    const { clusterName, namespace, type, name } = FLEET_WORKLOADS[0]!;
    const of = [
      { clusterName, namespace, type, name },
      { clusterName, namespace, type, name: 'nobody' },
      { clusterName, namespace, type: 'Pod', name },
      { clusterName, namespace: 'nowhere', type, name },
      { clusterName: 'nowhere', namespace, type, name },
      { clusterName, namespace, type: '__proto__', name: 'constructor' },
    ].map((key) => ({ __typename: 'KubernetesWorkload', ...key }));
    const response = await stack.send(
      'query ($of: [_Any!]!) { _entities(representations: $of) { ... on KubernetesWorkload { cost { workloadName } } } }',
      { of },
    );
    expectGood(response);
    expect(response.data._entities).toEqual([
      { cost: { workloadName: name } },
      ...Array<object>(5).fill({ cost: null }),
    ]);
    expect(stack.received).toHaveLength(1);
  });

  test('is the sum of several rows with the same name', async () => {
    await using upstream = await startRowsUpstream();
    await using gateway = startGateway(upstream.url);
    upstream.serve([
      rawRow('c', 'other', 'Job', 'a', 1),
      rawRow('c', 'n', 'Job', 'a', 2),
      rawRow('c', 'n', 'JOB', 'A', 3),
      rawRow('C', 'N', 'job', 'a', 4),
    ]);
    const response = await gateway.send(`{
      a: kubernetesWorkload(clusterName: "c", namespace: "n", type: "Job", name: "a") { cost { totalCost share } }
      b: kubernetesWorkload(clusterName: "C", namespace: "N", type: "jOB", name: "A") { cost { totalCost share } }
    }`);
    expectGood(response);
    const cost = { totalCost: 9, share: 1 };
    expect(response.data).toEqual({ a: { cost }, b: { cost } });
    expect(upstream.received).toHaveLength(1);
  });
});

describe('names', () => {
  const PAYMENTS = 'rows { totalCount }';
  const lookUp = (clusterName: string, name: string): string =>
    `kubernetesNamespace(clusterName: "${clusterName}", name: "${name}") { costs { ${PAYMENTS} } }`;

  test.each([
    ['together', ''],
    ['beside a report that contains them', '{ workloadCosts(filter: { multiCluster: true }) { clusters } }'],
  ])('in another case mean the same entity, %s', async (_how, before) => {
    await using stack = await startStack({ simulator: FLEET });
    if (before !== '') await stack.send(before);
    const { data, errors } = await stack.send(`{
      plain: ${lookUp(CLUSTER, 'payments')}
      namespace: ${lookUp(CLUSTER, 'Payments')}
      cluster: ${lookUp(CLUSTER.toUpperCase(), 'payments')}
      filter: kubernetesNamespace(clusterName: "${CLUSTER}", name: "Payments") {
        costs(filter: { namespaces: { names: ["PAYMENTS"] }, clusters: { names: ["nowhere"], exclude: true } }) { ${PAYMENTS} }
      }
    }`);
    const costs = { rows: { totalCount: 19 } };
    expect(errors).toEqual([]);
    expect(data).toEqual({ plain: { costs }, namespace: { costs }, cluster: { costs }, filter: { costs } });
    expect(stack.received).toHaveLength(1);
  });

  test.each([
    ['cluster', CLUSTER.toUpperCase(), 'payments'],
    ['namespace', CLUSTER, 'PAYMENTS'],
  ])('of a %s in another case get the same costs alone and together with others', async (_what, clusterName, name) => {
    await using stack = await startStack({ simulator: FLEET, env: NO_CACHE });
    const alone = await stack.send(`{ odd: ${lookUp(clusterName, name)} }`);
    const together = await stack.send(`{ plain: ${lookUp(CLUSTER, 'payments')} odd: ${lookUp(clusterName, name)} }`);
    expect(together.data.plain).toEqual({ costs: { rows: { totalCount: 19 } } });
    expect(together.data.odd).toEqual(alone.data.odd);
    expect(stack.received).toHaveLength(2);
  });

  test.each([
    ['cluster', CLUSTER.toUpperCase(), 'payments'],
    ['namespace', CLUSTER, 'PAYMENTS'],
  ])(
    'of a %s in another case do not make the cached report unusable for later callers',
    async (_what, clusterName, name) => {
      const filter = `clusters: { names: ["${clusterName}"] }, namespaces: { names: ["${name}"] }`;
      // An entity is requested in lower case as well, so its report is reusable. A root query is sent unchanged, and the
      // simulator has nothing with that name.
      for (const [before, calls] of [
        [lookUp(clusterName, name), 1],
        [`workloadCosts(filter: { ${filter} }) { ${PAYMENTS} }`, 2],
      ] as const) {
        await using stack = await startStack({ simulator: FLEET });
        expectGood(await stack.send(`{ ${before} }`));
        const { data } = await stack.send(`{ ${lookUp(CLUSTER, 'payments')} }`);
        expect(data.kubernetesNamespace).toEqual({ costs: { rows: { totalCount: 19 } } });
        expect(stack.received).toHaveLength(calls);
      }
    },
  );

  test(
    'in any case and order, alone and together, get the same costs',
    async () => {
      const SPELLINGS = [
        (name: string) => name,
        (name: string) => name.toUpperCase(),
        (name: string) => name.replace(/^./, (letter) => letter.toUpperCase()),
      ];
      const spelling = fc.constantFrom(...SPELLINGS);
      const requested = fc.array(fc.tuple(anyEntity, spelling, spelling), { minLength: 1, maxLength: 4 });
      const isOf = (each: (typeof FLEET_WORKLOADS)[number], { clusterName, namespace }: Entity): boolean =>
        each.clusterName === clusterName && (namespace === undefined || each.namespace === namespace);
      await using scaleOps = await startFleet();
      await fc.assert(
        fc.asyncProperty(fc.array(requested, { minLength: 1, maxLength: 4 }), async (operations) => {
          await using gateway = startGateway(scaleOps.url);
          for (const entities of operations) {
            const of = entities.map(([{ clusterName, namespace }, spellCluster, spellNamespace]) =>
              toRepresentation({
                clusterName: spellCluster(clusterName),
                ...(namespace !== undefined && { namespace: spellNamespace(namespace) }),
              }),
            );
            const before = scaleOps.received.length;
            const response = await gateway.send(
              `query ($of: [_Any!]!) { _entities(representations: $of) {
                ... on KubernetesCluster { costs { totals { rowCount } } } ... on KubernetesNamespace { costs { totals { rowCount } } }
              } }`,
              { of },
            );
            expectGood(response);
            expect(response.data._entities).toEqual(
              entities.map(([entity]) => {
                const rowCount = FLEET_WORKLOADS.filter((each) => isOf(each, entity)).length;
                return { costs: rowCount === 0 ? null : { totals: { rowCount } } };
              }),
            );
            expect(scaleOps.received.length - before).toBeLessThanOrEqual(2);
          }
        }),
        { numRuns: 60 },
      );
    },
    MINUTE_MS,
  );

  test('are plain data, whatever characters they contain', async () => {
    await using upstream = await startRowsUpstream();
    await using gateway = startGateway(upstream.url);
    const names = [
      '__proto__',
      'constructor',
      'toString',
      '😀',
      "it's",
      '"',
      'a.b',
      'c=d,e',
      '../..',
      '\ud83d',
      'x'.repeat(300),
    ];
    upstream.serve(names.map((name, index) => rawRow(name, name, name, name, index + 1)));
    const response = await gateway.send(`{ workloadCosts(filter: { multiCluster: true, last: "7d" }) { rows { nodes {
      totalCost kubernetesWorkload { name cost { totalCost share workloadName } }
      kubernetesCluster { name costs { clusters totals { totalCost } } }
      kubernetesNamespace { name costs { breakdown(by: [{ field: NAMESPACE }]) { groups { keys { value } } } } }
    } } } }`);
    expectGood(response);
    expect(response.data.workloadCosts.rows.nodes).toEqual(
      names.map((name, index) => ({
        totalCost: index + 1,
        kubernetesWorkload: { name, cost: { totalCost: index + 1, share: 1, workloadName: name } },
        kubernetesCluster: { name, costs: { clusters: [name], totals: { totalCost: index + 1 } } },
        kubernetesNamespace: { name, costs: { breakdown: { groups: [{ keys: [{ value: name }] }] } } },
      })),
    );
    // One call for all rows, and one for the entities' other period.
    expect(upstream.received).toHaveLength(2);
  });
});

describe('a row', () => {
  const ENTITIES =
    'kubernetesCluster { __typename name } kubernetesNamespace { __typename clusterName name } kubernetesWorkload { __typename clusterName namespace type name }';

  test('has its cluster, namespace and workload without a further call', async () => {
    await using stack = await startStack();
    const { data, errors } = await stack.send(
      `{ workloadCosts(filter: { multiCluster: true }) { rows { nodes { clusterName namespace workloadType workloadName ${ENTITIES} } } } }`,
    );
    expect(errors).toEqual([]);
    const rows = data.workloadCosts.rows.nodes as (Node & Raw)[];
    expect(rows).toHaveLength(50);
    for (const { clusterName, namespace, workloadType: type, workloadName: name, ...entities } of rows) {
      expect(entities).toEqual({
        kubernetesCluster: { __typename: 'KubernetesCluster', name: clusterName },
        kubernetesNamespace: { __typename: 'KubernetesNamespace', clusterName, name: namespace },
        kubernetesWorkload: { __typename: 'KubernetesWorkload', clusterName, namespace, type, name },
      });
    }
    expect(stack.received).toHaveLength(1);
  });

  test.each<[string, string, readonly string[]]>([
    ['nothing', '{}', []],
    ['labels', '{ labels: ["team"] }', []],
    ['clusters', '{ cluster: true }', ['kubernetesCluster']],
    ['namespaces', '{ namespace: true }', ['kubernetesCluster', 'kubernetesNamespace']],
  ])(
    'of several workloads, grouped by %s, has only the entities that contain the whole group',
    async (_by, groupBy, present) => {
      await using stack = await startStack();
      const { data, errors } = await stack.send(
        `{ aggregatedCosts(filter: { multiCluster: true, groupBy: ${groupBy} }) { rows { nodes { ${ENTITIES} } } } }`,
      );
      expect(errors).toEqual([]);
      const rows = data.aggregatedCosts.rows.nodes as Raw[];
      expect(rows.length).toBeGreaterThan(0);
      for (const row of rows) expect(Object.keys(row).filter((name) => row[name] !== null)).toEqual(present);
      expect(stack.received).toHaveLength(1);
    },
  );

  test('without a part of a name has no entity of that name', async () => {
    await using upstream = await startRowsUpstream();
    await using gateway = startGateway(upstream.url);
    const whole = { clusterName: 'c', namespace: 'n', workloadType: 't', workloadName: 'w' };
    const without = (...fields: readonly string[]) => ({
      ...whole,
      ...Object.fromEntries(fields.map((field) => [field, ''])),
    });
    upstream.serve([
      { id: '1', ...whole },
      { id: '2', ...without('clusterName') },
      { id: '3', ...without('namespace') },
      { id: '4', ...without('workloadType') },
      { id: '5', ...without('workloadName') },
      { id: '6' },
    ]);
    for (const report of ['workloadCosts', 'aggregatedCosts']) {
      const { data, errors } = await gateway.send(`{ ${report} { rows { nodes { ${ENTITIES} } } } }`);
      expect(errors).toEqual([]);
      const present = (data[report].rows.nodes as Raw[]).map((row) =>
        Object.keys(row).filter((name) => row[name] !== null),
      );
      const ofNamespace = ['kubernetesCluster', 'kubernetesNamespace'];
      expect(present).toEqual([
        [...ofNamespace, 'kubernetesWorkload'],
        [],
        ['kubernetesCluster'],
        ofNamespace,
        ofNamespace,
        [],
      ]);
    }
    expect(upstream.received).toHaveLength(2);
  });

  test('leads to its workload and back, at any depth, without a further call', async () => {
    await using stack = await startStack({ simulator: FLEET });
    const { data, errors } = await stack.send(`{ workloadCosts(filter: { multiCluster: true }) {
      rows(orderBy: [{ field: TOTAL_COST }], first: 5) { nodes { id: scaleOpsId totalCost
        kubernetesWorkload { cost { id: scaleOpsId share kubernetesWorkload { name cost { id: scaleOpsId totalCost share kubernetesNamespace { costs { rows { totalCount }
          totals { totalCost } } } kubernetesCluster { costs { totals { rowCount } } } } } } }
      } }
    } }`);
    expect(errors).toEqual([]);
    const { nodes } = data.workloadCosts.rows;
    expect(nodes).toHaveLength(5);
    for (const { id, totalCost, kubernetesWorkload: workload } of nodes as readonly {
      id: string;
      totalCost: number;
      kubernetesWorkload: any;
    }[]) {
      const { cost } = workload.cost.kubernetesWorkload;
      const { totals, rows } = cost.kubernetesNamespace.costs;
      const neighbours = FLEET_WORKLOADS.filter((each) => id.startsWith(`${each.clusterName}/${each.namespace}/`));
      expect([workload.cost.id, cost.id, cost.totalCost]).toEqual([id, id, totalCost]);
      expect([workload.cost.share, cost.share]).toEqual(Array(2).fill(totalCost / totals.totalCost));
      expect(rows.totalCount).toBe(neighbours.length);
      const ofCluster = FLEET_WORKLOADS.filter((each) => each.clusterName === neighbours[0]!.clusterName);
      expect(cost.kubernetesCluster.costs.totals.rowCount).toBe(ofCluster.length);
    }
    expect(stack.received).toHaveLength(1);
  });
});

describe('an invalid input below 1,000 entities', () => {
  const COUNT = 1_000;
  const of = Array.from({ length: COUNT }, (_, index) => ({ __typename: 'KubernetesCluster', name: `c${index}` }));
  const COSTS = `query ($of: [_Any!]!, $filter: WorkloadCostsFilter) {
    _entities(representations: $of) { ... on KubernetesCluster { name costs(filter: $filter) { clusters } } }
  }`;

  test.each<[string, object, RegExp]>([
    ['an empty name', { namespaces: { names: ['a', ''] } }, /^filter\.namespaces\.names\[1\] must not be empty/],
    [
      'an empty list',
      { clusters: { names: [] } },
      /^filter\.clusters\.names must have at least one name; omit filter\.clusters /,
    ],
    ['a long name', { workloadTypes: { names: ['x'.repeat(254)] } }, /^filter\.workloadTypes\.names\[0\] .*\b253\b/],
    ['a line end', { clusters: { names: ['a\nb'] } }, /^filter\.clusters\.names\[0\] .*control characters/],
    [
      'an invalid label',
      { labels: { labels: [{ key: '__proto__', value: '' }] } },
      /^filter\.labels\.labels\[0\]\.key /,
    ],
    ['1,001 names', { namespaces: { names: Array(1_001).fill('a') } }, /^filter\.namespaces\.names .*\b1000\b/],
  ])('with %s is an error for each of the first 100, by its path', async (_what, filter, message) => {
    await using stack = await startStack();
    const response = await stack.send(COSTS, { of, filter });
    expect(response.status).toBe(200);
    const own = { ...response, errors: response.errors.slice(0, 100) };
    expect(pathsOf(own)).toEqual(of.slice(0, 100).map((_, index) => ['_entities', index, 'costs']));
    expect([codesOf(own), messagesOf(own)]).toEqual([['BAD_USER_INPUT'], [expect.stringMatching(message)]]);
    expect(response.errors.slice(100)).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
    expect((response.data._entities as unknown[]).slice(0, 100)).toEqual(
      of.slice(0, 100).map(({ name }) => ({ name, costs: null })),
    );
    expect(stack.received).toEqual([]);
  });

  test.each<[string, string, string, RegExp]>([
    ['a filter', 'WorkloadCostsFilter', 'costs(filter: $bad) { clusters }', /\$bad.*bad\.last.*CostDuration must be/],
    ['a cost', 'CostDuration', 'cost(last: $bad) { id: scaleOpsId }', /\$bad.*CostDuration must be/],
  ])('that is no duration in %s is one error of the request', async (_what, type, field, message) => {
    await using stack = await startStack();
    const typename = type === 'CostDuration' ? 'KubernetesWorkload' : 'KubernetesCluster';
    const query = `query ($of: [_Any!]!, $bad: ${type}) { _entities(representations: $of) { ... on ${typename} { ${field} } } }`;
    const response = await stack.send(query, { of, bad: type === 'CostDuration' ? '7x' : { last: '7x' } });
    expect(response.status).toBe(400);
    expect([codesOf(response), response.errors.length, response.data]).toEqual([['BAD_USER_INPUT'], 1, undefined]);
    expect(response.errors[0]!.message).toMatch(message);
    const literal = await stack.send(
      query.replace(`, $bad: ${type}`, '').replace('$bad', type === 'CostDuration' ? '"7x"' : '{ last: "7x" }'),
      { of },
    );
    expect([literal.status, codesOf(literal), literal.errors.length]).toEqual([400, ['BAD_USER_INPUT'], 1]);
    expect(literal.errors[0]!.message).toMatch(/^(?:filter\.)?last: CostDuration must be/);
    expect(stack.received).toEqual([]);
  });
});

describe('the CPU time for many entities', () => {
  const MANY = 1_000;
  const list = <T>(length: number, make: (index: number) => T): T[] =>
    Array.from({ length }, (_, index) => make(index));
  const names = (count: number) => list(count, (index) => `name-${index}`);
  const COSTS = `query ($of: [_Any!]!, $filter: WorkloadCostsFilter) { _entities(representations: $of) {
    ... on KubernetesCluster { costs(filter: $filter) { totals { rowCount totalCost } } }
    ... on KubernetesNamespace { costs(filter: $filter) { totals { rowCount totalCost } } }
  } }`;
  const toCluster = (index: number) => ({ __typename: 'KubernetesCluster', name: `c${index}` });
  const toNamespace = (index: number) => ({ __typename: 'KubernetesNamespace', clusterName: 'c', name: `n${index}` });

  test.each<[string, (index: number) => object, (count: number) => object]>([
    ['excluded clusters', toCluster, (count) => ({ clusters: { names: names(count), exclude: true } })],
    ['namespaces of clusters', toCluster, (count) => ({ namespaces: { names: names(count), exclude: true } })],
    ['excluded namespaces', toNamespace, (count) => ({ namespaces: { names: names(count), exclude: true } })],
    ['types', toNamespace, (count) => ({ workloadTypes: { names: names(count), exclude: true } })],
    [
      'labels',
      toNamespace,
      (count) => ({ labels: { labels: names(count).map((key) => ({ key, value: '' })), exclude: true } }),
    ],
    ['names, one of them invalid', toNamespace, (count) => ({ namespaces: { names: [...names(count - 1), ''] } })],
  ])(
    'with a filter of 1,000 %s grows with the sum of both numbers, and not with their product',
    async (_what, toEntity, toFilter) => {
      await using upstream = await startRowsUpstream();
      upstream.serve([
        ...list(MANY, (index) => rawRow('c', `n${index}`, 'Job', 'a')),
        ...list(MANY, (index) => rawRow(`c${index}`, 'n', 'Job', 'a')),
      ]);
      const workOf = async (entityCount: number, nameCount: number): Promise<number> => {
        await using gateway = startGateway(upstream.url, { LOG_LEVEL: 'silent' });
        // Cached reports that do not cover the entities are examined, too.
        for (const name of ['x', 'y', 'z']) {
          const kept = { multiCluster: true, ...toFilter(nameCount), namespaces: { names: [name] } };
          await gateway.send('query ($filter: WorkloadCostsFilter) { workloadCosts(filter: $filter) { clusters } }', {
            filter: kept,
          });
        }
        const before = upstream.received.length;
        const work = await countWork(() =>
          gateway.send(COSTS, { of: list(entityCount, toEntity), filter: toFilter(nameCount) }),
        );
        expect(upstream.received.length - before).toBeLessThanOrEqual(1);
        return work;
      };
      await workOf(1, 1);
      const fork = (await workOf(MANY, 1)) + (await workOf(1, MANY));
      expect(await workOf(MANY, MANY)).toBeLessThan(3 * fork);
    },
    MINUTE_MS,
  );

  test('for one name in 256 spellings equals the time for one name', async () => {
    await using upstream = await startRowsUpstream();
    const rowCount = 2_000;
    upstream.serve(list(rowCount, (index) => rawRow('spelling', `n${index}`, 'Job', 'a')));
    await using gateway = startGateway(upstream.url, { LOG_LEVEL: 'silent' });
    await gateway.send('{ workloadCosts(filter: { multiCluster: true }) { clusters } }');
    const spell = (name: string, index: number): string =>
      Array.from(name, (letter, at) => ((index >> at) & 1 ? letter.toUpperCase() : letter)).join('');
    const send = async (spellings: readonly string[]): Promise<number> => {
      const of = spellings.map((name) => ({ __typename: 'KubernetesCluster', name }));
      let response: GraphqlResponse | undefined;
      const work = await countWork(async () => (response = await gateway.send(COSTS, { of })));
      const exists = (name: string): boolean => name.toLowerCase() === 'spelling';
      expect(response!.data._entities).toEqual(
        spellings.map((name) => ({ costs: exists(name) ? { totals: { rowCount, totalCost: rowCount } } : null })),
      );
      return work;
    };
    await send(['spelling']);
    const fork = (await send(['spelling'])) + (await send(list(256, (index) => spell('nobodyIs', index))));
    expect(await send(list(256, (index) => spell('spelling', index)))).toBeLessThan(3 * fork);
    expect(upstream.received).toHaveLength(1);
  });
});

describe('a failed report', () => {
  const COSTS = `query ($of: [_Any!]!) { _entities(representations: $of) {
    ... on KubernetesCluster { name costs { clusters } other: costs(filter: { last: "30d" }) { clusters } }
    ... on KubernetesNamespace { clusterName name costs { clusters } }
    ... on KubernetesWorkload { name cost { id: scaleOpsId } }
  } }`;
  const of = [
    { __typename: 'KubernetesCluster', name: CLUSTER },
    { __typename: 'KubernetesNamespace', clusterName: CLUSTER, name: 'search' },
    {
      __typename: 'KubernetesWorkload',
      clusterName: CLUSTER,
      namespace: 'search',
      type: 'Deployment',
      name: 'search-worker',
    },
  ];
  const keysAlone = [
    { name: CLUSTER, costs: null },
    { clusterName: CLUSTER, name: 'search', costs: null },
    { name: 'search-worker', cost: null },
  ];

  test('is null with its code at its path, beside the keys and the other reports', async () => {
    await using stack = await startStack({
      env: { SCALEOPS_MAX_ATTEMPTS: '1' },
      simulator: {
        latency: ({ query }) => {
          if (query.get('range') === null) throw new Error('down');
        },
      },
    });
    const response = await stack.send(COSTS, { of });
    expect(response.status).toBe(200);
    expect(response.data._entities).toEqual([
      { ...keysAlone[0], other: { clusters: [CLUSTER] } },
      keysAlone[1],
      keysAlone[2],
    ]);
    expect(pathsOf(response).toSorted()).toEqual([
      ['_entities', 0, 'costs'],
      ['_entities', 1, 'costs'],
      ['_entities', 2, 'cost'],
    ]);
    expect(codesOf(response)).toEqual(['UPSTREAM_ERROR']);
    expect(response.errors.map(({ extensions }) => extensions.retryable)).toEqual([true, true, true]);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(stack.received).toHaveLength(2);
  });

  test('is an error of the request when the caller sends no token, and of its field when ScaleOps refuses the token', async () => {
    await using tenants = await startTenants({ tokens: { good: 'ann', bad: 'bob' } });
    await using gateway = startGateway(tenants.url, { SCALEOPS_AUTH: 'forward' });
    const without = await gateway.send(COSTS, { of });
    expect([without.status, codesOf(without), without.data]).toEqual([401, ['UNAUTHENTICATED'], undefined]);
    expect(without.headers.get('www-authenticate')).toBe('Bearer');
    expect(tenants.requests).toEqual([]);
    tenants.revoke('bad');
    const refused = await gateway.send(COSTS, { of }, { headers: { authorization: 'Bearer bad' } });
    expect(refused.status).toBe(200);
    expect(refused.data._entities).toEqual([{ ...keysAlone[0], other: null }, keysAlone[1], keysAlone[2]]);
    expect([codesOf(refused), refused.errors.length]).toEqual([['UNAUTHENTICATED'], 4]);
    expect(tenants.requests).toHaveLength(2);
  });

  test('is not replaced by the report of another caller', async () => {
    await using tenants = await startTenants({ tokens: { 'of-ann': 'ann', 'of-bob': 'bob' } });
    await using gateway = startGateway(tenants.url, { SCALEOPS_AUTH: 'forward' });
    const send = (token: string, query: string) =>
      gateway.send(query, {}, { headers: { authorization: `Bearer ${token}` } });
    const query = `{ kubernetesCluster(name: "${secretOf('ann')}-cluster") { costs { totals { totalCost } } } }`;
    await send('of-ann', '{ workloadCosts(filter: { multiCluster: true }) { clusters } }');
    // ScaleOps accepts this caller, so its cached reports may be served.
    await send('of-bob', '{ aggregatedCosts { clusters } }');
    const own = await send('of-ann', query);
    expect(own.data.kubernetesCluster).toEqual({ costs: { totals: { totalCost: tenants.costOf('ann') } } });
    expect(tenants.countOf('of-ann')).toBe(1);
    const foreign = await send('of-bob', query);
    expectGood(foreign);
    expect(foreign.data.kubernetesCluster).toEqual({ costs: null });
    expect(tenants.countOf('of-bob')).toBe(2);
  });
});

describe('a response with costs of entities', () => {
  const COSTS = `{ kubernetesCluster(name: "${CLUSTER}") { name costs { asOf isStale } } }`;

  test('has the freshness of its report, fetched or cut from a wider one', async () => {
    await using stack = await startAging();
    const freshnessOf = ({ text }: GraphqlResponse) =>
      (JSON.parse(text) as { extensions?: { freshness?: unknown } }).extensions?.freshness;
    const fetched = await stack.send(COSTS);
    expectGood(fetched);
    expect(fetched.data.kubernetesCluster.costs).toEqual({ asOf: at(0), isStale: false });
    expect(freshnessOf(fetched)).toEqual({ asOf: at(0), isStale: false });
    expect(fetched.headers.get('cache-control')).toBe('private, max-age=60');
    stack.clock.advance(5_000);
    await stack.send('{ workloadCosts(filter: { multiCluster: true }) { asOf } }');
    stack.clock.advance(10_000);
    const cut = await stack.send(COSTS.replace(CLUSTER, 'ml-us-west-2'));
    expect(cut.data.kubernetesCluster.costs).toEqual({ asOf: at(5_000), isStale: false });
    expect(freshnessOf(cut)).toEqual({ asOf: at(5_000), isStale: false });
    expect([cut.headers.get('cache-control'), cut.headers.get('age')]).toEqual(['private, max-age=60', '10']);
    // The absence of rows is a result of ScaleOps as well, and has an age.
    const none = await stack.send(COSTS.replace(CLUSTER, 'nowhere'));
    expect(none.data.kubernetesCluster.costs).toBeNull();
    expect(freshnessOf(none)).toEqual({ asOf: at(5_000), isStale: false });
    expect(stack.received).toHaveLength(2);
  });

  test.each([
    ['its own cached report', COSTS],
    ['a wider cached report', '{ workloadCosts(filter: { multiCluster: true }) { asOf } }'],
  ])('is stale while ScaleOps fails when it comes from %s', async (_what, before) => {
    await using stack = await startAging({ CACHE_STALE_SECONDS: '0' });
    await stack.send(before);
    stack.clock.advance(61_000);
    stack.setDown(true);
    const response = await stack.send(COSTS);
    expectGood(response);
    expect(response.data.kubernetesCluster).toEqual({ name: CLUSTER, costs: { asOf: at(0), isStale: true } });
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(stack.received).toHaveLength(2);
  });
});
