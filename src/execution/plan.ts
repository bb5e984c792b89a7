// The plan of an operation: which fields are resolved, of which types, by which resolvers. graphql-js finds this out at
// each execution; a plan is made once per document and per set of fields that @skip and @include leave over.

import {
  defaultFieldResolver,
  GraphQLError,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  SchemaMetaFieldDef,
  TypeMetaFieldDef,
  TypeNameMetaFieldDef,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLAbstractType,
  type GraphQLField,
  type GraphQLFieldResolver,
  type GraphQLLeafType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';

import { collectFields } from './collect-fields.js';
import { planArguments, type Values } from './coerce-inputs.js';

export interface Plan {
  readonly schema: GraphQLSchema;
  readonly operation: OperationDefinitionNode;
  readonly fragments: Readonly<Record<string, FragmentDefinitionNode>>;
  readonly fields: PlannedFields;
  /** How many fields it has, all levels together: what it weighs. */
  readonly fieldCount: number;
}

/** Or an error, with which the object becomes null: a condition (@skip, @include) without a value, no such root type. */
export type PlannedFields = readonly PlannedField[] | GraphQLError;

export interface PlannedField {
  readonly responseName: string;
  readonly parentType: GraphQLObjectType;
  readonly name: string;
  readonly nodes: readonly FieldNode[];
  readonly type: GraphQLOutputType;
  readonly toArguments: (variables: Values) => Values;
  readonly resolve: GraphQLFieldResolver<unknown, unknown>;
  readonly value: PlannedValue;
}

/** How a value of a type is completed. */
export interface PlannedValue {
  readonly isNonNull: boolean;
  /** Of a list: each item. */
  readonly item?: PlannedValue;
  readonly leaf?: GraphQLLeafType;
  /** Of an object. */
  readonly fields?: PlannedFields;
  /** Of an interface or a union, whose objects have their fields by type. */
  readonly abstract?: AbstractValue;
}

export interface AbstractValue {
  readonly type: GraphQLAbstractType;
  readonly fieldsByType: ReadonlyMap<string, PlannedFields>;
}

/** The operation selects more fields than a plan may have. */
export class TooManyFieldsError extends Error {}

const MAX_FIELDS = 10_000;

interface PlanInput extends Pick<Plan, 'schema' | 'operation' | 'fragments'> {
  /** Decides @skip and @include. May throw a GraphQLError. */
  readonly isIncluded: (selection: SelectionNode) => boolean;
}

interface PlanContext extends Omit<PlanInput, 'operation'> {
  remainingFields: number;
}

/** @throws TooManyFieldsError. @param input with an operation that is valid against the schema. */
export function createPlan({ schema, operation, fragments, isIncluded }: PlanInput): Plan {
  const root = schema.getRootType(operation.operation);
  const context = { schema, fragments, isIncluded, remainingFields: MAX_FIELDS };
  // Validation lets these operations pass: it does not know their type.
  const fields =
    root == null
      ? new GraphQLError(`Schema is not configured to execute ${operation.operation} operation.`, { nodes: operation })
      : planFields(context, root, [operation.selectionSet]);
  return { schema, operation, fragments, fields, fieldCount: MAX_FIELDS - context.remainingFields };
}

function planFields(context: PlanContext, type: GraphQLObjectType, sets: readonly SelectionSetNode[]): PlannedFields {
  let collected: ReturnType<typeof collectFields>;
  try {
    collected = collectFields(context, type, sets);
  } catch (error) {
    if (error instanceof GraphQLError) return error;
    throw error;
  }
  return Array.from(collected, ([responseName, nodes]) => planField(context, type, responseName, nodes));
}

function planField(
  context: PlanContext,
  parentType: GraphQLObjectType,
  responseName: string,
  nodes: readonly [FieldNode, ...FieldNode[]],
): PlannedField {
  const [node] = nodes;
  const name = node.name.value;
  const field = findField(context.schema, parentType, name);
  context.remainingFields -= 1;
  if (context.remainingFields < 0) throw new TooManyFieldsError();
  if (field === undefined) throw new TypeError('the document is not valid');
  const { type, resolve = defaultFieldResolver } = field;
  const value = planValue(context, type, nodes);
  return { responseName, parentType, name, nodes, type, toArguments: planArguments(field, node), resolve, value };
}

/** GetFieldDef: a field of the type, or one of the three that introspection adds. */
function findField(
  schema: GraphQLSchema,
  parentType: GraphQLObjectType,
  name: string,
): GraphQLField<unknown, unknown> | undefined {
  if (name === TypeNameMetaFieldDef.name) return TypeNameMetaFieldDef;
  if (parentType === schema.getQueryType()) {
    if (name === SchemaMetaFieldDef.name) return SchemaMetaFieldDef;
    if (name === TypeMetaFieldDef.name) return TypeMetaFieldDef;
  }
  return parentType.getFields()[name];
}

function planValue(context: PlanContext, type: GraphQLOutputType, nodes: readonly FieldNode[]): PlannedValue {
  if (isNonNullType(type)) return { ...planValue(context, type.ofType, nodes), isNonNull: true };
  if (isListType(type)) return { isNonNull: false, item: planValue(context, type.ofType, nodes) };
  if (isLeafType(type)) return { isNonNull: false, leaf: type };
  const sets = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
  if (isObjectType(type)) return { isNonNull: false, fields: planFields(context, type, sets) };
  const possible = context.schema.getPossibleTypes(type);
  const fieldsByType = new Map(possible.map((each) => [each.name, planFields(context, each, sets)] as const));
  return { isNonNull: false, abstract: { type, fieldsByType } };
}
