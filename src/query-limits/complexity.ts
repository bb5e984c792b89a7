// How large a document is: its depth, aliases, root fields and directives. Fragments count as often as they are spread,
// because that is what executes.

import { Kind, type DocumentNode, type FragmentDefinitionNode, type SelectionSetNode, type ValueNode } from 'graphql';

export interface Complexity {
  /** Levels of fields; the fields of Query are level 1. */
  readonly depth: number;
  readonly aliases: number;
  readonly rootFields: number;
  readonly directives: number;
  /** Fragment definitions. */
  readonly fragments: number;
}

interface Counts extends Omit<Complexity, 'fragments'> {
  /** Levels of braces, those of fragments included, or of braces and brackets in values. */
  readonly nesting: number;
}

const ZERO: Counts = { depth: 0, nesting: 0, aliases: 0, rootFields: 0, directives: 0 };

/** Fragments that spread each other can double the count at each step; it stops here. */
const COUNT_CAP = 1_000_000;

/**
 * Measures each definition by itself, including fragments that no operation uses, because validation looks at each;
 * returns the largest counts. Linear in the length of the document.
 */
export function measureComplexity({ definitions }: DocumentNode): Complexity & Counts {
  const fragments = definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);
  const count = createCounter(fragments);
  let most = ZERO;
  for (const definition of definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) {
      // Its fields are root fields only where an operation spreads it at the root.
      most = largest(most, { ...count.fragment(definition), rootFields: 0 });
    }
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    const own = count.selections(definition.selectionSet);
    const directives = [definition, ...(definition.variableDefinitions ?? [])].map(directivesOf);
    most = largest(most, { ...own, directives: directives.reduce(add, own.directives) });
  }
  return { ...most, fragments: fragments.length };
}

function createCounter(fragments: readonly FragmentDefinitionNode[]) {
  const named = new Map(fragments.map((fragment) => [fragment.name.value, fragment]));
  // A fragment inside itself is a cycle, which validation refuses: there it counts as nothing.
  const counted = new Map<FragmentDefinitionNode, Counts>();

  const selections = ({ selections: all }: SelectionSetNode): Counts => {
    let [depth, nesting, aliases, rootFields, directives] = [0, 0, 0, 0, 0];
    for (const selection of all) {
      directives = add(directives, directivesOf(selection));
      const isField = selection.kind === Kind.FIELD;
      const inner =
        isField || selection.kind === Kind.INLINE_FRAGMENT ? within(selection.selectionSet) : spread(selection);
      depth = Math.max(depth, inner.depth + (isField ? 1 : 0));
      nesting = Math.max(
        nesting,
        inner.nesting,
        isField ? deepest((selection.arguments ?? []).map(({ value }) => value)) : 0,
      );
      aliases = add(aliases, inner.aliases + (isField && selection.alias !== undefined ? 1 : 0));
      rootFields = add(rootFields, isField ? 1 : inner.rootFields);
      directives = add(directives, inner.directives);
    }
    return { depth, nesting: nesting + 1, aliases, rootFields, directives };
  };
  const within = (set: SelectionSetNode | undefined): Counts => (set === undefined ? ZERO : selections(set));
  const spread = ({ name }: { readonly name: { readonly value: string } }): Counts => {
    const definition = named.get(name.value);
    return definition === undefined ? ZERO : fragment(definition);
  };
  const fragment = (definition: FragmentDefinitionNode): Counts => {
    let counts = counted.get(definition);
    if (counts === undefined) {
      counted.set(definition, ZERO);
      const own = selections(definition.selectionSet);
      counts = { ...own, directives: add(own.directives, directivesOf(definition)) };
      counted.set(definition, counts);
    }
    return counts;
  };
  return { selections, fragment };
}

/** The parser has bounded how deep a value can be. */
function nestingOf(value: ValueNode): number {
  if (value.kind !== Kind.LIST && value.kind !== Kind.OBJECT) return 0;
  const inner = value.kind === Kind.LIST ? value.values : value.fields.map((field) => field.value);
  return 1 + deepest(inner);
}

function deepest(values: readonly ValueNode[]): number {
  return values.reduce((most, value) => Math.max(most, nestingOf(value)), 0);
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
