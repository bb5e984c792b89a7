// Estimates the cost of an operation before it runs, in fields: a field below a list counts once per requested item. The
// operation's budget charges the actual sizes later. Linear in the length of the document. The sizes of lists are those of
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
  type InlineFragmentNode,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql';

type Variables = Readonly<Record<string, unknown>>;
type CostEstimate = (document: DocumentNode, operation: OperationDefinitionNode, variables: Variables) => number;
/** Returns the value of an argument, uncoerced; a list literal as its nodes. */
type ReadValue = (node: ValueNode) => unknown;

/** A cost that depends on an outer list: the size of `nodes` is known at `rows(first: 10)`. */
interface Cost {
  readonly fixed: number;
  /** Per item, by the name of the field that returns the list. */
  readonly perItem: ReadonlyMap<string, number>;
}

const ZERO_COST: Cost = { fixed: 0, perItem: new Map() };
const LEAF_COST: Cost = { fixed: 1, perItem: new Map() };
/** Costs are capped where they are still exact integers. */
const COST_CAP = 1e15;

/** For operations that are valid in this schema. */
export function createCostEstimate(schema: GraphQLSchema): CostEstimate {
  return (document, operation, variables) => {
    const root = schema.getRootType(operation.operation);
    if (root == null) return 0;
    const estimator = new CostEstimator(schema, document, createReader(operation, variables));
    return resolveCost(estimator.ofSet(operation.selectionSet, root));
  };
}

class CostEstimator {
  readonly #schema: GraphQLSchema;
  readonly #read: ReadValue;
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  /** Each fragment is estimated once, however often it is spread. */
  readonly #fragmentCosts = new Map<string, Cost>();

  constructor(schema: GraphQLSchema, { definitions }: DocumentNode, read: ReadValue) {
    this.#schema = schema;
    this.#read = read;
    const fragments = definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);
    this.#fragments = new Map(fragments.map((fragment) => [fragment.name.value, fragment]));
  }

  ofSet({ selections }: SelectionSetNode, type: GraphQLCompositeType): Cost {
    let fixed = 0;
    const perItem = new Map<string, number>();
    for (const selection of selections) {
      if (!isIncluded(selection, this.#read)) continue;
      const cost = this.#ofSelection(selection, type);
      fixed = add(fixed, cost.fixed);
      for (const [name, each] of cost.perItem) perItem.set(name, add(perItem.get(name) ?? 0, each));
    }
    return { fixed, perItem };
  }

  #ofSelection(selection: SelectionNode, type: GraphQLCompositeType): Cost {
    if (selection.kind === Kind.FIELD) return this.#ofField(selection, type);
    if (selection.kind === Kind.INLINE_FRAGMENT) return this.#ofFragment(selection, type);
    const { value: name } = selection.name;
    const fragment = this.#fragments.get(name);
    const cost = this.#fragmentCosts.get(name) ?? (fragment ? this.#ofFragment(fragment, type) : ZERO_COST);
    this.#fragmentCosts.set(name, cost);
    return cost;
  }

  #ofFragment(fragment: InlineFragmentNode | FragmentDefinitionNode, parent: GraphQLCompositeType): Cost {
    const condition = fragment.typeCondition?.name.value;
    const type = condition === undefined ? parent : this.#schema.getType(condition);
    return isCompositeType(type) ? this.ofSet(fragment.selectionSet, type) : ZERO_COST;
  }

  #ofField(node: FieldNode, parent: GraphQLCompositeType): Cost {
    // The schema bounds introspection.
    const field = isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[node.name.value] : undefined;
    if (field === undefined) return ZERO_COST;
    const type = getNamedType(field.type);
    if (node.selectionSet === undefined || !isCompositeType(type)) return LEAF_COST;
    const inner = this.ofSet(node.selectionSet, type);
    const list = findList(field, node, this.#read);
    if (list?.sizedFields !== undefined) return { fixed: add(1, resolveCost(inner, list)), perItem: new Map() };
    // Counts once per item, if an outer list sizes this field.
    return { fixed: 1, perItem: new Map([[field.name, multiply(list?.size ?? 1, resolveCost(inner))]]) };
  }
}

/** The arguments of @listSize. */
interface ListSize {
  readonly assumedSize?: number;
  readonly slicingArguments?: readonly string[];
  /** The fields below that return the items; undefined: the field itself does. */
  readonly sizedFields?: readonly string[];
}

/** The list of a field or of fields below it, with the number of items that the arguments request; undefined for none. */
function findList(field: GraphQLField<unknown, unknown>, node: FieldNode, read: ReadValue) {
  const directives = field.extensions.directives as readonly { name: string; args: ListSize }[] | undefined;
  const listSize = directives?.find(({ name }) => name === 'listSize')?.args;
  // Short lists of a row, such as its labels, are not counted.
  if (listSize === undefined || (listSize.slicingArguments ?? listSize.sizedFields) === undefined) return undefined;
  const { slicingArguments = [], assumedSize = 1, sizedFields } = listSize;
  const sizes = field.args
    .filter(({ name }) => slicingArguments.includes(name))
    .map(({ name, defaultValue }) => {
      const argument = node.arguments?.find((each) => each.name.value === name);
      const value = argument && read(argument.value);
      return toSize(value === undefined ? defaultValue : value);
    })
    .filter((size) => size !== undefined);
  return { size: sizes.length === 0 ? assumedSize : Math.max(...sizes), sizedFields };
}

/** Accepts a number of items, or the items themselves. */
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

/** Whether @skip and @include include a selection. An unknown condition does. */
function isIncluded({ directives = [] }: SelectionNode, read: ReadValue): boolean {
  return directives.every(({ name, arguments: args = [] }) => {
    const condition = args.find((argument) => argument.name.value === 'if');
    const value = condition && read(condition.value);
    return !(name.value === 'skip' ? value === true : name.value === 'include' && value === false);
  });
}

function createReader({ variableDefinitions = [] }: OperationDefinitionNode, variables: Variables): ReadValue {
  // Without a prototype: a variable may be called __proto__.
  const values = Object.create(null) as Record<string, unknown>;
  for (const { variable, defaultValue } of variableDefinitions)
    if (defaultValue !== undefined) values[variable.name.value] = valueFromASTUntyped(defaultValue);
  Object.assign(values, variables);
  // Only the length of a list matters.
  return (node) => (node.kind === Kind.LIST ? node.values : valueFromASTUntyped(node, values));
}

function add(a: number, b: number): number {
  return Math.min(a + b, COST_CAP);
}

function multiply(a: number, b: number): number {
  return Math.min(a * b, COST_CAP);
}
