// A supergraph with a second subgraph whose types and fields have the usual short names. With the defaults, every
// composer composes both, and every router accepts the supergraph.

import { getComposedSchemaFromConfig, loadGraphQLHTTPSubgraph } from '@graphql-mesh/compose-cli';
import { QueryPlanner } from '@graphql-hive/router-query-planner';
import { composeServices } from '@theguild/federation-composition';
import { buildSchema, parse, print } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { startStack, type TestStack } from '../kit/gateway.js';
import { runToEnd } from '../kit/processes/gateway-process.js';
import {
  composeWithApollo,
  composeWithWunderGraph,
  fetchSdl,
  ROUTERS,
  type Subgraph,
} from '../kit/federation/routers.js';

const INVENTORY: Subgraph = {
  name: 'inventory',
  url: 'http://inventory.test/graphql',
  sdl: `
    extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable"])

    type Query {
      cluster(id: ID!): Cluster
      namespace(name: String!, filter: NameFilter): Namespace
      workload(id: ID!, range: TimeRangeInput, sort: SortDirection): Workload
      workloads(where: LabelFilter, last: Duration): [Workload!]!
    }

    type Cluster @key(fields: "id") { id: ID! name: String! labels: [Label!]! namespaces: [Namespace!]! }
    type Namespace { id: ID! name: String! cluster: Cluster! }
    type Workload @key(fields: "id") { id: ID! name: String! uptime: Duration totals: Totals window: TimeWindow }
    type Label { name: String! value: Int }
    type Totals { count: Int! }
    type TimeWindow { start: String! }
    type PageInfo @shareable {
      hasNextPage: Boolean!
      hasPreviousPage: Boolean!
      startCursor: String
      endCursor: String
    }
    input NameFilter { contains: String }
    input LabelInput { name: String! }
    input LabelFilter { all: [LabelInput!]! }
    input TimeRangeInput { start: String! end: String }
    enum SortDirection { asc desc }
    enum LogicalOperator { all any }
    enum Dimension { region }
    scalar Duration
  `,
};

let stack: TestStack;
let costs: Subgraph;
beforeAll(async () => {
  stack = await startStack({ env: { SCALEOPS_MULTI_CLUSTER: 'on' } });
  const url = `${await stack.gateway.listen()}/graphql`;
  costs = { name: 'costs', url, sdl: await fetchSdl(url) };
});
afterAll(() => stack[Symbol.asyncDispose]());

const COMPOSERS: Readonly<Record<string, (...subgraphs: Subgraph[]) => string | Promise<string>>> = {
  '@apollo/composition': (...subgraphs) => composeWithApollo(...subgraphs).supergraphSdl,
  '@wundergraph/composition': (...subgraphs) => print(composeWithWunderGraph(...subgraphs).federatedGraphAST),
  '@theguild/federation-composition': (...subgraphs) => {
    const result = composeServices(subgraphs.map(({ sdl, ...rest }) => ({ ...rest, typeDefs: parse(sdl) })));
    if (result.supergraphSdl === undefined) throw new AggregateError(result.errors);
    return result.supergraphSdl;
  },
  '@graphql-mesh/compose-cli': composeWithMesh,
};

function composeWithMesh(...subgraphs: Subgraph[]): Promise<string> {
  const sdlOf = new Map(subgraphs.map(({ name, sdl }) => [`http://${name}.test/sdl`, sdl]));
  const logger = { debug: () => undefined, error: fail, warn: fail, info: fail, log: fail, child: () => logger };
  return getComposedSchemaFromConfig(
    {
      fetch: (url) => Promise.resolve(new Response(sdlOf.get(url))),
      subgraphs: subgraphs.map(({ name, url }) => ({
        sourceHandler: loadGraphQLHTTPSubgraph(name, { endpoint: url, source: `http://${name}.test/sdl` }),
      })),
    },
    logger,
  );
}

/** mesh-compose logs the problem, then ends the process. */
function fail(...messages: unknown[]): never {
  throw new Error(messages.join(' '));
}

const NAMES = [
  'Label',
  'NameFilter',
  'TimeRangeInput',
  'SortDirection',
  'Cluster',
  'Namespace',
  'Workload',
  'Duration',
];

describe('the default schema', () => {
  test.each(Object.entries(COMPOSERS))('is composed by %s beside colliding names', async (_name, compose) => {
    for (const subgraphs of [
      [costs, INVENTORY],
      [INVENTORY, costs],
    ]) {
      const sdl = await compose(...subgraphs);
      for (const name of NAMES) {
        expect(sdl).toMatch(new RegExp(`^(?:type|input|enum|scalar) ${name}\\b`, 'm'));
      }
      expect(sdl).toMatch(/^type KubernetesCluster\b/m);
    }
  });

  const QUERY =
    '{ workloadCosts { totals { rowCount } rows(first: 1) { nodes { id label(key: "team") kubernetesWorkload { id } } } } }';

  describe.each(Object.entries(COMPOSERS).filter(([name]) => !name.startsWith('@wundergraph')))(
    'as a supergraph of %s',
    (_name, compose) => {
      test.each(ROUTERS)('is queried through $name', async ({ start }) => {
        await using router = await start(await compose(costs, INVENTORY));
        const { data, errors } = await router.send(QUERY);
        expect(errors).toEqual([]);
        expect(data.workloadCosts).toMatchObject({ totals: { rowCount: 50 }, rows: { nodes: [{}] } });
      });

      test("gets a plan from Hive Router's planner", async () => {
        const planner = new QueryPlanner(await compose(costs, INVENTORY));
        const { node } = planner.plan(QUERY, null, new Set(), 0);
        expect(node).toMatchObject({ kind: 'Fetch' });
      });
    },
  );

  test('is plain SDL with GATEWAY_FEDERATION=off', async () => {
    const env = { SCALEOPS_URL: 'http://scaleops.test', SCALEOPS_TOKEN: 't', GATEWAY_FEDERATION: 'off' };
    const { code, stdout } = await runToEnd(env, '--print-schema');
    expect(code).toBe(0);
    const schema = buildSchema(stdout);
    expect(schema.getType('_Entity')).toBeUndefined();
    expect(schema.getType('CostReport')).toBeDefined();
  });
});
