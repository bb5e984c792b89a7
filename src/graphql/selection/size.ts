// The size of a selection: the fields of each row, and the columns that are summed.

import { Kind, type FieldNode, type GraphQLResolveInfo, type SelectionSetNode } from 'graphql';

import { SUM_FIELDS, type SumField } from '../../report/columns/columns.js';

/** The estimated length of a list in a row or group: labels, services, keys. */
export const LIST_VALUES_PER_ROW = 5;
const ROW_LISTS: readonly string[] = ['labels', 'annotations', 'ownerLabels', 'services', 'keys'];
/** Fields that return reports, which charge for their own rows. */
const OWN_BUDGET_FIELDS: readonly string[] = ['costs', 'cost'];

type Selected = Pick<GraphQLResolveInfo, 'fieldNodes' | 'fragments'>;

/** Counts the fields below this one, each list LIST_VALUES_PER_ROW times. Linear in the length of the document. */
export function countSelectedFields({ fieldNodes, fragments }: Selected): number {
  const counted = new Map<string, number>();
  const ofSet = (set: SelectionSetNode | undefined): number =>
    set?.selections.reduce((sum, selection) => {
      if (selection.kind === Kind.INLINE_FRAGMENT) return sum + ofSet(selection.selectionSet);
      if (selection.kind === Kind.FRAGMENT_SPREAD) return sum + ofFragment(selection.name.value);
      const name = selection.name.value;
      if (OWN_BUDGET_FIELDS.includes(name)) return sum + 1;
      const times = ROW_LISTS.includes(name) ? LIST_VALUES_PER_ROW : 1;
      return sum + times * Math.max(1, ofSet(selection.selectionSet));
    }, 0) ?? 0;
  const ofFragment = (name: string): number => {
    const fields = counted.get(name) ?? ofSet(fragments[name]?.selectionSet);
    counted.set(name, fields);
    return fields;
  };
  return fieldNodes.reduce((sum, { selectionSet }) => sum + ofSet(selectionSet), 0);
}

const ID_FIELDS: readonly string[] = ['id', 'cursor', 'startCursor', 'endCursor'];

/** Whether the fields below this one read ids or cursors. Ids of entities count too: this is a hint. */
export function readsRowIds(selected: Selected): boolean {
  return Array.from(fieldsBelow(selected)).some(({ name }) => ID_FIELDS.includes(name.value));
}

/** The columns that a computed field sums. */
const DERIVED: ReadonlyMap<string, readonly string[]> = new Map([
  ['onDemandPercent', ['onDemandHours', 'spotHours']],
  ['spotPercent', ['onDemandHours', 'spotHours']],
  ['share', ['totalCost']],
  ['rowsWithoutCost', ['totalCost']],
]);

/** Returns the sums that the fields below this one read. Linear in the length of the document. */
export function findSummedFields(selected: Selected): readonly SumField[] {
  const names = Array.from(fieldsBelow(selected), ({ name }) => name.value);
  const columns = new Set(names.flatMap((name) => DERIVED.get(name) ?? [name]));
  return SUM_FIELDS.filter((field) => columns.has(field));
}

/** Iterates over the fields below this one, at any depth; those of a fragment once. */
export function* fieldsBelow({ fieldNodes, fragments }: Selected): Generator<FieldNode, void> {
  const visited = new Set<string>();
  const sets = fieldNodes.map(({ selectionSet }) => selectionSet);
  for (let set = sets.pop(); set !== undefined || sets.length > 0; set = sets.pop()) {
    for (const selection of set?.selections ?? []) {
      if (selection.kind === Kind.FIELD) yield selection;
      if (selection.kind !== Kind.FRAGMENT_SPREAD) sets.push(selection.selectionSet);
      else if (!visited.has(selection.name.value)) {
        visited.add(selection.name.value);
        sets.push(fragments[selection.name.value]?.selectionSet);
      }
    }
  }
}
