// Turns a schema into a subgraph of Apollo Federation: `_service` returns the schema with its directives, and `_entities`
// the entities that other subgraphs refer to.
// https://www.apollographql.com/docs/graphos/schema-design/federated-schemas/reference/subgraph-spec

import {
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLScalarType,
  GraphQLSchema,
  GraphQLString,
  GraphQLUnionType,
  isObjectType,
  type GraphQLFieldConfigMap,
  type GraphQLNamedType,
  type GraphQLResolveInfo,
} from 'graphql';

import { UserInputError } from '../../errors.js';
import type { GatewayContext } from '../../loaders/context.js';
import { MAX_ERRORS } from '../../execution/field-errors.js';
import { assertCount } from '../inputs/validate.js';
import { chargeItems } from '../response-budget.js';

const MAX_REPRESENTATIONS = 5_000;

const Any = new GraphQLScalarType({
  name: '_Any',
  description: 'A reference to an entity: an object with its `__typename` and the fields of its key.',
});

/** A reference to an entity as a router sends it: `{ __typename, …key }`, not validated. */
export type Representation = Readonly<Record<string, unknown>>;
type ReferenceResolver = (representation: Representation, context: GatewayContext, info: GraphQLResolveInfo) => unknown;
type Entities = ReadonlyMap<unknown, { readonly type: GraphQLObjectType; readonly resolve: ReferenceResolver }>;

/** Adds `_service`, which returns `sdl`, and `_entities`, for the types with a reference resolver. */
export function toSubgraph(schema: GraphQLSchema, sdl: string): GraphQLSchema {
  const { query, types, ...config } = schema.toConfig();
  const { fields, name, ...queryConfig } = query?.toConfig() ?? { name: 'Query', fields: {} };
  const entities = findEntities(types);
  const subgraphFields = { ...(entities.size > 0 && createEntitiesField(entities)), ...createServiceField(sdl) };
  return new GraphQLSchema({
    ...config,
    query: new GraphQLObjectType({ ...queryConfig, name, fields: { ...fields, ...subgraphFields } }),
    types: types.filter((type) => type !== query),
  });
}

/** Reads the reference resolvers from the extension that @apollo/subgraph uses. */
function findEntities(types: readonly GraphQLNamedType[]): Entities {
  const entities = types.filter(isObjectType).flatMap((type) => {
    const { apollo } = type.extensions as { apollo?: { subgraph?: { resolveReference?: ReferenceResolver } } };
    const resolve = apollo?.subgraph?.resolveReference;
    return resolve === undefined ? [] : [[type.name, { type, resolve }] as const];
  });
  return new Map(entities);
}

function createServiceField(sdl: string): GraphQLFieldConfigMap<unknown, GatewayContext> {
  const Service = new GraphQLObjectType({
    name: '_Service',
    description: 'The schema of this subgraph, for routers.',
    fields: { sdl: { type: GraphQLString, description: 'The schema, with the directives of Apollo Federation.' } },
  });
  return {
    _service: {
      type: new GraphQLNonNull(Service),
      description: 'For routers: the schema of this subgraph.',
      resolve: () => ({ sdl }),
    },
  };
}

function createEntitiesField(entities: Entities): GraphQLFieldConfigMap<unknown, GatewayContext> {
  const Entity = new GraphQLUnionType({
    name: '_Entity',
    description: 'The entities that other subgraphs may refer to.',
    types: [...entities.values()].map(({ type }) => type),
  });
  return {
    _entities: {
      type: new GraphQLNonNull(new GraphQLList(Entity)),
      description: 'For routers: the entities of the representations, in the same order.',
      // For the cost estimate, as on all other lists.
      extensions: { directives: [{ name: 'listSize', args: { slicingArguments: ['representations'] } }] },
      args: {
        representations: {
          type: new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(Any))),
          description: 'References to entities, at most 5,000.',
        },
      },
      resolve: (_root, { representations }: { representations: readonly unknown[] }, context, info) => {
        assertCount('representations', representations, MAX_REPRESENTATIONS);
        chargeItems(context, representations.length, info);
        // Aliases with the same variable share its entities.
        return context.memoize([representations], () =>
          resolveAll(representations, (each) => resolveReference(each, entities, context, info)),
        );
      },
    },
  };
}

/** Resolves each representation to its entity or its error. */
function resolveAll(representations: readonly unknown[], resolve: (representation: unknown) => unknown) {
  let failureCount = 0;
  let tooMany: UserInputError | undefined;
  return representations.map((representation, index) => {
    try {
      return resolve(representation);
    } catch (error) {
      failureCount += 1;
      if (!(error instanceof UserInputError)) return error;
      if (failureCount <= MAX_ERRORS) return error.within(`representations[${index}]`);
      return (tooMany ??= new UserInputError('representations', `must be valid: more than ${MAX_ERRORS} are not.`));
    }
  });
}

/** @throws UserInputError about the representation. */
function resolveReference(
  representation: unknown,
  entities: Entities,
  context: GatewayContext,
  info: GraphQLResolveInfo,
): unknown {
  if (typeof representation !== 'object' || representation === null || Array.isArray(representation)) {
    throw new UserInputError('', 'must be an object.');
  }
  const { __typename: name } = representation as Representation;
  const entity = entities.get(name);
  if (entity === undefined) {
    throw new UserInputError('__typename', `must be one of ${[...entities.keys()].join(', ')}.`);
  }
  const addTypeName = (value: unknown): unknown => value && { ...value, __typename: name };
  const value = entity.resolve(representation as Representation, context, info);
  return value instanceof Promise ? value.then(addTypeName) : addTypeName(value);
}
