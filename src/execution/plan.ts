// What is to be done for an operation, as far as its document decides that: which fields, of which types, resolved by what.
// graphql-js finds it out anew at each execution. Only for what our schema has and nearly all documents are: fields of
// object types, without @skip and @include. Everything else runs in graphql-js.

import {
  defaultFieldResolver,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  TypeNameMetaFieldDef,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
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
import { planArguments, planVariables, type Values } from './coerce-inputs.js';

export interface Plan {
  readonly schema: GraphQLSchema;
  readonly operation: OperationDefinitionNode;
  readonly fragments: Readonly<Record<string, FragmentDefinitionNode>>;
  readonly toVariables: (given: Values) => Values | undefined;
  readonly fields: readonly PlannedField[];
}

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

/** What a value of a type is completed by. */
export interface PlannedValue {
  readonly isNonNull: boolean;
  /** Of a list: each item. */
  readonly item?: PlannedValue;
  readonly leaf?: GraphQLLeafType;
  /** Of an object. */
  readonly fields?: readonly PlannedField[];
}

interface Scope extends Pick<Plan, 'schema' | 'fragments'> {
  /** How many fields may still come: a plan is kept as long as its document. */
  left: number;
}

/** Says that there is no plan. */
class UnplannedError extends Error {}

const MAX_FIELDS = 1_000;

/** Undefined where there is no plan. @param operation one of the document, which is valid. */
export function createPlan(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): Plan | undefined {
  const root = schema.getRootType(operation.operation);
  const variables = operation.variableDefinitions ?? [];
  if (root == null || variables.some(({ variable }) => variable.name.value === '__proto__')) return undefined;
  const fragments: Record<string, FragmentDefinitionNode> = Object.create(null) as Record<string, never>;
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments[definition.name.value] = definition;
  }
  try {
    const fields = planFields({ schema, fragments, left: MAX_FIELDS }, root, [operation.selectionSet]);
    return { schema, operation, fragments, toVariables: planVariables(schema, variables), fields };
  } catch (error) {
    if (error instanceof UnplannedError) return undefined;
    throw error;
  }
}

/** Conditions decide with each execution anew; directives of other names say nothing here. */
function isIncluded({ directives = [] }: SelectionNode): boolean {
  if (directives.some(({ name: { value } }) => value === 'skip' || value === 'include')) throw new UnplannedError();
  return true;
}

function planFields(scope: Scope, parentType: GraphQLObjectType, sets: readonly SelectionSetNode[]): PlannedField[] {
  return [...collectFields({ ...scope, isIncluded }, parentType, sets)].map(([responseName, nodes]) => {
    const [node] = nodes;
    const name = node.name.value;
    const field = name === '__typename' ? TypeNameMetaFieldDef : parentType.getFields()[name];
    scope.left -= 1;
    // Introspection, which no frontend asks for all day; and a name that is none for an object's own.
    if (field === undefined || responseName === '__proto__' || scope.left < 0) throw new UnplannedError();
    const { type, resolve = defaultFieldResolver } = field;
    const toArguments = planArguments(field, node);
    return { responseName, parentType, name, nodes, type, toArguments, resolve, value: planValue(scope, type, nodes) };
  });
}

function planValue(scope: Scope, type: GraphQLOutputType, nodes: readonly FieldNode[]): PlannedValue {
  if (isNonNullType(type)) return { ...planValue(scope, type.ofType, nodes), isNonNull: true };
  if (isListType(type)) return { isNonNull: false, item: planValue(scope, type.ofType, nodes) };
  if (isLeafType(type)) return { isNonNull: false, leaf: type };
  // An interface or a union has its fields by value; and who asks each value for its type does not know it.
  if (!isObjectType(type) || type.isTypeOf != null) throw new UnplannedError();
  const sets = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
  return { isNonNull: false, fields: planFields(scope, type, sets) };
}
