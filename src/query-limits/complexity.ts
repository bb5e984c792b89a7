// Measures the size of a document. Fragments count as often as they are spread, as in the execution.

import { Kind, type DocumentNode, type FragmentDefinitionNode, type SelectionSetNode, type ValueNode } from 'graphql';

interface Counts {
  /** Levels of fields; the fields of Query are level 1. */
  readonly depth: number;
  /** Levels of braces, including those of fragments, or of braces and brackets in values. */
  readonly nesting: number;
  readonly aliases: number;
  readonly rootFields: number;
  readonly directives: number;
}

export interface Complexity extends Counts {
  readonly fragments: number;
}

const ZERO: Counts = { depth: 0, nesting: 0, aliases: 0, rootFields: 0, directives: 0 };

/** Fragments that spread each other can double a count at each step. */
const COUNT_CAP = 1_000_000;

/**
 * Measures each definition by itself, including fragments that no operation uses, because validation looks at each;
 * returns the largest counts. Linear in the length of the document.
 */
export function measureComplexity({ definitions }: DocumentNode): Complexity {
  const fragments = definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);
  const count = createCounter(fragments);
  // The fields of a fragment are root fields only where an operation spreads it at the root.
  let most = fragments.map((fragment) => ({ ...count.fragment(fragment), rootFields: 0 })).reduce(largest, ZERO);
  for (const definition of definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    const own = count.selections(definition.selectionSet);
    const directives = [definition, ...(definition.variableDefinitions ?? [])].map(directivesOf);
    most = largest(most, { ...own, directives: directives.reduce(add, own.directives) });
  }
  return { ...most, fragments: fragments.length };
}

function createCounter(fragments: readonly FragmentDefinitionNode[]) {
  const named = new Map(fragments.map((fragment) => [fragment.name.value, fragment]));
  const counted = new Map<FragmentDefinitionNode, Counts>();

  const selections = (set: SelectionSetNode | undefined): Counts => {
    if (set === undefined) return ZERO;
    let [depth, nesting, aliases, rootFields, directives] = [0, 0, 0, 0, 0];
    for (const selection of set.selections) {
      const isField = selection.kind === Kind.FIELD;
      const isSpread = selection.kind === Kind.FRAGMENT_SPREAD;
      const inner = isSpread ? fragment(named.get(selection.name.value)) : selections(selection.selectionSet);
      depth = Math.max(depth, inner.depth + (isField ? 1 : 0));
      nesting = Math.max(nesting, inner.nesting, isField ? nestingOf(selection.arguments) : 0);
      aliases = add(aliases, inner.aliases + (isField && selection.alias !== undefined ? 1 : 0));
      rootFields = add(rootFields, isField ? 1 : inner.rootFields);
      directives = add(directives, inner.directives + directivesOf(selection));
    }
    return { depth, nesting: nesting + 1, aliases, rootFields, directives };
  };
  const fragment = (definition: FragmentDefinitionNode | undefined): Counts => {
    if (definition === undefined) return ZERO;
    const known = counted.get(definition);
    if (known !== undefined) return known;
    // Counts as nothing within itself: validation refuses such cycles.
    counted.set(definition, ZERO);
    const own = selections(definition.selectionSet);
    const counts = { ...own, directives: add(own.directives, directivesOf(definition)) };
    counted.set(definition, counts);
    return counts;
  };
  return { selections, fragment };
}

/** Levels of braces and brackets in the values of arguments or input fields. The parser bounds them. */
function nestingOf(inputs: readonly { readonly value: ValueNode }[] = []): number {
  return inputs.reduce((most, { value }) => {
    if (value.kind === Kind.OBJECT) return Math.max(most, 1 + nestingOf(value.fields));
    if (value.kind === Kind.LIST) return Math.max(most, 1 + nestingOf(value.values.map((item) => ({ value: item }))));
    return most;
  }, 0);
}

function largest(a: Counts, b: Counts): Counts {
  const names = Object.keys(ZERO) as (keyof Counts)[];
  return Object.fromEntries(names.map((name) => [name, Math.max(a[name], b[name])])) as unknown as Counts;
}

function directivesOf({ directives }: { readonly directives?: readonly unknown[] | undefined }): number {
  return directives?.length ?? 0;
}

function add(a: number, b: number): number {
  return Math.min(a + b, COUNT_CAP);
}
