// CollectFields of the GraphQL specification (section 6.3.2): the selected fields of an object type, in response order,
// including those of fragments.

import {
  getDirectiveValues,
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  isAbstractType,
  Kind,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLObjectType,
  type GraphQLSchema,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';

/** The nodes that are merged under one response name. Validation ensures that they name one field with equal arguments. */
export type MergedNodes = readonly [FieldNode, ...FieldNode[]];

interface CollectContext {
  readonly schema: GraphQLSchema;
  readonly fragments: Readonly<Record<string, FragmentDefinitionNode>>;
  /** Decides @skip and @include; see `createInclusionTest`. Only called for selections with directives. */
  readonly isIncluded: (selection: SelectionNode) => boolean;
}

/**
 * Collects the fields of `selectionSets` for an object of `type`, by response name. The result is a map because response
 * names such as `__proto__` and `then` are legal.
 */
export function collectFields(
  { schema, fragments, isIncluded }: CollectContext,
  type: GraphQLObjectType,
  selectionSets: readonly SelectionSetNode[],
): ReadonlyMap<string, MergedNodes> {
  const fields = new Map<string, [FieldNode, ...FieldNode[]]>();
  const visited = new Set<string>();
  const addAll = ({ selections }: SelectionSetNode): void => {
    for (const selection of selections) {
      if (selection.directives?.length && !isIncluded(selection)) continue;
      if (selection.kind === Kind.FIELD) {
        addField(selection);
        continue;
      }
      const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? visit(selection.name.value) : selection;
      if (fragment !== undefined && applies(schema, type, fragment.typeCondition?.name.value)) {
        addAll(fragment.selectionSet);
      }
    }
  };
  const addField = (field: FieldNode): void => {
    const name = field.alias?.value ?? field.name.value;
    const merged = fields.get(name);
    if (merged === undefined) fields.set(name, [field]);
    else merged.push(field);
  };
  /** Each named fragment counts once, which also ends cycles. */
  const visit = (name: string): FragmentDefinitionNode | undefined => {
    if (visited.has(name)) return undefined;
    visited.add(name);
    return fragments[name];
  };
  selectionSets.forEach(addAll);
  return fields;
}

/** DoesFragmentTypeApply (section 6.3.2). */
function applies(schema: GraphQLSchema, type: GraphQLObjectType, condition: string | undefined): boolean {
  if (condition === undefined || condition === type.name) return true;
  const conditionType = schema.getType(condition);
  return isAbstractType(conditionType) && schema.isSubType(conditionType, type);
}

/** @param variables coerced values. The test throws a GraphQLError for a condition without a value, as graphql-js does. */
export function createInclusionTest(
  variables: Readonly<Record<string, unknown>>,
): (selection: SelectionNode) => boolean {
  return (selection) =>
    getDirectiveValues(GraphQLSkipDirective, selection, variables)?.if !== true &&
    getDirectiveValues(GraphQLIncludeDirective, selection, variables)?.if !== false;
}
