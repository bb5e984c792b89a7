// The supergraph of Apollo's subgraph compatibility checks: Products, built with Pothos and the gateway's plugins and HTTP
// layer, with Inventory and Users, built with Apollo's library. Names and data come from the checks:
// https://github.com/apollographql/apollo-federation-subgraph-compatibility

import type { RequestListener } from 'node:http';

import { buildSubgraphSchema } from '@apollo/subgraph';
import SchemaBuilder from '@pothos/core';
import DirectivesPlugin from '@pothos/plugin-directives';
import FederationPlugin from '@pothos/plugin-federation';
import {
  DirectiveLocation,
  GraphQLDirective,
  parse,
  print,
  visit,
  type DirectiveNode,
  type GraphQLSchema,
} from 'graphql';
import { createYoga } from 'graphql-yoga';

import { systemClock } from '../../../src/clock.js';
import { printSdl } from '../../../src/graphql/federation/print-sdl.js';
import { toSubgraph } from '../../../src/graphql/federation/subgraph.js';
import { GRAPHQL_PATH } from '../../../src/http/handler.js';
import { toListener } from '../../../src/http/server/node-adapter.js';
import { createHttpServer } from '../../../src/http/server/server.js';
import { validateHost } from '../../../src/http/server/validate-host.js';
import { createTestHandler } from '../http-handler.js';

// ---------------------------------------------------------------------------------------------------------- the data

const DIMENSION = { size: 'small', weight: 1, unit: 'kg' };
const USER = { email: 'support@apollographql.com', totalProductsCreated: 1337 };
const RESEARCH = [
  { study: { caseNumber: '1234', description: 'Federation Study' }, outcome: null },
  { study: { caseNumber: '1235', description: 'Studio Study' }, outcome: null },
];
const PRODUCTS = [
  {
    id: 'apollo-federation',
    sku: 'federation',
    package: '@apollo/federation',
    variation: { id: 'OSS' },
    research: RESEARCH.slice(0, 1),
  },
  { id: 'apollo-studio', sku: 'studio', package: '', variation: { id: 'platform' }, research: RESEARCH.slice(1) },
];
const DEPRECATED_PRODUCT = {
  sku: 'apollo-federation-v1',
  package: '@apollo/federation-v1',
  reason: 'Migrate to Federation V2',
};

// ---------------------------------------------------------------------------------------------------------- Products

/** The router has to pass it on to clients, although federation does not know it. */
const CUSTOM_SPECIFICATION = 'https://myspecs.dev/myCustomDirective/v1.0';

const builder = new SchemaBuilder<{
  Directives: {
    custom: { locations: 'OBJECT'; args: Record<string, never> };
    link: { locations: 'SCHEMA'; args: { url: string; import: readonly string[] } };
    composeDirective: { locations: 'SCHEMA'; args: { name: string } };
  };
}>({ plugins: [DirectivesPlugin, FederationPlugin] });

interface ProductKey {
  readonly id?: string;
  readonly sku?: string;
  readonly package?: string;
  readonly variation?: { readonly id: string };
}

const User = builder
  .externalRef('User', builder.selection<{ email: string }>('email'), (representation) => representation)
  .implement({
    externalFields: (t) => ({
      email: t.id({ nullable: false }),
      totalProductsCreated: t.int(),
      yearsOfEmployment: t.int({ nullable: false }),
    }),
    fields: (t) => ({
      name: t.string({ override: { from: 'users' }, resolve: () => 'Jane Smith' }),
      averageProductsCreatedPerYear: t.int({
        requires: builder.selection<{ totalProductsCreated: number; yearsOfEmployment: number }>(
          'totalProductsCreated yearsOfEmployment',
        ),
        resolve: ({ totalProductsCreated, yearsOfEmployment }) => Math.round(totalProductsCreated / yearsOfEmployment),
      }),
    }),
  });

const CaseStudy = builder.objectRef<(typeof RESEARCH)[number]['study']>('CaseStudy').implement({
  fields: (t) => ({
    caseNumber: t.exposeID('caseNumber', { nullable: false }),
    description: t.exposeString('description'),
  }),
});

const ProductResearch = builder.objectRef<(typeof RESEARCH)[number]>('ProductResearch').implement({
  fields: (t) => ({
    study: t.expose('study', { type: CaseStudy, nullable: false }),
    outcome: t.string({ resolve: ({ outcome }) => outcome }),
  }),
});
builder.asEntity(ProductResearch, {
  key: builder.selection<{ study: { caseNumber: string } }>('study { caseNumber }'),
  resolveReference: ({ study }) => RESEARCH.find((each) => each.study.caseNumber === study.caseNumber),
});

const ProductVariation = builder.objectRef<{ readonly id: string }>('ProductVariation').implement({
  fields: (t) => ({ id: t.exposeID('id', { nullable: false }) }),
});

const ProductDimension = builder.objectRef<typeof DIMENSION>('ProductDimension').implement({
  shareable: true,
  fields: (t) => ({
    size: t.exposeString('size'),
    weight: t.exposeFloat('weight'),
    unit: t.exposeString('unit', { inaccessible: true }),
  }),
});

const Product = builder.objectRef<(typeof PRODUCTS)[number]>('Product').implement({
  directives: { custom: {} },
  fields: (t) => ({
    id: t.exposeID('id', { nullable: false }),
    sku: t.exposeString('sku'),
    package: t.exposeString('package'),
    variation: t.expose('variation', { type: ProductVariation }),
    dimensions: t.field({ type: ProductDimension, resolve: () => DIMENSION }),
    createdBy: t.field({
      type: User.provides<{ totalProductsCreated: number }>('totalProductsCreated'),
      resolve: () => USER,
    }),
    notes: t.string({ tag: ['internal', 'draft'], resolve: () => 'for us alone' }),
    research: t.expose('research', { type: [ProductResearch], nullable: false }),
  }),
});
builder.asEntity(Product, {
  key: [
    builder.selection<{ id: string }>('id'),
    builder.selection<{ sku: string; package: string }>('sku package'),
    builder.selection<{ sku: string; variation: { id: string } }>('sku variation { id }'),
  ],
  // A promise, like the result of a database.
  resolveReference: (key: ProductKey) => Promise.resolve(PRODUCTS.find((product) => matchesKey(product, key))),
});

function matchesKey(product: (typeof PRODUCTS)[number], { id, sku, variation, ...rest }: ProductKey): boolean {
  if (id !== undefined) return product.id === id;
  if (product.sku !== sku) return false;
  return variation === undefined ? product.package === rest.package : product.variation.id === variation.id;
}

interface DeprecatedKey {
  readonly sku: string;
  readonly package: string;
}

const DeprecatedProduct = builder.objectRef<typeof DEPRECATED_PRODUCT>('DeprecatedProduct').implement({
  fields: (t) => ({
    sku: t.exposeString('sku', { nullable: false }),
    package: t.exposeString('package', { nullable: false }),
    reason: t.exposeString('reason'),
    createdBy: t.field({ type: User, resolve: () => USER }),
  }),
});
builder.asEntity(DeprecatedProduct, {
  key: builder.selection<{ sku: string; package: string }>('sku package'),
  resolveReference: findDeprecated,
});

function findDeprecated(key: DeprecatedKey): typeof DEPRECATED_PRODUCT | null {
  const { sku, package: name } = DEPRECATED_PRODUCT;
  return key.sku === sku && key.package === name ? DEPRECATED_PRODUCT : null;
}

// An interface in the subgraph Inventory: this one adds a field to its implementations without knowing them.
const Inventory = builder.objectRef<{ readonly id: string }>('Inventory').implement({
  fields: (t) => ({
    id: t.exposeID('id', { nullable: false }),
    deprecatedProducts: t.field({
      type: [DeprecatedProduct],
      nullable: false,
      resolve: ({ id }) => (id === 'apollo-oss' ? [DEPRECATED_PRODUCT] : []),
    }),
  }),
});
builder.asEntity(Inventory, {
  key: builder.selection<{ id: string }>('id'),
  interfaceObject: true,
  resolveReference: ({ id }) => ({ id }),
});

builder.queryType({
  fields: (t) => ({
    product: t.field({
      type: Product,
      args: { id: t.arg.id({ required: true }) },
      resolve: (_root, { id }) => PRODUCTS.find((product) => product.id === id),
    }),
    deprecatedProduct: t.field({
      type: DeprecatedProduct,
      deprecationReason: 'Use product query instead',
      args: { sku: t.arg.string({ required: true }), package: t.arg.string({ required: true }) },
      resolve: (_root, key) => findDeprecated(key),
    }),
  }),
});

function createOwnSchema(): GraphQLSchema {
  return builder.toSchema({
    sortSchema: false,
    directives: [new GraphQLDirective({ name: 'custom', locations: [DirectiveLocation.OBJECT] })],
    schemaDirectives: [
      { name: 'link', args: { url: CUSTOM_SPECIFICATION, import: ['@custom'] } },
      { name: 'composeDirective', args: { name: '@custom' } },
    ],
  });
}

/** A new schema, not shared. */
function createProductsSchema(): GraphQLSchema {
  const schema = createOwnSchema();
  return toSubgraph(schema, finish(printSdl(schema), schema));
}

/**
 * The gateway's own schema has only federation's directives, and no field of another subgraph. So `printSdl` treats
 * every directive as federation's, omits the schema's own directives, and tags each field as public, even external
 * ones, which composition refuses. This function corrects that.
 */
function finish(sdl: string, { extensionASTNodes }: GraphQLSchema): string {
  const isNamed =
    (name: string) =>
    (directive: DirectiveNode): boolean =>
      directive.name.value === name;
  const document = visit(parse(sdl), {
    // Remove it from the list of federation's imports.
    StringValue: (node) => (node.value === '@custom' ? { ...node, value: '@composeDirective' } : undefined),
    FieldDefinition: ({ directives = [], ...node }) =>
      directives.some(isNamed('external'))
        ? { ...node, directives: directives.filter((directive) => !isNamed('tag')(directive)) }
        : undefined,
  });
  return [print(document), ...extensionASTNodes.map(print), 'directive @custom on OBJECT', ''].join('\n\n');
}

// ----------------------------------------------------------------------------------------------- Inventory and Users

export const INVENTORY_SDL = `
  extend schema
    @link(
      url: "https://specs.apollo.dev/federation/v2.3"
      import: ["@key", "@requires", "@shareable", "@external"]
    )

  type Query {
    inventory(id: ID!): Inventory
  }

  interface Inventory @key(fields: "id") {
    id: ID!
    products: [Product!]!
  }

  type OpenSourceInventory implements Inventory @key(fields: "id") {
    id: ID!
    products: [Product!]!
  }

  extend type Product @key(fields: "id") {
    id: ID! @external
    dimensions: ProductDimension @external
    delivery(zip: String): DeliveryEstimates @requires(fields: "dimensions { size weight }")
  }

  type ProductDimension @shareable {
    size: String
    weight: Float
  }

  type DeliveryEstimates {
    estimatedDelivery: String
    fastestDelivery: String
  }
`;

export const USERS_SDL = `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable"])

  type User @key(fields: "email") {
    email: ID!
    name: String
    totalProductsCreated: Int @shareable
    yearsOfEmployment: Int!
  }
`;

interface RequiredOfProduct {
  readonly id: string;
  readonly dimensions: { readonly size: string; readonly weight: number };
}

const inventory = buildSubgraphSchema({
  typeDefs: parse(INVENTORY_SDL),
  resolvers: {
    Query: {
      inventory: (_: unknown, { id }: { readonly id: string }) =>
        id === 'apollo-oss'
          ? { __typename: 'OpenSourceInventory', id, products: [{ id: 'apollo-federation' }] }
          : undefined,
    },
    Product: {
      // Returns its input, which can only come from Products.
      delivery: ({ id, dimensions: { size, weight } }: RequiredOfProduct, { zip }: { readonly zip: string }) => ({
        estimatedDelivery: `${id} (${size}, ${weight}) to ${zip}`,
      }),
    },
  },
});

const users = buildSubgraphSchema({
  typeDefs: parse(USERS_SDL),
  resolvers: {
    User: {
      // Differs from the value of Products, so that a response shows its source.
      __resolveReference: ({ email }: { readonly email: string }) =>
        email === USER.email
          ? { email, name: 'Apollo Studio Support', totalProductsCreated: 10, yearsOfEmployment: 10 }
          : undefined,
    },
  },
});

// --------------------------------------------------------------------------------------------------------- on sockets

export interface Served extends AsyncDisposable {
  readonly url: string;
}

/** Products behind the gateway's HTTP interface. */
export function serveProducts(): Promise<Served> {
  return serve(toListener(createTestHandler({ schema: createProductsSchema() })), () => undefined);
}

export const serveInventory = (): Promise<Served> => serveAsItIs(inventory);
export const serveUsers = (): Promise<Served> => serveAsItIs(users);

function serveAsItIs(schema: GraphQLSchema): Promise<Served> {
  const yoga = createYoga({ schema, logging: false });
  return serve(
    (request, response) => void yoga(request, response),
    () => yoga.dispose(),
  );
}

async function serve(listener: RequestListener, dispose: () => PromiseLike<void> | void): Promise<Served> {
  const server = createHttpServer(validateHost(listener), { host: '127.0.0.1', port: 0, clock: systemClock });
  return {
    url: `${await server.listen()}${GRAPHQL_PATH}`,
    async [Symbol.asyncDispose]() {
      await server.close();
      await dispose();
    },
  };
}
