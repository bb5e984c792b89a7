// The plan of an operation: its fields with their types and resolvers. graphql-js works this out at each execution; a plan
// is created once per document and per combination of its @skip and @include conditions.

import {
  defaultFieldResolver,
  getArgumentValues,
  GraphQLError,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
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
  type ValueNode,
} from 'graphql';

import { collectFields, type MergedNodes } from './collect-fields.js';

/** Coerced arguments or variables by name. */
export type Values = Readonly<Record<string, unknown>>;

export interface Plan {
  readonly schema: GraphQLSchema;
  readonly operation: OperationDefinitionNode;
  readonly fragments: Readonly<Record<string, FragmentDefinitionNode>>;
  readonly fields: PlannedFields;
  /** The number of fields at all levels. */
  readonly fieldCount: number;
}

/** An error makes the object null: a condition (@skip, @include) has no value, or the schema has no such root type. */
export type PlannedFields = readonly PlannedField[] | GraphQLError;

export interface PlannedField {
  readonly responseName: string;
  readonly parentType: GraphQLObjectType;
  readonly name: string;
  readonly nodes: readonly FieldNode[];
  readonly type: GraphQLOutputType;
  readonly coerceArguments: (variables: Values) => Values;
  readonly resolve: GraphQLFieldResolver<unknown, unknown>;
  readonly value: PlannedValue;
}

/** How a value of a type is completed: as a list, a leaf, an object, or an object of an abstract type. */
export interface PlannedValue {
  readonly isNonNull: boolean;
  readonly item?: PlannedValue;
  readonly leaf?: GraphQLLeafType;
  readonly fields?: PlannedFields;
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

/** @param input with an operation that is valid against the schema. @throws TooManyFieldsError */
export function createPlan({ schema, operation, fragments, isIncluded }: PlanInput): Plan {
  const root = schema.getRootType(operation.operation);
  const context = { schema, fragments, isIncluded, remainingFields: MAX_FIELDS };
  // Validation accepts an operation of a type that the schema lacks.
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
  nodes: MergedNodes,
): PlannedField {
  const [node] = nodes;
  const name = node.name.value;
  const field = findField(context.schema, parentType, name);
  context.remainingFields -= 1;
  if (context.remainingFields < 0) throw new TooManyFieldsError();
  if (field === undefined) throw new TypeError('the document is not valid');
  const { type, resolve = defaultFieldResolver } = field;
  const value = planValue(context, type, nodes);
  return { responseName, parentType, name, nodes, type, coerceArguments: planArguments(field, node), resolve, value };
}

/** Returns a field of the type, or one of the three that introspection adds. */
function findField(
  schema: GraphQLSchema,
  parentType: GraphQLObjectType,
  name: string,
): GraphQLField<unknown, unknown> | undefined {
  const isRoot = parentType === schema.getQueryType();
  const metaFields = isRoot ? [TypeNameMetaFieldDef, SchemaMetaFieldDef, TypeMetaFieldDef] : [TypeNameMetaFieldDef];
  return metaFields.find((field) => field.name === name) ?? parentType.getFields()[name];
}

/** Prepares the arguments of a field. The returned function throws what graphql-js throws. */
function planArguments(field: GraphQLField<unknown, unknown>, node: FieldNode): (variables: Values) => Values {
  const coerce = (variables: Values): Values => getArgumentValues(field, node, variables);
  if (node.arguments?.some(({ value }) => hasVariable(value))) return coerce;
  // Coerced once: the fields of a row are called for each row.
  try {
    const constant = coerce({});
    return () => constant;
  } catch {
    return coerce;
  }
}

function hasVariable(value: ValueNode): boolean {
  if (value.kind === Kind.LIST) return value.values.some(hasVariable);
  if (value.kind === Kind.OBJECT) return value.fields.some((field) => hasVariable(field.value));
  return value.kind === Kind.VARIABLE;
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
