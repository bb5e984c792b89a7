// How long the lists of a schema are, as its fields say by @listSize, the directive that routers price queries by.
// https://ibm.github.io/graphql-specs/cost-spec.html#sec-The-List-Size-Directive

import { valueFromASTUntyped, type FieldNode, type GraphQLField, type ValueNode } from 'graphql';

/** What a field says of a list of its own, or below it. */
interface ListSize {
  readonly assumedSize?: number;
  readonly slicingArguments: readonly string[];
  /** The fields below it that hold the list; none: the field is the list. */
  readonly sizedFields?: readonly string[];
}

export interface SizedList {
  /** How many items the arguments ask for. */
  readonly size: number;
  /** The fields below that hold them; undefined: the field itself does. */
  readonly sizedFields: readonly string[] | undefined;
}

/** The value of an argument; undefined where none is given. */
export type ReadValue = (node: ValueNode) => unknown;

/** Apollo Federation gives its own field no directive. */
const ENTITIES: ListSize = { slicingArguments: ['representations'] };

export interface ListSizes {
  /** The list that a field gives by its arguments; undefined where they have no say in that. */
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

/** A number of items, or the items themselves. */
function toSize(value: unknown): number | undefined {
  // JSON has numbers, 1e999, that become Infinity.
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
