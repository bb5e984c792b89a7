// Estimates the cost of an operation before it runs, in fields: a field below a list counts once per item that is asked
// for. The operation's budget charges the actual sizes later. Linear in the length of the document.

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
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';

import { createListSizes, type ListSizes, type ReadValue } from './list-sizes.js';

export type Variables = Readonly<Record<string, unknown>>;
export type CostEstimate = (document: DocumentNode, operation: OperationDefinitionNode, variables: Variables) => number;

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
  const listSizes = createListSizes();
  // Operations repeat, with variables that ask for the same sizes.
  const latest = new WeakMap<OperationDefinitionNode, Estimate>();
  return (document, operation, variables) => {
    const known = latest.get(operation);
    if (known?.isFor(variables) === true) return known.cost;
    const root = schema.getRootType(operation.operation);
    if (root == null) return 0;
    const { read, isFor } = createReader(operation, variables);
    const cost = resolveCost(estimate({ schema, document, listSizes, read })(operation.selectionSet, root));
    latest.set(operation, { cost, isFor });
    return cost;
  };
}

interface Estimate {
  readonly cost: number;
  /** Whether the cost is the same with these variables. */
  readonly isFor: (variables: Variables) => boolean;
}

interface Estimating {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly listSizes: ListSizes;
  readonly read: ReadValue;
}

function estimate({ schema, document, listSizes, read }: Estimating) {
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
    const list = listSizes.find(field, node, read);
    if (list?.sizedFields === undefined) {
      const all = list === undefined ? resolveCost(inner) : multiply(list.size, resolveCost(inner));
      // Counts once per item, if an outer list sizes this field.
      return { fixed: 1, perItem: new Map([[field.name, all]]) };
    }
    return { fixed: add(1, resolveCost(inner, list)), perItem: new Map() };
  };
  return ofSet;
}

/** Applies the size of a list; fields outside its `sizedFields` count once. */
function resolveCost(
  { fixed, perItem }: Cost,
  list?: { readonly size: number; readonly sizedFields?: readonly string[] | undefined },
): number {
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
function createReader({ variableDefinitions = [] }: OperationDefinitionNode, variables: Variables) {
  const defaults = new Map(
    variableDefinitions.map(({ variable, defaultValue }) => [variable.name.value, defaultValue]),
  );
  // The variables that the estimate depends on; of a list only its length.
  const seen = new Map<string, unknown>();
  const read: ReadValue = (node) => {
    if (node.kind === Kind.VARIABLE) {
      const { value: name } = node.name;
      const given = valueOf(variables, name);
      seen.set(name, lengthOf(given));
      const otherwise = defaults.get(name);
      return given === undefined && otherwise !== undefined ? valueFromASTUntyped(otherwise) : given;
    }
    // Only the length of a list matters.
    if (node.kind === Kind.LIST) return node.values;
    return node.kind === Kind.INT || node.kind === Kind.BOOLEAN ? valueFromASTUntyped(node) : undefined;
  };
  const isFor = (others: Variables): boolean => {
    for (const [name, value] of seen) if (lengthOf(valueOf(others, name)) !== value) return false;
    return true;
  };
  return { read, isFor };
}

function valueOf(variables: Variables, name: string): unknown {
  return Object.hasOwn(variables, name) ? variables[name] : undefined;
}

/** What the estimate uses of a value. Strings, objects and null have no size. */
function lengthOf(value: unknown): unknown {
  if (Array.isArray(value)) return `${value.length} items`;
  return typeof value === 'string' || typeof value === 'object' ? null : value;
}

function add(a: number, b: number): number {
  return Math.min(a + b, COST_CAP);
}

function multiply(a: number, b: number): number {
  return Math.min(a * b, COST_CAP);
}
