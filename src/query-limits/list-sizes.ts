// The sizes of lists as declared with @listSize, the directive that routers estimate costs by.
// https://ibm.github.io/graphql-specs/cost-spec.html#sec-The-List-Size-Directive

import { valueFromASTUntyped, type FieldNode, type GraphQLField, type ValueNode } from 'graphql';

/** The list of a field, or below it. */
interface ListSize {
  readonly assumedSize?: number;
  readonly slicingArguments: readonly string[];
  /** The fields below that hold the list; undefined: the field is the list. */
  readonly sizedFields?: readonly string[];
}

export interface SizedList {
  /** Items that the arguments ask for. */
  readonly size: number;
  /** The fields below that hold the items; undefined: the field itself does. */
  readonly sizedFields: readonly string[] | undefined;
}

/** Returns the value of an argument; undefined when there is none. */
export type ReadValue = (node: ValueNode) => unknown;

/** `_entities` has no directive. */
const ENTITIES: ListSize = { slicingArguments: ['representations'] };

export interface ListSizes {
  /** Returns the list that a field's arguments size; undefined when they size none. */
  find(field: GraphQLField<unknown, unknown>, node: FieldNode, read: ReadValue): SizedList | undefined;
}

export function createListSizes(): ListSizes {
  const known = new WeakMap<object, ListSize | 'none'>();
  return {
    find(field, node, read) {
      let listSize = known.get(field);
      if (listSize === undefined) known.set(field, (listSize = readListSize(field) ?? 'none'));
      if (listSize === 'none') return undefined;
      const { slicingArguments, assumedSize = 1, sizedFields } = listSize;
      const asked = (node.arguments ?? [])
        .filter(({ name }) => slicingArguments.includes(name.value))
        .map(({ value }) => toSize(read(value)))
        .filter((size) => size !== undefined);
      return { size: asked.length === 0 ? assumedSize : Math.max(...asked), sizedFields };
    },
  };
}

/** Takes a number of items, or the items themselves. */
function toSize(value: unknown): number | undefined {
  // 1e999 in JSON becomes Infinity.
  if (typeof value === 'number') return Math.max(0, Math.min(value, Number.MAX_SAFE_INTEGER));
  return Array.isArray(value) ? value.length : undefined;
}

function readListSize({ name, astNode }: GraphQLField<unknown, unknown>): ListSize | undefined {
  if (name === '_entities') return ENTITIES;
  const directive = astNode?.directives?.find((each) => each.name.value === 'listSize');
  const given = directive?.arguments?.map(
    (argument) => [argument.name.value, valueFromASTUntyped(argument.value)] as const,
  );
  const listSize = Object.fromEntries(given ?? []) as Partial<ListSize>;
  const { slicingArguments } = listSize;
  return slicingArguments === undefined ? undefined : { ...listSize, slicingArguments };
}
