// The settings of the subgraph and the directives of its SDL: permissions at a router, tags for contracts, costs of
// fields, and cache tags.

import {
  getIntrospectionQuery,
  Kind,
  parse,
  parseType,
  print,
  visit,
  type ArgumentNode,
  type DirectiveNode,
  type DocumentNode,
  type EnumTypeDefinitionNode,
  type FieldDefinitionNode,
  type InputObjectTypeDefinitionNode,
  type InputValueDefinitionNode,
  type IntrospectionQuery,
  type ObjectTypeDefinitionNode,
  type ScalarTypeDefinitionNode,
  type TypeNode,
  type UnionTypeDefinitionNode,
} from 'graphql';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';

import { readConfig } from '../../src/config/config.js';
import { ConfigError } from '../../src/config/settings/reader.js';
import { printSchema } from '../../src/graphql/schema.js';
import { startStack, type GraphqlResponse } from '../kit/gateway.js';
import { MAIN, ROOT, startProcess } from '../kit/processes/process.js';
import { composeWithApollo, composeWithWunderGraph, type Subgraph } from '../kit/federation/routers.js';

const FILE = readFileSync(join(ROOT, 'schema/gateway.graphql'), 'utf8');

// ---------------------------------------------------------------------------------------------------- reading the text

const definitionsOf = <T extends DocumentNode['definitions'][number]>({ definitions }: DocumentNode, kind: T['kind']) =>
  definitions.filter((node) => node.kind === kind) as unknown as readonly T[];
const objectsOf = (document: DocumentNode) =>
  definitionsOf<ObjectTypeDefinitionNode>(document, Kind.OBJECT_TYPE_DEFINITION);
const inputsOf = (document: DocumentNode) =>
  definitionsOf<InputObjectTypeDefinitionNode>(document, Kind.INPUT_OBJECT_TYPE_DEFINITION);

interface Described {
  readonly directives?: readonly DirectiveNode[];
}

/** The arguments of each of these directives on the node, as values. */
const directivesOf = ({ directives = [] }: Described, name: string) =>
  directives.filter((directive) => directive.name.value === name).map(({ arguments: args = [] }) => toValues(args));

const toValues = (args: readonly ArgumentNode[]): Readonly<Record<string, any>> =>
  Object.fromEntries(args.map((arg) => [arg.name.value, JSON.parse(print(arg.value)) as unknown]));

const tagsOf = (node: Described): string[] => directivesOf(node, 'tag').map(({ name }) => name as string);

function namedType(type: TypeNode): string {
  return type.kind === Kind.NAMED_TYPE ? type.name.value : namedType(type.type);
}

const isList = (type: TypeNode): boolean =>
  type.kind === Kind.NON_NULL_TYPE ? isList(type.type) : type.kind === Kind.LIST_TYPE;

const dataOf = ({ data, errors }: GraphqlResponse): any => {
  expect(errors).toEqual([]);
  return data as unknown;
};

async function startGateway(env: Record<string, string>) {
  const stack = await startStack({ env });
  onTestFinished(() => stack[Symbol.asyncDispose]());
  return stack;
}

/** The SDL of a gateway with these settings. */
async function fetchSdl(env: Record<string, string>): Promise<string> {
  const { send } = await startGateway(env);
  return dataOf(await send('{ _service { sdl } }'))._service.sdl as string;
}

/** The problems of a setting. */
function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    readConfig({ SCALEOPS_URL: 'http://scaleops.test', SCALEOPS_TOKEN: 'abc', ...env });
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

// ------------------------------------------------------------------------------------------------- GATEWAY_FEDERATION

describe('GATEWAY_FEDERATION', () => {
  const introspect = async (env: Record<string, string>) => {
    const { send } = await startGateway(env);
    const everything = { specifiedByUrl: true, schemaDescription: true, inputValueDeprecation: true };
    return dataOf(await send(getIntrospectionQuery(everything))) as IntrospectionQuery;
  };
  const OF_ROUTERS = ['_Any', '_Entity', '_Service'];
  const FIELDS_OF_ROUTERS = ['_entities', '_service'];

  test.each<Record<string, string>>([{}, { GATEWAY_FEDERATION: 'on' }])('makes a subgraph with %j', async (env) => {
    const { __schema } = await introspect(env);
    expect(__schema.types.map(({ name }) => name)).toEqual(expect.arrayContaining(OF_ROUTERS));
    expect(await fetchSdl(env)).toBe(FILE);
  });

  test('off removes the types and fields of routers, and nothing else', async () => {
    const [on, off] = [await introspect({}), await introspect({ GATEWAY_FEDERATION: 'off' })];
    const withoutRouters = on.__schema.types
      .filter(({ name }) => !OF_ROUTERS.includes(name))
      .map((type) =>
        type.kind === 'OBJECT' && type.name === 'Query'
          ? { ...type, fields: type.fields.filter(({ name }) => !FIELDS_OF_ROUTERS.includes(name)) }
          : type,
      );
    const byName = (types: readonly { readonly name: string }[]) =>
      Object.fromEntries(types.map((type) => [type.name, type]));
    expect(byName(off.__schema.types)).toEqual(byName(withoutRouters));
    expect({ ...off.__schema, types: [] }).toEqual({ ...on.__schema, types: [] });
  });

  test.each([
    '{ _service { sdl } }',
    '{ _entities(representations: []) { __typename } }',
    'query ($of: [_Any!]!) { __typename }',
    '{ kubernetesCluster(name: "a") { ... on _Entity { __typename } } }',
  ])('off refuses %s', async (query) => {
    const { send, received } = await startGateway({ GATEWAY_FEDERATION: 'off' });
    const { status, errors } = await send(query);
    expect(status).toBe(400);
    expect(errors[0]?.extensions.code).toBe('GRAPHQL_VALIDATION_FAILED');
    expect(received).toEqual([]);
  });

  test('off executes operations like on', async () => {
    const query = `{
      kubernetesCluster(name: "prod-us-east-1") { name costs { clusters rows(first: 3) { nodes { id share kubernetesWorkload { name } } } } }
      aggregatedCosts { totals { totalCost } }
    }`;
    const [on, off] = [await startGateway({}), await startGateway({ GATEWAY_FEDERATION: 'off' })];
    const data = dataOf(await off.send(query));
    expect(data).toEqual(dataOf(await on.send(query)));
    expect(data.kubernetesCluster.costs.rows.nodes).toHaveLength(3);
  });

  test.each(['yes-canary', 'On-canary', 'true', 'ON', '1', 'on,off'])('refuses %j without repeating it', (value) => {
    expect(problemsOf({ GATEWAY_FEDERATION: value })).toEqual(['GATEWAY_FEDERATION must be on or off.']);
  });
});

// ------------------------------------------------------------------------------------------ GATEWAY_FEDERATION_ACCESS

describe('GATEWAY_FEDERATION_ACCESS', () => {
  const GUARDED = ['CostReport', 'CostRow', 'CostTimeSeries'];
  const ANY_OF_TWO = 'costs:read finops, admin';

  /** The SDL without these directives, for comparison with the file. */
  const without = (sdl: string, name: string): string =>
    print(
      visit(parse(sdl), {
        Directive: (node) => (node.name.value === name ? null : undefined),
        StringValue: (node) => (node.value === `@${name}` ? null : undefined),
      }),
    );

  test.each<Record<string, string>>([{}, { GATEWAY_FEDERATION_ACCESS: 'off' }, { GATEWAY_FEDERATION_ACCESS: ' off ' }])(
    'requires nothing with %j',
    async (env) => {
      expect(await fetchSdl(env)).toBe(FILE);
    },
  );

  test.each<[string, string, readonly object[]]>([
    ['authenticated', 'authenticated', [{}]],
    ['costs:read', 'requiresScopes', [{ scopes: [['costs:read']] }]],
    ['a b', 'requiresScopes', [{ scopes: [['a', 'b']] }]],
    ['a, b', 'requiresScopes', [{ scopes: [['a'], ['b']] }]],
    ['a,b', 'requiresScopes', [{ scopes: [['a'], ['b']] }]],
    [ANY_OF_TWO, 'requiresScopes', [{ scopes: [['costs:read', 'finops'], ['admin']] }]],
    [' costs:read   finops ,  admin ', 'requiresScopes', [{ scopes: [['costs:read', 'finops'], ['admin']] }]],
    // Every character that a scope may have (RFC 6749), except the comma.
    ["!#$%&'()*+-./0:;<=>?@A[]^_`a{|}~", 'requiresScopes', [{ scopes: [["!#$%&'()*+-./0:;<=>?@A[]^_`a{|}~"]] }]],
  ])('%j puts @%s on the types with costs, and changes nothing else', async (value, name, expected) => {
    const sdl = await fetchSdl({ GATEWAY_FEDERATION_ACCESS: value });
    const types = objectsOf(parse(sdl));
    const places = types.filter((type) => directivesOf(type, name).length > 0);
    expect(places.map((type) => type.name.value).sort()).toEqual(GUARDED);
    for (const type of places) expect(directivesOf(type, name)).toEqual(expected);
    expect(importsOf(sdl)).toEqual([...importsOf(FILE), `@${name}`].sort());
    expect(without(sdl, name)).toBe(without(FILE, name));
  });

  test.each([
    'a,,canary',
    'canary,',
    ',canary',
    ',',
    'canary"b',
    'canary\\b',
    'canary\tb',
    'canary\nb',
    'canaryé',
    'canary\u{1f600}',
    'canary\u007f',
    'a\u00a0canary',
  ])('refuses %j without repeating it', (value) => {
    const problems = problemsOf({ GATEWAY_FEDERATION_ACCESS: value });
    expect(problems).toEqual([
      'GATEWAY_FEDERATION_ACCESS must be off, authenticated or scopes: separated by blanks if all are needed, by commas if any of them is enough, at most 16.',
    ]);
  });

  test('applies to routers only: the gateway itself checks nothing', async () => {
    const { send } = await startGateway({ GATEWAY_FEDERATION_ACCESS: ANY_OF_TWO });
    const query = '{ workloadCosts { rows { totalCount } } }';
    expect(dataOf(await send(query))).toEqual(dataOf(await (await startGateway({})).send(query)));
  });

  describe('in a supergraph', () => {
    /** A subgraph that refers to the gateway's entities and has no access rules. */
    const TEAMS: Subgraph = {
      name: 'teams',
      url: 'http://teams',
      sdl: `
        extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])
        type Query { teams: [Team!]! owned: [Owned!]! }
        type Team { name: String! clusters: [KubernetesCluster!]! workloads: [KubernetesWorkload!]! }
        union Owned = KubernetesCluster | KubernetesNamespace
        type KubernetesCluster @key(fields: "name") { name: String! team: Team }
        type KubernetesNamespace @key(fields: "clusterName name", resolvable: false) { clusterName: String! name: String! }
        type KubernetesWorkload @key(fields: "clusterName namespace type name", resolvable: false) {
          clusterName: String! namespace: String! type: String! name: String!
        }
      `,
    };
    const costs = async (access: string): Promise<Subgraph> => ({
      name: 'costs',
      url: 'http://costs',
      sdl: await fetchSdl({ GATEWAY_FEDERATION_ACCESS: access }),
    });

    const COMPOSITIONS = [
      ['Apollo', (...subgraphs) => parse(composeWithApollo(...subgraphs).supergraphSdl)],
      ['WunderGraph', (...subgraphs) => composeWithWunderGraph(...subgraphs).federatedGraphAST],
    ] as const satisfies readonly (readonly [string, (...subgraphs: Subgraph[]) => DocumentNode])[];

    const isGuarded = ({ directives = [] }: Described, guard: string): boolean =>
      directives.some((directive) => directive.name.value === guard);

    /** The types that are reachable without the required permission. */
    function openTypes(supergraph: DocumentNode, guard: string): string[] {
      const types = objectsOf(supergraph);
      const unions = definitionsOf<UnionTypeDefinitionNode>(supergraph, Kind.UNION_TYPE_DEFINITION);
      const found = new Set<string>();
      const visitType = (name: string): void => {
        const union = unions.find((each) => each.name.value === name);
        for (const member of union?.types ?? []) visitType(member.name.value);
        const type = types.find((each) => each.name.value === name);
        if (type === undefined || found.has(name) || isGuarded(type, guard)) return;
        found.add(name);
        for (const field of type.fields ?? []) if (!isGuarded(field, guard)) visitType(namedType(field.type));
      };
      visitType('Query');
      return [...found].sort();
    }

    describe.each(COMPOSITIONS)('composed by %s', (_name, compose) => {
      test.each([
        ['authenticated', 'authenticated', '@authenticated'],
        [ANY_OF_TWO, 'requiresScopes', '@requiresScopes(scopes: [["costs:read", "finops"], ["admin"]])'],
      ])('with %j every path to costs requires the permission', async (access, guard, text) => {
        for (const others of [[], [TEAMS]]) {
          const supergraph = compose(await costs(access), ...others);
          const open = openTypes(supergraph, guard);
          expect(open).toEqual(
            [
              'KubernetesCluster',
              'KubernetesNamespace',
              'Query',
              'KubernetesWorkload',
              ...(others.length > 0 ? ['Team'] : []),
            ].sort(),
          );
          const guards = objectsOf(supergraph)
            .filter((type) => isGuarded(type, guard))
            .map((type) => [type.name.value, (type.directives ?? []).map((node) => print(node)).includes(text)]);
          expect(guards.sort()).toEqual(GUARDED.map((name) => [name, true]));
          const scalars = fieldsOf(supergraph, open).map(({ type }) => namedType(type));
          expect(scalars.filter((name) => name === 'Float' || name === 'DateTime')).toEqual([]);
        }
      });

      test('with off no path requires a permission', async () => {
        const supergraph = compose(await costs('off'), TEAMS);
        const open = openTypes(supergraph, 'authenticated');
        expect(open).toEqual(expect.arrayContaining([...GUARDED, 'CostTotals', 'CostBreakdown', 'Team']));
        expect(fieldsOf(supergraph, open).map(({ type }) => namedType(type))).toContain('Float');
        const everywhere = print(supergraph);
        expect(everywhere).not.toMatch(/@authenticated|@requiresScopes/);
      });
    });

    const fieldsOf = (supergraph: DocumentNode, types: readonly string[]): readonly FieldDefinitionNode[] =>
      objectsOf(supergraph)
        .filter(({ name }) => types.includes(name.value))
        .flatMap(({ fields = [] }) => fields);

    test('gives the router of WunderGraph the rule for each field that leads to costs', async () => {
      const { fieldConfigurations } = composeWithWunderGraph(await costs(ANY_OF_TWO), TEAMS);
      const scopes = [['costs:read', 'finops'], ['admin']];
      const guarded = fieldConfigurations.filter(({ requiredScopes = [] }) => requiredScopes.length > 0);
      expect(
        guarded.map(({ typeName, fieldName, requiredScopes }) => [`${typeName}.${fieldName}`, requiredScopes]),
      ).toEqual(
        expect.arrayContaining(
          [
            'Query.workloadCosts',
            'Query.aggregatedCosts',
            'KubernetesCluster.costs',
            'KubernetesNamespace.costs',
            'KubernetesWorkload.cost',
          ].map((field) => [field, scopes]),
        ),
      );
    });
  });
});

/** The imports from Federation, in order. */
function importsOf(sdl: string): string[] {
  const [schema] = parse(sdl).definitions.filter(({ kind }) => kind === Kind.SCHEMA_DEFINITION);
  return directivesOf(schema as Described, 'link')
    .flatMap((link) => link.import as string[])
    .sort();
}

// -------------------------------------------------------------------------------------- GATEWAY_FEDERATION_CACHE_TAGS

describe('GATEWAY_FEDERATION_CACHE_TAGS', () => {
  test('off can be combined with GATEWAY_FEDERATION_ACCESS', async () => {
    const env = { GATEWAY_FEDERATION_CACHE_TAGS: 'off', GATEWAY_FEDERATION_ACCESS: 'authenticated' };
    const sdl = await fetchSdl(env);
    expect(sdl).not.toMatch(/cacheTag/i);
    const others = importsOf(FILE).filter((name) => name !== '@cacheTag');
    expect(importsOf(sdl)).toEqual([...others, '@authenticated'].sort());
    const subgraph = { name: 'costs', url: 'http://costs', sdl };
    composeWithWunderGraph(subgraph);
    expect(composeWithApollo(subgraph).supergraphSdl).not.toMatch(/cacheTag/i);
  });

  test.each(['canary', 'ON', 'true'])('refuses %j without repeating it', (value) => {
    expect(problemsOf({ GATEWAY_FEDERATION_CACHE_TAGS: value })).toEqual([
      'GATEWAY_FEDERATION_CACHE_TAGS must be on or off.',
    ]);
  });
});

// ---------------------------------------------------------------------------------------------------- --print-schema

describe('the built process with --print-schema', () => {
  const run = async (env: Record<string, string>) => {
    await using running = startProcess([process.execPath, MAIN, '--print-schema'], { env });
    return await running.ended;
  };

  test.each<Record<string, string>>([
    {},
    { GATEWAY_FEDERATION: 'on', GATEWAY_FEDERATION_ACCESS: 'off' },
    // Settings that do not matter here may have any value.
    { SCALEOPS_URL: 'nonsense', SCALEOPS_AUTH: 'login', PORT: 'x' },
  ])('prints schema/gateway.graphql with %j', async (env) => {
    const { code, stdout, stderr } = await run(env);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe(FILE);
  });

  test.each([
    { GATEWAY_FEDERATION_ACCESS: 'authenticated' },
    { GATEWAY_FEDERATION_ACCESS: 'costs:read finops, admin', GATEWAY_FEDERATION_CACHE_TAGS: 'off' },
  ])('prints the directives for routers with %j', async (env) => {
    const { code, stdout } = await run(env);
    expect(code).toBe(0);
    expect(stdout).toBe(await fetchSdl(env));
    expect(stdout).not.toBe(FILE);
  });

  test.each([
    ['GATEWAY_FEDERATION_ACCESS', 'hunter2"'],
    ['GATEWAY_FEDERATION', 'hunter2'],
    ['GATEWAY_FEDERATION_CACHE_TAGS', 'hunter2'],
  ])('refuses an invalid %s by name, without repeating it', async (name, value) => {
    const { code, stdout, stderr } = await run({ [name]: value });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(new RegExp(`^The configuration is not valid:\\n {2}- ${name} must be .*\\n$`));
    expect(stderr).not.toContain('hunter2');
  });
});

// -------------------------------------------------------------------------------------------------------- the text

describe('the printed SDL', () => {
  const sdl = printSchema({ cacheTags: true });
  const document = parse(sdl);
  const objects = objectsOf(document);
  const fields = objects.flatMap((type) => (type.fields ?? []).map((field) => ({ type, field })));
  const inputFields = inputsOf(document).flatMap((type) => (type.fields ?? []).map((field) => ({ type, field })));
  const coordinate = ({
    type,
    field,
  }: {
    type: ObjectTypeDefinitionNode | InputObjectTypeDefinitionNode;
    field: FieldDefinitionNode | InputValueDefinitionNode;
  }) => `${type.name.value}.${field.name.value}`;
  const typeOf = (name: string) => objects.find((type) => type.name.value === name);
  const fieldOf = (typeName: string, name: string) =>
    typeOf(typeName)?.fields?.find((field) => field.name.value === name);
  const argOf = (field: FieldDefinitionNode, name: string) => field.arguments?.find((arg) => arg.name.value === name);

  test('uses only directives that it imports or defines', () => {
    const used = new Set<string>();
    visit(document, { Directive: ({ name }) => void used.add(`@${name.value}`) });
    const known = ['@link', '@oneOf', '@specifiedBy', '@deprecated'];
    expect([...used].filter((name) => !known.includes(name)).sort()).toEqual(importsOf(sdl));
  });

  describe('@tag', () => {
    test('makes every field public, by its type or by itself', () => {
      const others = fields.filter(({ type, field }) => [...tagsOf(type), ...tagsOf(field)].join() !== 'public');
      expect(others.map(coordinate)).toEqual([]);
    });

    test.each(['Query', 'KubernetesCluster', 'KubernetesNamespace', 'KubernetesWorkload', 'PageInfo'])(
      'is not on the type %s, to which other subgraphs add fields',
      (name) => {
        expect(tagsOf(typeOf(name)!)).toEqual([]);
      },
    );

    test('is on every type that only this subgraph defines', () => {
      const tagged = objects.filter((type) => tagsOf(type).includes('public')).map(({ name }) => name.value);
      const shared = objects.filter(
        ({ name, directives = [] }) =>
          name.value === 'Query' || directives.some((node) => ['key', 'shareable'].includes(node.name.value)),
      );
      expect(shared.map(({ name }) => name.value).sort()).toEqual([
        'CostLabel',
        'KubernetesCluster',
        'KubernetesNamespace',
        'KubernetesWorkload',
        'PageInfo',
        'Query',
      ]);
      expect(tagged).toHaveLength(objects.length - shared.length);
    });

    test('marks exactly the inputs that are specific to ScaleOps as internal', () => {
      const internal = inputFields.filter(({ field }) => tagsOf(field).join() === 'internal').map(coordinate);
      expect(internal.sort()).toEqual([
        'AggregatedCostsFilter.shouldIgnoreWorkloads',
        'AggregatedCostsFilter.stepSize',
        'AggregatedCostsFilter.tags',
        'WorkloadCostsFilter.shouldIgnoreWorkloads',
      ]);
    });

    test('marks every other input and every other own type as public', () => {
      const inputs = inputFields.filter(({ field }) => !tagsOf(field).includes('internal'));
      expect(inputs.filter(({ field }) => tagsOf(field).join() !== 'public').map(coordinate)).toEqual([]);
      const named = [
        ...definitionsOf<EnumTypeDefinitionNode>(document, Kind.ENUM_TYPE_DEFINITION),
        ...definitionsOf<ScalarTypeDefinitionNode>(document, Kind.SCALAR_TYPE_DEFINITION),
      ];
      expect(named.filter((type) => tagsOf(type).join() !== 'public').map(({ name }) => name.value)).toEqual([]);
    });

    test('is not `internal` on any required input', () => {
      const internal = inputFields.filter(({ field }) => tagsOf(field).includes('internal'));
      expect(internal.filter(({ field }) => field.type.kind === Kind.NON_NULL_TYPE)).toEqual([]);
    });
  });

  describe('@cost', () => {
    const costs = [...fields, ...inputFields].flatMap((each) =>
      directivesOf(each.field, 'cost').map(({ weight }) => [coordinate(each), weight as unknown] as const),
    );

    test('is on the fields that call ScaleOps', () => {
      expect(costs.map(([name]) => name)).toEqual(
        expect.arrayContaining([
          'Query.workloadCosts',
          'Query.aggregatedCosts',
          'KubernetesCluster.costs',
          'KubernetesNamespace.costs',
        ]),
      );
    });

    test.each(costs)('of %s is a whole number, and not negative (%j)', (_name, weight) => {
      expect(weight).toEqual(expect.any(Number));
      expect(Number.isInteger(weight)).toBe(true);
      expect(weight).toBeGreaterThanOrEqual(0);
    });
  });

  describe('@listSize', () => {
    const sized = fields.flatMap((each) =>
      directivesOf(each.field, 'listSize').map((size) => ({ name: coordinate(each), size, field: each.field })),
    );
    const INT = print(parseType('Int'));

    test('is on the lists with a length that the caller can limit', () => {
      expect(sized.map(({ name }) => name)).toEqual(
        expect.arrayContaining(['CostReport.rows', 'CostReport.breakdown']),
      );
    });

    test.each(sized)('of $name names existing arguments of the type Int', ({ field, size }) => {
      const names = (size.slicingArguments ?? []) as string[];
      expect(names.map((name) => print(argOf(field, name)?.type ?? parseType('Missing')))).toEqual(
        names.map(() => INT),
      );
      // Otherwise every operation would have to set one of them.
      if (names.length > 0) expect(size.requireOneSlicingArgument).toBe(false);
    });

    test.each(sized)('of $name names every list of the page, or is on a list itself', ({ field, size }) => {
      const inside = (typeOf(namedType(field.type))?.fields ?? []).filter(({ type }) => isList(type));
      const expected = isList(field.type) ? undefined : inside.map(({ name }) => name.value);
      expect(size.sizedFields).toEqual(expected);
      expect(expected).not.toEqual([]);
    });

    test.each(sized)('of $name assumes a positive whole number of elements, or has a default', ({ field, size }) => {
      const slicing = (size.slicingArguments ?? []) as readonly string[];
      const hasDefault = field.arguments?.some(
        ({ name, defaultValue }) => slicing.includes(name.value) && defaultValue !== undefined,
      );
      if (hasDefault === true) expect(size.assumedSize).toBeUndefined();
      else expect(Number.isInteger(size.assumedSize) && Number(size.assumedSize) > 0).toBe(true);
    });

    test('names every argument that limits the length of a list', () => {
      const slicing = fields.flatMap((each) => {
        const names = (each.field.arguments ?? []).map(({ name }) => name.value);
        return names.includes('first')
          ? [[coordinate(each), names.filter((name) => /^(?:first|last)$/.test(name))]]
          : [];
      });
      expect(slicing.length).toBeGreaterThan(0);
      expect(sized.flatMap(({ name, size }) => (size.slicingArguments ? [[name, size.slicingArguments]] : []))).toEqual(
        slicing,
      );
    });
  });

  describe('@cacheTag', () => {
    const isRequired = (type: TypeNode | undefined): boolean => type?.kind === Kind.NON_NULL_TYPE;
    const ofFields = fields.flatMap((each) =>
      directivesOf(each.field, 'cacheTag').map(({ format }) => ({
        name: coordinate(each),
        format: String(format),
        ...each,
      })),
    );
    const ofTypes = objects.flatMap((type) =>
      directivesOf(type, 'cacheTag').map(({ format }) => ({ name: type.name.value, format: String(format), type })),
    );
    /** The placeholders of a format. */
    const placeholdersOf = (format: string) => [...format.matchAll(/\{([^}]*)\}/g)].map(([, inner]) => inner!);

    test('is on every field of Query and on every entity, and nowhere else', () => {
      const ofQuery = (typeOf('Query')?.fields ?? []).map(({ name }) => `Query.${name.value}`);
      expect(ofFields.map(({ name }) => name).sort()).toEqual(ofQuery.sort());
      const entities = objects.filter((type) => directivesOf(type, 'key').length > 0);
      expect(ofTypes.map(({ name }) => name).sort()).toEqual(entities.map(({ name }) => name.value).sort());
    });

    test.each(ofFields)('of $name ($format) names required arguments', ({ field, format }) => {
      for (const placeholder of placeholdersOf(format)) {
        const [, name] = /^\$args\.(\w+)$/.exec(placeholder) ?? [];
        expect(isRequired(argOf(field, name ?? '')?.type), placeholder).toBe(true);
      }
    });

    test.each(ofTypes)('of $name ($format) names required fields that are in every key', ({ type, format }) => {
      const keys = directivesOf(type, 'key').map(({ fields: selection }) => String(selection).split(/\s+/));
      const names = placeholdersOf(format).map((placeholder) => /^\$key\.(\w+)$/.exec(placeholder)?.[1] ?? '');
      expect(names.length).toBeGreaterThan(0);
      for (const name of names) {
        expect(keys.every((key) => key.includes(name))).toBe(true);
        expect(isRequired(fieldOf(type.name.value, name)?.type), name).toBe(true);
      }
      // The whole key: otherwise two entities would share a tag.
      for (const key of keys) expect(names.sort()).toEqual(key.sort());
    });

    test.each([...ofFields, ...ofTypes])('of $name ($format) is otherwise plain text', ({ format }) => {
      expect(format.replaceAll(/\{\$\w+\.\w+\}/g, '')).toMatch(/^[a-z-]+$/);
    });

    test.each(ofTypes)('of $name is the same for the lookup field and for the entity', ({ type, format }) => {
      const lookup = ofFields.find(({ field }) => namedType(field.type) === type.name.value);
      expect(lookup?.format).toBe(format.replaceAll('$key.', '$args.'));
    });

    test('differs from entity to entity', () => {
      const formats = ofTypes.map(({ format }) => format.split('{')[0]);
      expect(new Set(formats).size).toBe(formats.length);
    });
  });
});
