// Composition of the gateway's schema: the gateway serves the schema file, two composition libraries accept it, alone and
// with another subgraph, and the supergraph keeps its directives and descriptions.

import { readFileSync } from 'node:fs';
import type { FederationSuccess } from '@wundergraph/composition';
import {
  graphql,
  parse,
  print,
  printSchema as printPlainSchema,
  visit,
  type ASTNode,
  type DirectiveNode,
  type NameNode,
  type StringValueNode,
} from 'graphql';
import { beforeAll, describe, expect, test } from 'vitest';

import { createSchema, printSchema } from '../../src/graphql/schema.js';
import { CATALOGUE_SDL } from '../kit/federation/catalogue.js';
import { startStack } from '../kit/gateway.js';
import {
  composeContract,
  composeWithApollo,
  composeWithWunderGraph,
  createApolloGateway,
  fetchSdl,
  type Subgraph,
} from '../kit/federation/routers.js';

const CATALOGUE: Subgraph = { name: 'catalogue', url: 'http://catalogue/graphql', sdl: CATALOGUE_SDL };

/** The subgraph as a router reads it, with these settings. */
async function fetchSubgraph(env: Record<string, string> = {}): Promise<Subgraph> {
  await using stack = await startStack({ env });
  const url = `${await stack.gateway.listen()}/graphql`;
  return { name: 'costs', url: 'http://costs/graphql', sdl: await fetchSdl(url) };
}

let costs: Subgraph;
beforeAll(async () => {
  costs = await fetchSubgraph();
});

test('_service returns schema/gateway.graphql', () => {
  const file = readFileSync(new URL('../../schema/gateway.graphql', import.meta.url), 'utf8');
  expect(costs.sdl === file, 'schema/gateway.graphql is out of date: run `npm run schema`').toBe(true);
});

test.each(['on', 'off'])('GRAPHIQL=%s does not change the schema for a router', async (graphiql) => {
  const subgraph = await fetchSubgraph({ GRAPHIQL: graphiql });
  expect(subgraph).toEqual(costs);
  expect(composeWithApollo(subgraph, CATALOGUE)).toEqual(composeWithApollo(costs, CATALOGUE));
  const [here, there] = [subgraph, costs].map((each) => composeWithWunderGraph(each, CATALOGUE).federatedGraphAST);
  expect(print(here!)).toBe(print(there!));
});

test.each([
  ['authenticated', '@authenticated'],
  ['costs:read finops, admin', '@requiresScopes(scopes: [["costs:read", "finops"], ["admin"]])'],
])('GATEWAY_FEDERATION_ACCESS=%s appears in the supergraph', async (access, directive) => {
  const subgraphs = [await fetchSubgraph({ GATEWAY_FEDERATION_ACCESS: access }), CATALOGUE];
  const { supergraphSdl, hints } = composeWithApollo(...subgraphs);
  const { federatedGraphAST, warnings } = composeWithWunderGraph(...subgraphs);
  expect([hints, warnings]).toEqual([[], []]);
  const find = directivesOf('authenticated', 'requiresScopes');
  for (const sdl of [supergraphSdl, print(federatedGraphAST)]) {
    expect(Object.fromEntries(collect(sdl, find))).toEqual({
      CostReport: [directive],
      CostRow: [directive],
      CostTimeSeries: [directive],
    });
  }
});

/** The element at each coordinate, such as `CostReport.rows.first`. */
type Findings = ReadonlyMap<string, readonly string[]>;

/** Walks the definitions of a schema; `find` returns the value of a node. */
function collect(sdl: string, find: (node: DescribedNode) => readonly string[]): Findings {
  const findings = new Map<string, readonly string[]>();
  const names: string[] = [];
  visit(parse(sdl), {
    enter(node) {
      if (!isDescribed(node)) return;
      names.push(node.name.value);
      const found = find(node);
      if (found.length > 0) findings.set(names.join('.'), found);
    },
    leave(node) {
      if (isDescribed(node)) names.pop();
    },
  });
  return findings;
}

interface DescribedNode {
  readonly name: NameNode;
  readonly description?: StringValueNode;
  readonly directives?: readonly DirectiveNode[];
}

function isDescribed(node: ASTNode): node is ASTNode & DescribedNode {
  return /(?:Type|Field|InputValue|EnumValue)Definition$/.test(node.kind) && 'name' in node;
}

const descriptionOf = ({ description }: DescribedNode): readonly string[] => (description ? [description.value] : []);

const directivesOf =
  (...names: readonly string[]) =>
  ({ directives = [] }: DescribedNode): readonly string[] =>
    directives.filter(({ name }) => names.includes(name.value)).map((directive) => print(directive));

/** Every entry of `wanted` is in `found`; another subgraph may add more. */
function expectContained(found: Findings, wanted: Findings): void {
  expect(wanted.size).toBeGreaterThan(0);
  expect(new Map([...wanted.keys()].map((at) => [at, found.get(at)]))).toEqual(wanted);
}

const SUPERGRAPHS: readonly (readonly [string, () => readonly Subgraph[]])[] = [
  ['alone', () => [costs]],
  ['beside a catalogue', () => [costs, CATALOGUE]],
  ['beside a catalogue that comes first', () => [CATALOGUE, costs]],
];

describe('composition by Apollo', () => {
  test.each(SUPERGRAPHS)('has neither errors nor hints, %s', (_title, subgraphs) => {
    expect(composeWithApollo(...subgraphs()).hints).toEqual([]);
  });

  test.each(SUPERGRAPHS)('keeps descriptions, tags and costs, %s', (_title, subgraphs) => {
    const { supergraphSdl } = composeWithApollo(...subgraphs());
    for (const find of [descriptionOf, directivesOf('tag'), directivesOf('cost'), directivesOf('listSize')]) {
      expectContained(collect(supergraphSdl, find), collect(costs.sdl, find));
    }
  });

  test('keeps the cache tags of GATEWAY_FEDERATION_CACHE_TAGS=on, only for Apollo Router', async () => {
    const tagged = await fetchSubgraph({ GATEWAY_FEDERATION_CACHE_TAGS: 'on' });
    const { supergraphSdl } = composeWithApollo(tagged, CATALOGUE);
    const formatsOf = (pattern: RegExp) => (node: DescribedNode) =>
      directivesOf('cacheTag', 'join__directive')(node).flatMap((text) => pattern.exec(text)?.[1] ?? []);
    const wanted = collect(tagged.sdl, formatsOf(/^@cacheTag\(format: (".*")\)$/));
    expectContained(collect(supergraphSdl, formatsOf(/name: "federation__cacheTag".*format: (".*?")/)), wanted);
    await expect(createApolloGateway(supergraphSdl).load()).rejects.toThrow(/cacheTag\S* is for: EXECUTION/);
  });

  test('is accepted by every other router by default', async () => {
    const { sdl } = costs;
    const source = '{ _service { sdl } }';
    expect((await graphql({ schema: createSchema(), source })).data).toEqual({ _service: { sdl } });
    // The rest is the same.
    const cut = printSchema({ cacheTags: true }).replaceAll(
      / @cacheTag\(format: "[^"]*"\)|directive @cacheTag.*\n\n|"@cacheTag", /g,
      '',
    );
    expect(sdl).toBe(cut.replace('federation/v2.12', 'federation/v2.9'));
    const gateway = createApolloGateway(composeWithApollo(costs, CATALOGUE).supergraphSdl);
    await gateway.load();
    await gateway.stop();
  });
});

describe('composition by WunderGraph', () => {
  test.each(SUPERGRAPHS)('has neither errors nor warnings, %s', (_title, subgraphs) => {
    expect(composeWithWunderGraph(...subgraphs()).warnings).toEqual([]);
  });

  test.each(SUPERGRAPHS)('keeps descriptions, tags and costs, %s', (_title, subgraphs) => {
    const { federatedGraphAST, subgraphConfigBySubgraphName } = composeWithWunderGraph(...subgraphs());
    const supergraphSdl = print(federatedGraphAST);
    for (const find of [descriptionOf, directivesOf('tag', 'oneOf')]) {
      expectContained(collect(supergraphSdl, find), collect(costs.sdl, find));
    }
    const { fieldWeights, listSizes } = subgraphConfigBySubgraphName.get('costs')!.costs!;
    expect([...fieldWeights.keys()].sort()).toEqual([...collect(costs.sdl, directivesOf('cost')).keys()].sort());
    expect([...listSizes.keys()].sort()).toEqual([...collect(costs.sdl, directivesOf('listSize')).keys()].sort());
  });

  describe.each(SUPERGRAPHS)('gives a contract, %s,', (_title, subgraphs) => {
    const coordinatesOf = ({ federatedGraphClientSchema }: FederationSuccess): readonly string[] => [
      ...collect(printPlainSchema(federatedGraphClientSchema), ({ name }) => [name.value]).keys(),
    ];

    test('that excludes exactly the elements with the tag `internal`', () => {
      const isInternal = (node: DescribedNode): readonly string[] =>
        directivesOf('tag')(node).filter((text) => text === '@tag(name: "internal")');
      const internal = [...collect(costs.sdl, isInternal).keys()];
      expect(internal.length).toBeGreaterThan(0);
      const all = coordinatesOf(composeWithWunderGraph(...subgraphs()));
      const shown = coordinatesOf(composeContract({ exclude: ['internal'] }, ...subgraphs()));
      expect(all.filter((each) => !shown.includes(each)).sort()).toEqual(internal.sort());
      expect(shown.filter((each) => !all.includes(each))).toEqual([]);
    });

    test('that is the same when it includes exactly the elements with the tag `public`', () => {
      const shown = coordinatesOf(composeContract({ include: ['public'] }, ...subgraphs()));
      const wanted = coordinatesOf(composeContract({ exclude: ['internal'] }, costs));
      expect(shown.toSorted()).toEqual(wanted.toSorted());
    });
  });
});
