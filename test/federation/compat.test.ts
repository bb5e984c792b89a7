// Apollo's subgraph compatibility checks on the stack of the gateway: its plugins, SDL, subgraph and HTTP layer, with a
// schema that uses all of Federation, two other subgraphs and a router. The gateway's own schema uses only a part.
// https://github.com/apollographql/apollo-federation-subgraph-compatibility/tree/main/packages/compatibility/src/tests

import { Trace } from '@apollo/usage-reporting-protobuf';
import {
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
  Kind,
  parse,
  print,
  type DocumentNode,
  type ObjectTypeDefinitionNode,
} from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { toSubgraph } from '../../src/graphql/federation/subgraph.js';
import { sendQuery, type GraphqlResponse } from '../kit/gateway.js';
import {
  INVENTORY_SDL,
  serveInventory,
  serveProducts,
  serveUsers,
  USERS_SDL,
  type Served,
} from '../kit/federation/products.js';
import {
  composeContract,
  composeWithApollo,
  composeWithWunderGraph,
  fetchSdl,
  ROUTERS,
  startRecorder,
  type Recorder,
  type Router,
  type Subgraph,
} from '../kit/federation/routers.js';

let products: Served;
let sdl = '';
beforeAll(async () => {
  products = await serveProducts();
  sdl = await fetchSdl(products.url);
});
afterAll(() => products[Symbol.asyncDispose]());

const sendToProducts = (
  query: string,
  variables?: unknown,
  headers: Record<string, string> = {},
): Promise<GraphqlResponse> => sendQuery(fetch, query, variables, { headers }, products.url);

const dataOf = ({ data, errors }: GraphqlResponse): unknown => {
  expect(errors).toEqual([]);
  return data;
};

const isObject = ({ kind }: { readonly kind: Kind }): boolean => kind === Kind.OBJECT_TYPE_DEFINITION;
const objectsOf = ({ definitions }: DocumentNode) => definitions.filter(isObject) as ObjectTypeDefinitionNode[];

// ---------------------------------------------------------------------------------------------------------- the text

describe('_service', () => {
  /** The schema of the checks. */
  const REFERENCE = parse(`
    type Query {
      product(id: ID!): Product
      deprecatedProduct(sku: String!, package: String!): DeprecatedProduct
    }
    type Product {
      id: ID! sku: String package: String variation: ProductVariation dimensions: ProductDimension
      createdBy: User notes: String research: [ProductResearch!]!
    }
    type DeprecatedProduct { sku: String! package: String! reason: String createdBy: User }
    type ProductVariation { id: ID! }
    type ProductResearch { study: CaseStudy! outcome: String }
    type CaseStudy { caseNumber: ID! description: String }
    type ProductDimension { size: String weight: Float unit: String }
    type User {
      averageProductsCreatedPerYear: Int email: ID! name: String totalProductsCreated: Int yearsOfEmployment: Int!
    }
    type Inventory { id: ID! deprecatedProducts: [DeprecatedProduct!]! }
  `);

  test('has every type, field and argument of the reference, and no other', () => {
    const fieldsOf = (document: DocumentNode) =>
      objectsOf(document)
        .flatMap(({ name, fields = [] }) =>
          fields.map((field) => `${name.value}.${print({ ...field, directives: [] })}`),
        )
        .sort();
    expect(fieldsOf(parse(sdl))).toEqual(fieldsOf(REFERENCE));
  });

  /** Each directive as `Type.field @directive`, without the directives of the schema and the tag of every field. */
  const placesOf = (document: DocumentNode): string[] =>
    objectsOf(document).flatMap(({ name, directives = [], fields = [] }) => [
      ...directives.map((directive) => `${name.value} ${print(directive)}`),
      ...fields.flatMap((field) =>
        (field.directives ?? []).map((directive) => `${name.value}.${field.name.value} ${print(directive)}`),
      ),
    ]);

  const PLACES: Readonly<Record<string, readonly string[]>> = {
    key: [
      'Product @key(fields: "id")',
      'Product @key(fields: "sku package")',
      'Product @key(fields: "sku variation { id }")',
      'DeprecatedProduct @key(fields: "sku package")',
      'ProductResearch @key(fields: "study { caseNumber }")',
      'User @key(fields: "email")',
      'Inventory @key(fields: "id")',
    ],
    extends: ['User @extends'],
    external: ['User.email @external', 'User.totalProductsCreated @external', 'User.yearsOfEmployment @external'],
    requires: ['User.averageProductsCreatedPerYear @requires(fields: "totalProductsCreated yearsOfEmployment")'],
    provides: ['Product.createdBy @provides(fields: "totalProductsCreated")'],
    override: ['User.name @override(from: "users")'],
    shareable: ['ProductDimension @shareable'],
    inaccessible: ['ProductDimension.unit @inaccessible'],
    interfaceObject: ['Inventory @interfaceObject'],
    tag: ['Product.notes @tag(name: "internal")', 'Product.notes @tag(name: "draft")'],
    custom: ['Product @custom'],
    deprecated: ['Query.deprecatedProduct @deprecated(reason: "Use product query instead")'],
  };
  const places = () => placesOf(parse(sdl)).filter((place) => !place.endsWith('@tag(name: "public")'));

  test.each(Object.entries(PLACES))('has @%s in its places, and nowhere else', (name, expected) => {
    const found = places().filter((place) => place.split(/[ (]/)[1] === `@${name}`);
    expect(found.sort()).toEqual([...expected].sort());
  });

  test('has no other directive', () => {
    expect(places()).toHaveLength(Object.values(PLACES).flat().length);
  });

  /** The printed @link directives of the schema, or other directives by name. */
  const ofSchema = (name: string) =>
    parse(sdl)
      .definitions.filter(({ kind }) => kind === Kind.SCHEMA_DEFINITION || kind === Kind.SCHEMA_EXTENSION)
      .flatMap((node) => (node as ObjectTypeDefinitionNode).directives ?? [])
      .filter((directive) => directive.name.value === name)
      .map((directive) => print(directive));

  test('links Federation 2 once, and imports exactly the directives that it uses', () => {
    const [federation, ...others] = ofSchema('link').filter((link) => link.includes('specs.apollo.dev/federation/'));
    expect(others).toEqual([]);
    expect(federation).toMatch(/url: "https:\/\/specs\.apollo\.dev\/federation\/v2\.\d+"/);
    const imported = [...federation!.matchAll(/"@(\w+)"/g)].map(([, name]) => name!);
    const { custom, deprecated, ...used } = PLACES;
    expect(imported.sort()).toEqual(['composeDirective', ...Object.keys(used)].sort());
    // Imported directives have short names.
    expect(sdl).not.toContain('@federation__');
  });

  test('links, defines and composes a directive that Federation does not know', () => {
    expect(ofSchema('link')).toContain('@link(url: "https://myspecs.dev/myCustomDirective/v1.0", import: ["@custom"])');
    expect(ofSchema('composeDirective')).toEqual(['@composeDirective(name: "@custom")']);
    expect(parse(sdl).definitions.map((node) => print(node))).toContain('directive @custom on OBJECT');
  });

  test('matches introspection, except for the fields of routers', async () => {
    const query = '{ __schema { types { kind name fields(includeDeprecated: true) { name } } queryType { name } } }';
    const { __schema } = dataOf(await sendToProducts(query)) as {
      readonly __schema: { readonly types: { kind: string; name: string; fields: { name: string }[] }[] };
    };
    const shown = __schema.types
      .filter(({ kind, name }) => kind === 'OBJECT' && !name.startsWith('__'))
      .flatMap(({ name, fields }) => fields.map((field) => `${name}.${field.name}`));
    const inText = objectsOf(parse(sdl)).flatMap(({ name, fields = [] }) =>
      fields.map((field) => `${name.value}.${field.name.value}`),
    );
    expect(shown.sort()).toEqual([...inText, 'Query._entities', 'Query._service', '_Service.sdl'].sort());
  });
});

// -------------------------------------------------------------------------------------------------------- the entities

describe('_entities', () => {
  const ENTITIES = (selection: string) =>
    `query ($of: [_Any!]!) { _entities(representations: $of) { __typename ${selection} } }`;

  const STUDIO = { __typename: 'Product', id: 'apollo-studio', sku: 'studio' };
  const FEDERATION = { __typename: 'Product', id: 'apollo-federation', sku: 'federation' };

  test.each<[string, string, object, object]>([
    [
      'one field',
      '... on User { email name }',
      { __typename: 'User', email: 'support@apollographql.com' },
      { __typename: 'User', email: 'support@apollographql.com', name: 'Jane Smith' },
    ],
    [
      'several fields',
      '... on DeprecatedProduct { sku package reason }',
      { __typename: 'DeprecatedProduct', sku: 'apollo-federation-v1', package: '@apollo/federation-v1' },
      {
        __typename: 'DeprecatedProduct',
        sku: 'apollo-federation-v1',
        package: '@apollo/federation-v1',
        reason: 'Migrate to Federation V2',
      },
    ],
    [
      'a field of an object',
      '... on ProductResearch { study { caseNumber description } }',
      { __typename: 'ProductResearch', study: { caseNumber: '1234' } },
      { __typename: 'ProductResearch', study: { caseNumber: '1234', description: 'Federation Study' } },
    ],
    ['the first of three keys', '... on Product { id sku }', { __typename: 'Product', id: 'apollo-studio' }, STUDIO],
    [
      'the second of three keys',
      '... on Product { id sku }',
      { __typename: 'Product', sku: 'federation', package: '@apollo/federation' },
      FEDERATION,
    ],
    [
      'the third of three keys, with a field of an object',
      '... on Product { id sku }',
      { __typename: 'Product', sku: 'studio', variation: { id: 'platform' } },
      STUDIO,
    ],
    [
      'the key of an interface that is an object here',
      '... on Inventory { id deprecatedProducts { sku } }',
      { __typename: 'Inventory', id: 'apollo-oss' },
      { __typename: 'Inventory', id: 'apollo-oss', deprecatedProducts: [{ sku: 'apollo-federation-v1' }] },
    ],
    [
      'a key, and fields of another subgraph that @requires names',
      '... on User { averageProductsCreatedPerYear }',
      { __typename: 'User', email: 'a@b.c', totalProductsCreated: 21, yearsOfEmployment: 2 },
      { __typename: 'User', averageProductsCreatedPerYear: 11 },
    ],
  ])('finds an entity by %s', async (_name, selection, representation, entity) => {
    const response = await sendToProducts(ENTITIES(selection), { of: [representation] });
    expect(dataOf(response)).toEqual({ _entities: [entity] });
  });

  test('returns entities in the order of the representations, with null for unknown ones', async () => {
    const of = [
      { __typename: 'Product', sku: 'studio', variation: { id: 'platform' } },
      { __typename: 'Product', id: 'nothing' },
      { __typename: 'DeprecatedProduct', sku: 'apollo-federation-v1', package: 'another' },
      { __typename: 'Product', id: 'apollo-federation' },
      { __typename: 'Product', sku: 'federation', variation: { id: 'platform' } },
      { __typename: 'Product', sku: 'studio', package: '' },
    ];
    const response = await sendToProducts(ENTITIES('... on Product { id sku }'), { of });
    expect(dataOf(response)).toEqual({ _entities: [STUDIO, null, null, FEDERATION, null, STUDIO] });
  });

  test('returns the other entities when one fails', async () => {
    const of = [
      { __typename: 'Product', id: 'apollo-studio' },
      { __typename: 'ProductVariation', id: 'OSS' },
      // The resolver reads `study`, which is missing.
      { __typename: 'ProductResearch' },
      { __typename: 'Product', id: 'apollo-federation' },
    ];
    const { data, errors } = await sendToProducts(ENTITIES('... on Product { id sku }'), { of });
    expect(data).toEqual({ _entities: [STUDIO, null, null, FEDERATION] });
    expect(errors).toMatchObject([
      { path: ['_entities', 1], extensions: { code: 'BAD_USER_INPUT' } },
      { path: ['_entities', 2], extensions: { code: 'INTERNAL_SERVER_ERROR' } },
    ]);
  });
});

describe('toSubgraph', () => {
  const Query = new GraphQLObjectType({ name: 'Query', fields: { a: { type: GraphQLString } } });
  const Plain = new GraphQLObjectType({ name: 'Plain', fields: { id: { type: GraphQLString } } });

  test('adds only `_service` to a schema without entities', () => {
    const schema = toSubgraph(new GraphQLSchema({ query: Query, types: [Plain] }), 'text');
    expect(Object.keys(schema.getQueryType()!.getFields())).toEqual(['a', '_service']);
    expect(['_Entity', '_Any'].filter((name) => schema.getType(name) !== undefined)).toEqual([]);
  });

  test('keeps mutations, and types that no field refers to', () => {
    const mutation = new GraphQLObjectType({ name: 'Change', fields: { b: { type: GraphQLString } } });
    const schema = toSubgraph(new GraphQLSchema({ query: Query, mutation, types: [Plain] }), 'text');
    expect(schema.getMutationType()?.name).toBe('Change');
    expect(schema.getType('Plain')).toBe(Plain);
  });
});

// ---------------------------------------------------------------------------------------------------- without a router

test('an @inaccessible field is visible to a router', async () => {
  const response = await sendToProducts('{ product(id: "apollo-federation") { dimensions { unit } } }');
  expect(dataOf(response)).toEqual({ product: { dimensions: { unit: 'kg' } } });
});

test('a field that @provides names has a value without its own subgraph', async () => {
  const query = '{ product(id: "apollo-federation") { createdBy { email totalProductsCreated } } }';
  expect(dataOf(await sendToProducts(query))).toEqual({
    product: { createdBy: { email: 'support@apollographql.com', totalProductsCreated: 1337 } },
  });
});

test('a trace (ftv1) is in the response on request, and adds nothing else', async () => {
  const { text } = await sendToProducts('{ __typename }', undefined, { 'apollo-federation-include-trace': 'ftv1' });
  const { extensions, ...rest } = JSON.parse(text) as { readonly extensions: { readonly ftv1: string } };
  expect(rest).toEqual({ data: { __typename: 'Query' } });
  expect(Object.keys(extensions)).toEqual(['ftv1']);
  expect(Trace.decode(Buffer.from(extensions.ftv1, 'base64')).durationNs).toBeGreaterThan(0);
  const without = await sendToProducts('{ __typename }');
  expect(JSON.parse(without.text)).toEqual({ data: { __typename: 'Query' } });
});

// ------------------------------------------------------------------------------------------------------ the supergraph

describe('a supergraph with Inventory and Users', () => {
  const subgraphs = (urls: { readonly products?: string; readonly inventory?: string; readonly users?: string } = {}) =>
    [
      { name: 'products', url: urls.products ?? 'http://products', sdl },
      { name: 'inventory', url: urls.inventory ?? 'http://inventory', sdl: INVENTORY_SDL },
      { name: 'users', url: urls.users ?? 'http://users', sdl: USERS_SDL },
    ] satisfies Subgraph[];

  test('composes with Products, by Apollo and by WunderGraph', () => {
    composeWithWunderGraph(...subgraphs());
    const { supergraphSdl } = composeWithApollo(...subgraphs());
    expect(supergraphSdl).toMatch(/^type Product\n(?: {2}@.*\n)* {2}@custom\n/m);
    expect(supergraphSdl).toMatch(/^ {2}notes: String .*@tag\(name: "internal"\) @tag\(name: "draft"\)/m);
    expect(supergraphSdl).toMatch(/^ {2}unit: String @inaccessible/m);
    expect(supergraphSdl).toMatch(/^interface Inventory\n(?: {2}@.*\n)*.*isInterfaceObject: true\)/m);
  });

  test('has no fields with a tag in a contract that excludes the tag', () => {
    const fieldsOf = (exclude: string) => {
      const { federatedGraphClientSchema } = composeContract({ exclude: [exclude] }, ...subgraphs());
      return Object.keys((federatedGraphClientSchema.getType('Product') as GraphQLObjectType).getFields());
    };
    expect(fieldsOf('nothing')).toContain('notes');
    expect(fieldsOf('internal')).not.toContain('notes');
    expect(fieldsOf('draft')).not.toContain('notes');
  });

  describe('a router', () => {
    const served: AsyncDisposable[] = [];
    let router: Router;
    let users: Recorder;
    let inventory: Recorder;
    beforeAll(async () => {
      const keep = <T extends AsyncDisposable>(part: T): T => {
        served.unshift(part);
        return part;
      };
      users = keep(await startRecorder(keep(await serveUsers()).url));
      inventory = keep(await startRecorder(keep(await serveInventory()).url));
      const { supergraphSdl } = composeWithApollo(
        ...subgraphs({ products: products.url, inventory: inventory.url, users: users.url }),
      );
      const { start } = ROUTERS.find(({ name }) => name === '@apollo/gateway')!;
      router = keep(await start(supergraphSdl));
    });
    afterAll(async () => {
      for (const part of served) await part[Symbol.asyncDispose]();
    });

    /** The router's response, and its requests to the other subgraphs. */
    async function sendToRouter(query: string) {
      const before = { users: users.fetches.length, inventory: inventory.fetches.length };
      const data = dataOf(await router.send(query));
      const requested = [...users.fetches.slice(before.users), ...inventory.fetches.slice(before.inventory)];
      return { data, requested: requested.map((fetched) => fetched.query) };
    }

    test('makes no fetch for a field that @provides names', async () => {
      const { data, requested } = await sendToRouter(
        '{ product(id: "apollo-federation") { createdBy { email totalProductsCreated } } }',
      );
      expect(data).toEqual({
        product: { createdBy: { email: 'support@apollographql.com', totalProductsCreated: 1337 } },
      });
      expect(requested).toEqual([]);
    });

    test('fetches a field that is not provided from its own subgraph', async () => {
      const { data, requested } = await sendToRouter(
        '{ deprecatedProduct(sku: "apollo-federation-v1", package: "@apollo/federation-v1") { createdBy { totalProductsCreated } } }',
      );
      expect(data).toEqual({ deprecatedProduct: { createdBy: { totalProductsCreated: 10 } } });
      expect(requested).toHaveLength(1);
    });

    test('fetches the fields that @requires names', async () => {
      const { data, requested } = await sendToRouter(
        '{ product(id: "apollo-federation") { createdBy { averageProductsCreatedPerYear email } } }',
      );
      // 1337 from Products, divided by the 10 years from Users.
      expect(data).toEqual({
        product: { createdBy: { averageProductsCreatedPerYear: 134, email: 'support@apollographql.com' } },
      });
      expect(requested).toEqual([expect.stringContaining('yearsOfEmployment')]);
    });

    test('sends a field of Products to another subgraph that requires it', async () => {
      const { data } = await sendToRouter(
        '{ product(id: "apollo-federation") { delivery(zip: "94111") { estimatedDelivery } } }',
      );
      expect(data).toEqual({
        product: { delivery: { estimatedDelivery: 'apollo-federation (small, 1) to 94111' } },
      });
    });

    test('fetches a field with @override from Products', async () => {
      const { data, requested } = await sendToRouter('{ product(id: "apollo-federation") { createdBy { name } } }');
      expect(data).toEqual({ product: { createdBy: { name: 'Jane Smith' } } });
      expect(requested).toEqual([]);
    });

    test('fetches @shareable fields from a subgraph that it queries anyway', async () => {
      const { data, requested } = await sendToRouter(
        '{ product(id: "apollo-federation") { dimensions { size weight } } }',
      );
      expect(data).toEqual({ product: { dimensions: { size: 'small', weight: 1 } } });
      expect(requested).toEqual([]);
    });

    test('adds the fields of an @interfaceObject to the types that implement the interface', async () => {
      const { data } = await sendToRouter(
        '{ inventory(id: "apollo-oss") { __typename deprecatedProducts { sku reason } products { sku } } }',
      );
      expect(data).toEqual({
        inventory: {
          __typename: 'OpenSourceInventory',
          deprecatedProducts: [{ sku: 'apollo-federation-v1', reason: 'Migrate to Federation V2' }],
          products: [{ sku: 'federation' }],
        },
      });
    });

    test('hides @inaccessible fields from clients', async () => {
      const { data, errors } = await router.send('{ product(id: "apollo-federation") { dimensions { unit } } }');
      expect(data).toBeUndefined();
      expect(errors).toMatchObject([{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }]);
    });
  });
});
