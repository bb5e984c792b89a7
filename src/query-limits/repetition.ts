// How often fields repeat. Validation compares each pair of fields that share a response name (section 5.3.2 of the GraphQL
// specification, Field Selection Merging), so a short document that repeats fields takes long. Counted before validation.

import { Kind, type DocumentNode, type FieldNode, type FragmentDefinitionNode, type SelectionSetNode } from 'graphql';

/** Validation compares 20,000 pairs in about 20 ms (`node test/bench/validation.mjs`). A page's operation has some hundred. */
export const MAX_MERGE_WORK = 20_000;

/** Each comparison prints the arguments; printing this many characters takes as long as comparing fields without any. */
const CHARACTERS_PER_UNIT = 32;

/** Stops counting once it exceeds MAX_MERGE_WORK, so that its own time is bounded. */
export function measureRepetition({
  definitions,
}: DocumentNode): Pick<RepetitionCounter, 'repeatedFields' | 'mergeWork'> {
  const fragments = definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);
  const counter = new RepetitionCounter(new Map(fragments.map((fragment) => [fragment.name.value, fragment])));
  for (const each of definitions) if ('selectionSet' in each) counter.countAll(each.selectionSet);
  return counter;
}

class RepetitionCounter {
  /** The most fields of one response name that are merged into one selection set, through fragments too. */
  repeatedFields = 0;
  /** Collected selections plus compared pairs of fields; at most a little over MAX_MERGE_WORK. */
  mergeWork = 0;
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>;

  constructor(fragments: ReadonlyMap<string, FragmentDefinitionNode>) {
    this.#fragments = fragments;
  }

  /** Counts a selection set and each one below it separately, as validation does. */
  countAll(set: SelectionSetNode): void {
    this.#countMerged([set]);
    for (const selection of set.selections) {
      if (this.#isOver()) return;
      if (selection.kind !== Kind.FRAGMENT_SPREAD && selection.selectionSet !== undefined) {
        this.countAll(selection.selectionSet);
      }
    }
  }

  /** Counts selection sets that are merged into one, and those below fields that repeat. */
  #countMerged(sets: readonly SelectionSetNode[]): void {
    for (const nodes of this.#collect(sets).values()) {
      const count = nodes.length;
      this.repeatedFields = Math.max(this.repeatedFields, count);
      if (count === 1) continue;
      const characters = nodes.reduce((sum, node) => sum + argumentsLength(node), 0);
      this.mergeWork += (count * (count - 1)) / 2 + (count * characters) / CHARACTERS_PER_UNIT;
      if (this.#isOver()) return;
      this.#countMerged(nodes.flatMap(({ selectionSet }) => selectionSet ?? []));
    }
  }

  #collect(sets: readonly SelectionSetNode[]): ReadonlyMap<string, readonly FieldNode[]> {
    const fields = new Map<string, FieldNode[]>();
    const visited = new Set<string>();
    const pending = [...sets];
    for (let set = pending.pop(); set !== undefined && !this.#isOver(); set = pending.pop()) {
      this.mergeWork += set.selections.length;
      for (const selection of set.selections) {
        if (selection.kind === Kind.FIELD) {
          const name = selection.alias?.value ?? selection.name.value;
          const nodes = fields.get(name);
          if (nodes === undefined) fields.set(name, [selection]);
          else nodes.push(selection);
        } else if (selection.kind === Kind.INLINE_FRAGMENT) pending.push(selection.selectionSet);
        else if (!visited.has(selection.name.value)) {
          visited.add(selection.name.value);
          const fragment = this.#fragments.get(selection.name.value);
          if (fragment !== undefined) pending.push(fragment.selectionSet);
        }
      }
    }
    return fields;
  }

  #isOver(): boolean {
    return this.mergeWork > MAX_MERGE_WORK;
  }
}

/** In characters of the document. */
function argumentsLength({ arguments: given = [] }: FieldNode): number {
  const [first, last] = [given[0]?.loc, given.at(-1)?.loc];
  return first === undefined || last === undefined ? 0 : last.end - first.start;
}
