// Estimates the cost of an operation before it runs, in fields: a field below a list counts once per item that is asked
// for. The operation's budget charges the actual sizes later. Linear in the length of the document. Lists have the sizes of
// @listSize, the directive that routers estimate costs by:
// https://ibm.github.io/graphql-specs/cost-spec.html#sec-The-List-Size-Directive

import {
  getNamedType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  Kind,
  valueFromASTUntyped,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql';

type Variables = Readonly<Record<string, unknown>>;
type CostEstimate = (document: DocumentNode, operation: OperationDefinitionNode, variables: Variables) => number;
/** Returns the value of an argument; undefined when there is none. */
type ReadValue = (node: ValueNode) => unknown;

/** A cost that depends on a list further out: the size of `nodes` is known at `rows(first: 10)`. */
interface Cost {
  readonly fixed: number;
  /** Per item, by the name of the field that holds the list. */
  readonly perItem: ReadonlyMap<string, number>;
}

const ZERO_COST: Cost = { fixed: 0, perItem: new Map() };
const LEAF_COST: Cost = { fixed: 1, perItem: new Map() };
/** Costs stop here, where they are still exact integers. */
const COST_CAP = 1e15;

/** For operations that are valid in this schema. */
export function createCostEstimate(schema: GraphQLSchema): CostEstimate {
  return (document, operation, variables) => {
    const root = schema.getRootType(operation.operation);
    if (root == null) return 0;
    return resolveCost(estimate(schema, document, createReader(operation, variables))(operation.selectionSet, root));
  };
}

function estimate(schema: GraphQLSchema, document: DocumentNode, read: ReadValue) {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const each of document.definitions)
    if (each.kind === Kind.FRAGMENT_DEFINITION) fragments.set(each.name.value, each);
  // Each fragment is estimated once, however often it is spread.
  const estimated = new Map<string, Cost>();

  const ofSet = (set: SelectionSetNode, type: GraphQLCompositeType): Cost => {
    let fixed = 0;
    const perItem = new Map<string, number>();
    for (const selection of set.selections) {
      if (!isIncluded(selection, read)) continue;
      const cost = ofSelection(selection, type);
      fixed = add(fixed, cost.fixed);
      for (const [name, each] of cost.perItem) perItem.set(name, add(perItem.get(name) ?? 0, each));
    }
    return { fixed, perItem };
  };
  const ofSelection = (selection: SelectionNode, type: GraphQLCompositeType): Cost => {
    if (selection.kind === Kind.FIELD) return ofField(selection, type);
    if (selection.kind === Kind.FRAGMENT_SPREAD) return ofFragment(selection.name.value);
    const condition = selection.typeCondition?.name.value;
    const narrowed = condition === undefined ? type : schema.getType(condition);
    return isCompositeType(narrowed) ? ofSet(selection.selectionSet, narrowed) : ZERO_COST;
  };
  const ofFragment = (name: string): Cost => {
    const definition = fragments.get(name);
    if (definition === undefined) return ZERO_COST;
    let cost = estimated.get(name);
    if (cost === undefined) {
      estimated.set(name, ZERO_COST);
      const type = schema.getType(definition.typeCondition.name.value);
      estimated.set(name, (cost = isCompositeType(type) ? ofSet(definition.selectionSet, type) : ZERO_COST));
    }
    return cost;
  };
  const ofField = (node: FieldNode, parent: GraphQLCompositeType): Cost => {
    // The schema bounds introspection.
    const field = isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[node.name.value] : undefined;
    if (field === undefined) return ZERO_COST;
    const type = getNamedType(field.type);
    if (node.selectionSet === undefined || !isCompositeType(type)) return LEAF_COST;
    const inner = ofSet(node.selectionSet, type);
    const list = findList(field, node, read);
    if (list?.sizedFields === undefined) {
      const all = list === undefined ? resolveCost(inner) : multiply(list.size, resolveCost(inner));
      // Counts once per item, if an outer list sizes this field.
      return { fixed: 1, perItem: new Map([[field.name, all]]) };
    }
    return { fixed: add(1, resolveCost(inner, list)), perItem: new Map() };
  };
  return ofSet;
}

/** The arguments of @listSize. */
interface ListSize {
  readonly assumedSize?: number;
  readonly slicingArguments?: readonly string[];
  /** The fields below that hold the items; undefined: the field itself does. */
  readonly sizedFields?: readonly string[];
}

/** The list of a field or of fields below it, with the number of items that the arguments ask for; undefined for none. */
function findList(field: GraphQLField<unknown, unknown>, node: FieldNode, read: ReadValue) {
  const directives = field.extensions.directives as readonly { name: string; args: ListSize }[] | undefined;
  // `_entities` has no directive.
  const {
    slicingArguments,
    assumedSize = 1,
    sizedFields,
  } = field.name === '_entities'
    ? { slicingArguments: ['representations'] }
    : (directives?.find(({ name }) => name === 'listSize')?.args ?? {});
  if (slicingArguments === undefined) return undefined;
  const asked = field.args
    .filter(({ name }) => slicingArguments.includes(name))
    .map(({ name, defaultValue }) => {
      const given = node.arguments?.find((argument) => argument.name.value === name);
      const value = given && read(given.value);
      return toSize(value === undefined ? defaultValue : value);
    })
    .filter((size) => size !== undefined);
  return { size: asked.length === 0 ? assumedSize : Math.max(...asked), sizedFields };
}

/** Takes a number of items, or the items themselves. */
function toSize(value: unknown): number | undefined {
  // 1e999 in JSON becomes Infinity.
  if (typeof value === 'number') return Math.max(0, Math.min(value, Number.MAX_SAFE_INTEGER));
  return Array.isArray(value) ? value.length : undefined;
}

/** Applies the size of a list; fields outside its `sizedFields` count once. */
function resolveCost({ fixed, perItem }: Cost, list?: ReturnType<typeof findList>): number {
  let cost = fixed;
  for (const [name, each] of perItem)
    cost = add(cost, list?.sizedFields?.includes(name) ? multiply(list.size, each) : each);
  return cost;
}

/** @skip and @include, when their condition is known. */
function isIncluded({ directives = [] }: SelectionNode, read: ReadValue): boolean {
  return directives.every(({ name, arguments: given = [] }) => {
    const condition = given.find((argument) => argument.name.value === 'if');
    const value = condition && read(condition.value);
    return !(name.value === 'skip' ? value === true : name.value === 'include' && value === false);
  });
}

/** Reads values as sent; execution validates them. */
function createReader({ variableDefinitions = [] }: OperationDefinitionNode, variables: Variables): ReadValue {
  const defaults = new Map(
    variableDefinitions.map(({ variable, defaultValue }) => [variable.name.value, defaultValue]),
  );
  return (node) => {
    if (node.kind === Kind.VARIABLE) {
      const { value: name } = node.name;
      const given = Object.hasOwn(variables, name) ? variables[name] : undefined;
      const otherwise = defaults.get(name);
      return given === undefined && otherwise !== undefined ? valueFromASTUntyped(otherwise) : given;
    }
    // Only the length of a list matters.
    if (node.kind === Kind.LIST) return node.values;
    return node.kind === Kind.INT || node.kind === Kind.BOOLEAN ? valueFromASTUntyped(node) : undefined;
  };
}

function add(a: number, b: number): number {
  return Math.min(a + b, COST_CAP);
}

function multiply(a: number, b: number): number {
  return Math.min(a * b, COST_CAP);
}
