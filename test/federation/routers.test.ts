// The gateway as one of two subgraphs behind real routers on real sockets: the client's response, the router's requests to
// the gateway, and the gateway's requests to ScaleOps.

import { describe, expect, test } from 'vitest';

import type { ReceivedRequest } from '../../src/simulator/received-request.js';
import { regionOf, servicesOfFleet, teamOf, type Service, type WorkloadKey } from '../kit/federation/catalogue.js';
import { codesOf, startGateway, startStack, type GraphqlResponse, type TestGateway } from '../kit/gateway.js';
import { ROUTERS, startSupergraph, type RouterKind, type Supergraph } from '../kit/federation/routers.js';
import { secretOf, startTenants, type Tenants } from '../kit/upstream/tenants.js';

const FLEET = 1_000;
const SERVICES = servicesOfFleet(FLEET);
/** Has a workload in each of two clusters. */
const SPREAD = SERVICES[0]!;
const [HERE, THERE] = SPREAD.workloads.map(({ clusterName }) => clusterName) as [string, string];
const LOCAL = SERVICES.find(({ workloads }) => workloads.length === 1)!;

interface Fixture extends Supergraph {
  /** The gateway without the router. */
  readonly direct: TestGateway;
  /** The requests to ScaleOps. */
  readonly received: readonly ReceivedRequest[];
  /** Later requests that match get a 500 from ScaleOps. */
  fail(fails: (request: ReceivedRequest) => boolean): void;
}

async function startFixture(kind: RouterKind, services = SERVICES): Promise<Fixture> {
  let fails: (request: ReceivedRequest) => boolean = () => false;
  const stack = await startStack({
    env: { SCALEOPS_MAX_ATTEMPTS: '1' },
    simulator: {
      workloads: FLEET,
      latency: (request) => {
        if (fails(request)) throw new Error('ScaleOps fails');
      },
    },
  });
  const supergraph = await startSupergraph(kind, stack.gateway, services);
  return {
    ...supergraph,
    direct: stack,
    received: stack.received,
    fail: (value) => {
      fails = value;
    },
    async [Symbol.asyncDispose]() {
      await supergraph[Symbol.asyncDispose]();
      await stack[Symbol.asyncDispose]();
      expectNoFailure(supergraph, stack);
    },
  };
}

/** Checks that no query of the supergraph causes an error in the gateway's log. */
function expectNoFailure({ fetches }: Supergraph, { log }: TestGateway): void {
  expect(fetches.filter(({ status }) => status >= 500)).toEqual([]);
  expect(log.filter(({ level }) => Number(level) > 40)).toEqual([]);
}

/** The number of entities in each fetch; 0 for a fetch without entities. */
const entityCounts = ({ fetches }: Supergraph): readonly number[] =>
  fetches.map(({ variables }) => (variables.representations as readonly unknown[] | undefined)?.length ?? 0);

/** The paths of the errors in any order, as precise as this router reports them. */
function expectPaths(
  { errors }: GraphqlResponse,
  paths: readonly (readonly unknown[])[],
  { hasExactPaths }: RouterKind,
): void {
  const shown = (path: readonly unknown[] = []): string =>
    path.filter((step) => hasExactPaths || typeof step === 'string').join('.');
  expect(errors.map(({ path }) => shown(path)).sort()).toEqual(paths.map(shown).sort());
}

const COST = 'totalCost savingsAvailable';
const KEY = 'clusterName namespace type name';

const keyOf = ({ clusterName, namespace, type, name }: WorkloadKey): string =>
  [clusterName, namespace, type, name].join('/');

/** The costs of each workload in the gateway's report of all. */
async function fetchRows({ send }: TestGateway, last: string): Promise<(workload: WorkloadKey) => unknown> {
  const { data } = await send(`{ workloadCosts(filter: { multiCluster: true, last: "${last}" }) {
    rows { nodes { clusterName namespace type: workloadType name: workloadName ${COST} } }
  } }`);
  const rows = data.workloadCosts.rows.nodes as (WorkloadKey & Record<'totalCost' | 'savingsAvailable', number>)[];
  const byKey = new Map(rows.map((row) => [keyOf(row), row]));
  return (workload) => {
    const { totalCost, savingsAvailable } = byKey.get(keyOf(workload))!;
    return { totalCost, savingsAvailable };
  };
}

/** The costs of one cluster in a report that is requested directly. */
async function fetchCluster(
  { send }: TestGateway,
  cluster: string,
  selection: string,
  variables?: Readonly<Record<string, unknown>>,
): Promise<any> {
  const definitions = variables && `, ${VARIABLES}`;
  const { data, errors } = await send(
    `query ($cluster: String!${definitions ?? ''}) {
      workloadCosts(filter: { clusters: { names: [$cluster] }, last: "7d" }) { ${selection} }
    }`,
    { cluster, ...variables },
  );
  expect(errors).toEqual([]);
  return data.workloadCosts as unknown;
}

const VARIABLES =
  '$where: CostRowsWhere, $orderBy: [CostRowOrder!], $first: Int, $after: String, $by: [CostDimensionInput!]!';

// Mutations that fail here: a separate report for each entity in createEntityLoader(); a `last` that is not passed on.
describe.each(ROUTERS)('through $name', (kind) => {
  test.each([
    ['a page of 200 services', 200],
    ['1,000 workloads', undefined],
  ])('the costs of %s need one fetch and one call to ScaleOps', async (_title, first) => {
    await using fixture = await startFixture(kind);
    const response = await fixture.send(
      `query ($first: Int, $last: CostDuration) {
        services(first: $first) { owner workloads { ${KEY} cost(last: $last) { ${COST} } } }
      }`,
      { first, last: '7d' },
    );
    const services = SERVICES.slice(0, first);
    const { length } = services.flatMap(({ workloads }) => workloads);
    expect(length).toBeGreaterThanOrEqual(first ?? 1_000);
    expect(response.errors).toEqual([]);
    expect(entityCounts(fixture)).toEqual([length]);
    expect(fixture.catalogue.requests).toHaveLength(1);
    expect(fixture.received).toHaveLength(1);
    const rowOf = await fetchRows(fixture.direct, '7d');
    expect(response.data).toEqual({
      services: services.map(({ owner, workloads }) => ({
        owner,
        workloads: workloads.map((workload) => ({ ...workload, cost: rowOf(workload) })),
      })),
    });
  });

  describe('one fetch is sufficient for', () => {
    const report = 'workloadCosts(filter: { multiCluster: true, last: "7d" })';
    const costs = 'costs(filter: { last: "7d" }) { totals { rowCount totalCost } }';
    const service = `service(name: "${SPREAD.name}")`;
    const pageInfo = 'pageInfo { hasNextPage hasPreviousPage }';
    // The number of entities, and the number of requests to the catalogue.
    test.each<[string, string, number, number]>([
      ['a report', `{ ${report} { asOf rows(first: 5) { nodes { workloadName } } totals { totalCost } } }`, 0, 0],
      ['two reports', `{ ${report} { totals { totalCost } } aggregatedCosts { totals { totalCost } } }`, 0, 0],
      [
        'pages of both subgraphs',
        `{ ${report} { rows(first: 5) { ${pageInfo} } } servicePage(first: 5) { ${pageInfo} nodes { name } } }`,
        0,
        1,
      ],
      [
        'rows and the catalogue fields of their clusters',
        `{ ${report} { rows(first: 5) { nodes { kubernetesCluster { region } } } } }`,
        0,
        1,
      ],
      [
        'rows and their costs over another period',
        `{ ${report} { rows(first: 5) { nodes { kubernetesCluster { ${costs} } kubernetesWorkload { cost(last: "1d") { totalCost } } } } } }`,
        0,
        0,
      ],
      ['a cluster by its name', `{ kubernetesCluster(name: "${HERE}") { region ${costs} } }`, 0, 1],
      [
        'a namespace by its name',
        `{ kubernetesNamespace(clusterName: "${HERE}", name: "identity") { team ${costs} } }`,
        0,
        1,
      ],
      ['the clusters of a service', `{ ${service} { clusters { region ${costs} } } }`, 2, 1],
      ['the namespaces of a service', `{ ${service} { namespaces { team ${costs} } } }`, 2, 1],
      ['the workloads of a service', `{ ${service} { workloads { name cost(last: "7d") { totalCost } } } }`, 2, 1],
      [
        'the workloads of a service and their clusters',
        `{ ${service} { workloads { cost(last: "7d") { kubernetesCluster { ${costs} } kubernetesWorkload { cost(last: "1d") { totalCost } } } } } }`,
        2,
        1,
      ],
    ])('%s', async (_title, query, entities, catalogueRequests) => {
      await using fixture = await startFixture(kind);
      const response = await fixture.send(query);
      expect(response.errors).toEqual([]);
      expect(response.text).not.toContain('null');
      expect(entityCounts(fixture)).toEqual([entities]);
      expect(fixture.catalogue.requests).toHaveLength(catalogueRequests);
    });
  });

  describe('an entity has the fields of both subgraphs', () => {
    test('when it is reached through the catalogue', async () => {
      await using fixture = await startFixture(kind);
      const response = await fixture.send(
        `query ($service: String!) { service(name: $service) {
          name
          clusters { name region owner costs(filter: { last: "7d" }) { totals { rowCount totalCost } } }
          namespaces { clusterName name team }
        } }`,
        { service: SPREAD.name },
      );
      expect(response.errors).toEqual([]);
      expect(fixture.received).toHaveLength(1);
      const clusters = [HERE, THERE].map(async (name) => ({
        name,
        region: regionOf(name),
        owner: `owner-of-${name}`,
        costs: await fetchCluster(fixture.direct, name, 'totals { rowCount totalCost }'),
      }));
      const namespaces = SPREAD.workloads.map(({ clusterName, namespace: name }) => ({
        clusterName,
        name,
        team: teamOf(clusterName, name),
      }));
      expect(response.data.service).toEqual({ name: SPREAD.name, clusters: await Promise.all(clusters), namespaces });
    });

    test('when it is reached through the costs', async () => {
      await using fixture = await startFixture(kind);
      const { data, errors } = await fixture.send(`{ workloadCosts(filter: { multiCluster: true, last: "7d" }) {
        rows(orderBy: [{ field: TOTAL_COST }], first: 50) { nodes {
          clusterName namespace type: workloadType name: workloadName ${COST}
          kubernetesCluster { name region }
          kubernetesNamespace { clusterName name team }
          kubernetesWorkload { ${KEY} }
        } }
      } }`);
      expect(errors).toEqual([]);
      expect(fixture.received).toHaveLength(1);
      const nodes = data.workloadCosts.rows.nodes as (WorkloadKey & Record<string, unknown>)[];
      expect(nodes).toHaveLength(50);
      const rowOf = await fetchRows(fixture.direct, '7d');
      for (const node of nodes) {
        const { clusterName, namespace, type, name } = node;
        expect(node).toEqual({
          clusterName,
          namespace,
          type,
          name,
          ...(rowOf(node) as object),
          kubernetesCluster: { name: clusterName, region: regionOf(clusterName) },
          kubernetesNamespace: { clusterName, name: namespace, team: teamOf(clusterName, namespace) },
          kubernetesWorkload: { clusterName, namespace, type, name },
        });
      }
    });
  });

  describe('below an entity', () => {
    const ALGEBRA = `
      window { startTime endTime }
      clusters
      rows(where: $where, orderBy: $orderBy, first: $first, after: $after) {
        totalCount
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
        edges { cursor node { id totalCost share ownerLabels { key value } } }
      }
      breakdown(by: $by, where: $where, orderBy: { field: SAVINGS_AVAILABLE }, first: 2) {
        groupCount
        groups { keys { dimension value } share totals { rowCount totalCost onDemandPercent } }
        others { totalCost }
      }
      totals(where: $where) { rowCount totalCost spotPercent }`;
    const QUERY = `query ($service: String!, ${VARIABLES}) {
      service(name: $service) { clusters { name costs(filter: { last: "7d" }) { ${ALGEBRA} } } }
    }`;

    test('a report equals one that is requested directly, page after page', async () => {
      await using fixture = await startFixture(kind);
      const variables = {
        where: { namespaces: ['identity', 'payments', 'checkout'], minTotalCost: 1 },
        orderBy: [{ field: 'NAMESPACE', direction: 'ASC' }, { field: 'TOTAL_COST' }],
        by: [{ field: 'WORKLOAD_TYPE' }, { label: 'team' }],
        first: 7,
      };
      const cluster = LOCAL.workloads[0]!.clusterName;
      // The entity's report is now cut from a wider one; the direct report comes from ScaleOps.
      await fetchRows(fixture.direct, '7d');
      let count = 0;
      let after: string | undefined;
      do {
        const page = { ...variables, after };
        const { data, errors } = await fixture.send(QUERY, { service: LOCAL.name, ...page });
        expect(errors).toEqual([]);
        const costs = await fetchCluster(fixture.direct, cluster, ALGEBRA, page);
        expect(data).toEqual({ service: { clusters: [{ name: cluster, costs }] } });
        count += costs.rows.edges.length as number;
        after = costs.rows.pageInfo.hasNextPage ? (costs.rows.pageInfo.endCursor as string) : undefined;
        if (after === undefined) expect(count).toBe(costs.rows.totalCount);
      } while (after !== undefined);
      expect(count).toBeGreaterThan(14);
      expect(fixture.received).toHaveLength(2);
    });

    test.each<[string, Record<string, unknown>]>([
      ['by', { by: [{ field: 'NAMESPACE', label: 'team' }] }],
      ['by', { by: [{}] }],
      ['first', { by: [{ field: 'NAMESPACE' }], first: -1 }],
      ['after', { by: [{ field: 'NAMESPACE' }], after: 'forged' }],
    ])(
      'an invalid `%s` is refused with its code, and the fields of the catalogue have data',
      async (_name, variables) => {
        await using fixture = await startFixture(kind);
        const response = await fixture.send(QUERY.replace('{ name costs', '{ name region costs'), {
          service: LOCAL.name,
          ...variables,
        });
        const name = LOCAL.workloads[0]!.clusterName;
        expect(response.data).toEqual({ service: { clusters: [{ name, region: regionOf(name), costs: null }] } });
        expect(codesOf(response)).toEqual(['BAD_USER_INPUT']);
      },
    );
  });

  describe('a @oneOf input', () => {
    const QUERY = `query ($timeRange: CostTimeRangeInput) {
      aggregatedCosts(filter: { timeRange: $timeRange }) { window { startTime endTime } }
    }`;
    const between = { from: '2026-01-01T00:00:00Z', to: '2026-01-03T00:00:00Z' };
    const LITERAL = '{ from: "2026-01-01T00:00:00Z", to: "2026-01-03T00:00:00Z" }';

    test.each([
      ['a variable', QUERY, { timeRange: { between } }],
      ['a literal', QUERY.replace(/query.*/, '{').replace('$timeRange', `{ between: ${LITERAL} }`), undefined],
    ])('is accepted as %s', async (_title, query, variables) => {
      await using fixture = await startFixture(kind);
      const response = await fixture.send(query, variables);
      expect(response.errors).toEqual([]);
      expect(response.data.aggregatedCosts.window).toEqual({
        startTime: '2026-01-01T00:00:00.000Z',
        endTime: '2026-01-03T00:00:00.000Z',
      });
    });

    // A router does not know the rule: composition drops @oneOf.
    test.each([
      ['two in a variable', QUERY, { timeRange: { last: '1d', between } }],
      ['none in a variable', QUERY, { timeRange: {} }],
      ['null in a variable', QUERY, { timeRange: { last: null } }],
      [
        'two in a literal',
        QUERY.replace(/query.*/, '{').replace('$timeRange', `{ last: "1d", between: ${LITERAL} }`),
        undefined,
      ],
      ['none in a literal', QUERY.replace(/query.*/, '{').replace('$timeRange', '{}'), undefined],
    ])('is refused with its code (%s)', async (_title, query, variables) => {
      await using fixture = await startFixture(kind);
      const response = await fixture.send(query, variables);
      expect(response.status).toBe(200);
      expect(response.data).toEqual({ aggregatedCosts: null });
      expect(codesOf(response)).toEqual([expect.stringMatching(/^(BAD_USER_INPUT|GRAPHQL_VALIDATION_FAILED)$/)]);
      expect(fixture.fetches).toHaveLength(1);
      expect(fixture.received).toEqual([]);
    });
  });

  test('aliases of a cost over several periods need one fetch, and one call per period', async () => {
    await using fixture = await startFixture(kind);
    const response = await fixture.send(
      `query ($last: CostDuration) { service(name: "${SPREAD.name}") { workloads {
        day: cost(last: "1d") { ${COST} }
        week: cost(last: "7d") { ${COST} }
        chosen: cost(last: $last) { ${COST} }
        again: cost(last: $last) { ${COST} }
      } } }`,
      { last: '30d' },
    );
    expect(response.errors).toEqual([]);
    expect(entityCounts(fixture)).toEqual([2]);
    expect(fixture.received.map(({ query }) => query.get('range')).sort()).toEqual(['1d', '30d', '7d']);
    const [day, week, month] = await Promise.all(['1d', '7d', '30d'].map((last) => fetchRows(fixture.direct, last)));
    expect(response.data.service.workloads).toEqual(
      SPREAD.workloads.map((workload) => ({
        day: day!(workload),
        week: week!(workload),
        chosen: month!(workload),
        again: month!(workload),
      })),
    );
  });

  test('a workload of two services costs the same in both', async () => {
    await using fixture = await startFixture(kind, [SPREAD, { ...SPREAD, name: 'another' }]);
    const { data, errors } = await fixture.send(`{ services { workloads { cost(last: "7d") { ${COST} } } } }`);
    expect(errors).toEqual([]);
    expect(fixture.received).toHaveLength(1);
    const rowOf = await fetchRows(fixture.direct, '7d');
    const workloads = SPREAD.workloads.map((workload) => ({ cost: rowOf(workload) }));
    expect(data.services).toEqual([{ workloads }, { workloads }]);
  });

  test('a workload that ScaleOps does not list is null without an error', async () => {
    const [known] = SPREAD.workloads as [WorkloadKey];
    const service: Service = {
      ...SPREAD,
      workloads: [
        { ...known, name: 'unknown' },
        known,
        { ...known, type: 'CronJob' },
        { ...known, namespace: 'unknown' },
        { ...known, clusterName: 'unknown' },
      ],
    };
    await using fixture = await startFixture(kind, [service]);
    const { data, errors } = await fixture.send(`{ services {
      workloads { ${KEY} cost(last: "7d") { ${COST} } }
      clusters { name region costs { clusters } }
      namespaces { name team costs { clusters } }
    } }`);
    expect(errors).toEqual([]);
    const rowOf = await fetchRows(fixture.direct, '7d');
    expect(data.services[0].workloads).toEqual(
      service.workloads.map((workload) => ({ ...workload, cost: workload === known ? rowOf(known) : null })),
    );
    expect(data.services[0].clusters).toEqual([
      { name: HERE, region: regionOf(HERE), costs: { clusters: [HERE] } },
      { name: 'unknown', region: regionOf('unknown'), costs: null },
    ]);
    expect(data.services[0].namespaces).toEqual(
      [
        [HERE, known.namespace, { clusters: [HERE] }],
        [HERE, 'unknown', null],
        ['unknown', known.namespace, null],
      ].map(([cluster, name, costs]) => ({ name, team: teamOf(cluster as string, name as string), costs })),
    );
  });

  test('an invalid key is an error at its path, and the other entities have data', async () => {
    const [here, there] = SPREAD.workloads as [WorkloadKey, WorkloadKey];
    const service = { ...SPREAD, workloads: [here, { ...here, name: '' }, there] };
    await using fixture = await startFixture(kind, [service]);
    const response = await fixture.send(`{ services { owner workloads { ${KEY} cost(last: "7d") { ${COST} } } } }`);
    const rowOf = await fetchRows(fixture.direct, '7d');
    expect(response.data.services).toEqual([
      {
        owner: service.owner,
        workloads: service.workloads.map((each) => ({ ...each, cost: each.name === '' ? null : rowOf(each) })),
      },
    ]);
    expect(codesOf(response)).toEqual(['BAD_USER_INPUT']);
    // Hive also includes the name of the field.
    expectPaths(response, [['services', 0, 'workloads', 1, ...(kind.hasExactPaths ? [] : ['cost'])]], kind);
  });

  describe('the rest of the response has data when this fails:', () => {
    const expectFieldErrors = (response: GraphqlResponse, paths: readonly (readonly unknown[])[]): void => {
      expect(response.status).toBe(200);
      expectPaths(response, paths, kind);
      for (const { extensions } of response.errors) {
        const requestId = expect.any(String) as string;
        expect(extensions).toMatchObject({ code: 'UPSTREAM_ERROR', retryable: true, requestId });
      }
    };

    test('ScaleOps, below fields of the catalogue', async () => {
      await using fixture = await startFixture(kind);
      fixture.fail(() => true);
      const response = await fixture.send(`{ services(first: 2) { owner workloads { ${KEY} cost { totalCost } } } }`);
      const services = SERVICES.slice(0, 2);
      expect(response.data.services).toEqual(
        services.map(({ owner, workloads }) => ({
          owner,
          workloads: workloads.map((key) => ({ ...key, cost: null })),
        })),
      );
      const paths = services.flatMap(({ workloads }, at) =>
        workloads.map((_key, index) => ['services', at, 'workloads', index, 'cost']),
      );
      expectFieldErrors(response, paths);
      expect(fixture.received).toHaveLength(1);
    });

    test('ScaleOps, for one of two periods', async () => {
      await using fixture = await startFixture(kind);
      fixture.fail(({ query }) => query.get('range') === '30d');
      const response = await fixture.send(`{ service(name: "${LOCAL.name}") {
        owner workloads { week: cost(last: "7d") { ${COST} } month: cost(last: "30d") { ${COST} } }
      } }`);
      const rowOf = await fetchRows(fixture.direct, '7d');
      const workloads = [{ week: rowOf(LOCAL.workloads[0]!), month: null }];
      expect(response.data).toEqual({ service: { owner: LOCAL.owner, workloads } });
      expectFieldErrors(response, [['service', 'workloads', 0, 'month']]);
    });

    test('the catalogue, below fields of the gateway', async () => {
      await using fixture = await startFixture(kind);
      fixture.catalogue.setDown(true);
      const response = await fixture.send(`{ workloadCosts(filter: { multiCluster: true, last: "7d" }) {
        totals { rowCount } rows(first: 2) { nodes { totalCost kubernetesCluster { name region } kubernetesWorkload { name } } }
      } }`);
      expect(response.status).toBe(200);
      expect(response.errors.length).toBeGreaterThan(0);
      const { totals, rows } = response.data.workloadCosts;
      expect(totals).toEqual({ rowCount: FLEET });
      expect(rows.nodes).toHaveLength(2);
      for (const node of rows.nodes) {
        expect(node).toEqual({
          totalCost: expect.any(Number) as number,
          kubernetesCluster: { name: expect.any(String) as string, region: null },
          kubernetesWorkload: { name: expect.any(String) as string },
        });
      }
    });

    test('the catalogue, beside fields of the gateway', async () => {
      await using fixture = await startFixture(kind);
      fixture.catalogue.setDown(true);
      const response = await fixture.send(`{ service(name: "x") { owner } workloadCosts { totals { totalCost } } }`);
      expect(response.data).toEqual({
        service: null,
        workloadCosts: { totals: { totalCost: expect.any(Number) as number } },
      });
      expect(response.errors).toHaveLength(1);
    });
  });
});

interface ForwardFixture extends Supergraph {
  readonly direct: TestGateway;
  readonly tenants: Tenants;
  sendAs(token: string | undefined, headers?: Record<string, string>): Promise<GraphqlResponse>;
}

const TOKENS = { 'token-of-ann': 'ann', 'token-of-bob': 'bob' };
const [ANN, BOB] = Object.keys(TOKENS) as [string, string];

/** A service with a workload of each tenant. */
const SHARED: Service = {
  name: 'shared',
  owner: 'everybody',
  workloads: Object.values(TOKENS).map((tenant) => ({
    clusterName: `${secretOf(tenant)}-cluster`,
    namespace: `${secretOf(tenant)}-namespace`,
    type: 'Deployment',
    name: `${secretOf(tenant)}-row`,
  })),
};

// Mutation that fails here: the principal left out of toCacheKey().
describe.each(ROUTERS)('$name and a gateway with SCALEOPS_AUTH=forward', (kind) => {
  const startForwardFixture = async (): Promise<ForwardFixture> => {
    const tenants = await startTenants({ tokens: TOKENS });
    const direct = startGateway(tenants.url, {
      SCALEOPS_AUTH: 'forward',
      SCALEOPS_MAX_ATTEMPTS: '1',
    });
    const supergraph = await startSupergraph(kind, direct.gateway, [SHARED], { authorization: `Bearer ${ANN}` });
    return {
      ...supergraph,
      direct,
      tenants,
      sendAs: (token, headers) =>
        supergraph.send('{ service(name: "shared") { owner workloads { cost { totalCost } } } }', undefined, {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...headers,
        }),
      async [Symbol.asyncDispose]() {
        await supergraph[Symbol.asyncDispose]();
        await direct[Symbol.asyncDispose]();
        await tenants[Symbol.asyncDispose]();
        expectNoFailure(supergraph, direct);
      },
    };
  };
  const costsFor = ({ tenants }: ForwardFixture, tenant: string): object => ({
    service: {
      owner: 'everybody',
      workloads: Object.values(TOKENS).map((each) => ({
        cost: each === tenant ? { totalCost: tenants.costOf(tenant) } : null,
      })),
    },
  });

  test('the token of each caller reaches ScaleOps, and each caller gets its own costs', async () => {
    await using fixture = await startForwardFixture();
    const tokens = Array.from({ length: 20 }, (_, at) => [ANN, BOB][at % 2]!);
    const responses = await Promise.all(tokens.map((token) => fixture.sendAs(token)));
    for (const [at, response] of responses.entries()) {
      expect(response.errors).toEqual([]);
      expect(response.data).toEqual(costsFor(fixture, at % 2 === 0 ? 'ann' : 'bob'));
    }
    expect(fixture.tenants.requests.map(({ token }) => token).sort()).toEqual([ANN, BOB]);
  });

  test('a caller without a token, or with an invalid one, gets an error beside the fields of the catalogue', async () => {
    await using fixture = await startForwardFixture();
    for (const [token, status, calls] of [
      [undefined, 401, 0],
      ['token-of-nobody', 200, 1],
    ] as const) {
      const before = fixture.tenants.requests.length;
      const response = await fixture.sendAs(token);
      expect(response.status).toBe(200);
      expect(response.data).toEqual(costsFor(fixture, 'nobody'));
      expect(new Set(codesOf(response))).toEqual(new Set(['UNAUTHENTICATED']));
      expect(response.text).not.toContain('token-of-');
      expect(fixture.fetches.at(-1)?.status).toBe(status);
      expect(fixture.tenants.requests.slice(before)).toHaveLength(calls);
    }
  });

  test('the request id is in the log and the error, and reaches both subgraphs', async () => {
    await using fixture = await startForwardFixture();
    const requestId = 'id.of:the-client_1';
    const response = await fixture.sendAs('token-of-nobody', { 'x-request-id': requestId });
    expect(response.errors[0]?.extensions).toMatchObject({ requestId });
    expect(fixture.direct.log.filter((line) => line.requestId === requestId)).toMatchObject([
      { msg: 'operation', errorCodes: ['UNAUTHENTICATED'] },
    ]);
    expect(fixture.fetches.map(({ headers }) => headers['x-request-id'])).toEqual([requestId]);
    expect(fixture.catalogue.requests.map((headers) => headers.get('x-request-id'))).toEqual([requestId]);
  });
});
