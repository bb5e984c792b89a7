// How large a document is, before anything else is done with it: how deep, how many aliases, fields of the root and
// directives. Fragments count as often as they are spread, since that is what they come to when the operation runs.

import { Kind, type DocumentNode, type FragmentDefinitionNode, type SelectionSetNode } from 'graphql';

/** What is counted of a document. */
export interface DocumentMeasures {
  /** Levels of fields; a field of Query is on the first. */
  readonly depth: number;
  readonly aliases: number;
  readonly rootFields: number;
  readonly directives: number;
  /** Fragment definitions. */
  readonly fragments: number;
}

interface Counts extends Omit<DocumentMeasures, 'fragments'> {
  /** Levels of braces, those of fragments among them. */
  readonly nesting: number;
}

const NOTHING: Counts = { depth: 0, nesting: 0, aliases: 0, rootFields: 0, directives: 0 };

/** Fragments that spread each other double at each step: from here on a count says "very many". */
const MOST = 1_000_000;

/**
 * Of each definition by itself, those that no operation reaches among them, and then the largest: validation will look at
 * each. Takes time by the length of the document alone, whatever it spreads.
 */
export function measureDocument({ definitions }: DocumentNode): DocumentMeasures & Counts {
  const fragments = definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);
  const count = createCounter(fragments);
  let most = NOTHING;
  for (const definition of definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) {
      // Its fields are of the root only where an operation spreads it there.
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
  // A fragment that is being counted, met again, is in a cycle, which validation refuses: there it counts nothing.
  const counted = new Map<FragmentDefinitionNode, Counts>();

  const selections = ({ selections: all }: SelectionSetNode): Counts => {
    let [depth, nesting, aliases, rootFields, directives] = [0, 0, 0, 0, 0];
    for (const selection of all) {
      directives = add(directives, directivesOf(selection));
      const isField = selection.kind === Kind.FIELD;
      const inner =
        isField || selection.kind === Kind.INLINE_FRAGMENT ? within(selection.selectionSet) : spread(selection);
      depth = Math.max(depth, inner.depth + (isField ? 1 : 0));
      nesting = Math.max(nesting, inner.nesting);
      aliases = add(aliases, inner.aliases + (isField && selection.alias !== undefined ? 1 : 0));
      rootFields = add(rootFields, isField ? 1 : inner.rootFields);
      directives = add(directives, inner.directives);
    }
    return { depth, nesting: nesting + 1, aliases, rootFields, directives };
  };
  const within = (set: SelectionSetNode | undefined): Counts => (set === undefined ? NOTHING : selections(set));
  const spread = ({ name }: { readonly name: { readonly value: string } }): Counts => {
    const definition = named.get(name.value);
    return definition === undefined ? NOTHING : fragment(definition);
  };
  const fragment = (definition: FragmentDefinitionNode): Counts => {
    let counts = counted.get(definition);
    if (counts === undefined) {
      counted.set(definition, NOTHING);
      const own = selections(definition.selectionSet);
      counts = { ...own, directives: add(own.directives, directivesOf(definition)) };
      counted.set(definition, counts);
    }
    return counts;
  };
  return { selections, fragment };
}

function largest(a: Counts, b: Counts): Counts {
  return {
    depth: Math.max(a.depth, b.depth),
    nesting: Math.max(a.nesting, b.nesting),
    aliases: Math.max(a.aliases, b.aliases),
    rootFields: Math.max(a.rootFields, b.rootFields),
    directives: Math.max(a.directives, b.directives),
  };
}

function directivesOf({ directives }: { readonly directives?: readonly unknown[] | undefined }): number {
  return directives?.length ?? 0;
}

function add(a: number, b: number): number {
  return Math.min(a + b, MOST);
}
