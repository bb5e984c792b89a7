// How much a selection asks for: the fields that it writes per row, and the columns that it adds up.

import { Kind, type GraphQLResolveInfo, type SelectionSetNode } from 'graphql';

import { SUM_FIELDS, type SumField } from '../../report/columns/columns.js';

/** Values of one list in a row or group (labels, services, keys), as estimated before they are known. */
export const LIST_VALUES_PER_ROW = 5;
const ROW_LISTS: readonly string[] = ['labels', 'annotations', 'ownerLabels', 'services', 'keys'];
/** These are reports, which charge for their own rows. */
const OWN_BUDGET_FIELDS: readonly string[] = ['costs', 'cost'];

type Selected = Pick<GraphQLResolveInfo, 'fieldNodes' | 'fragments'>;

/** The fields below this one, each list for LIST_VALUES_PER_ROW. Linear in the length of the document. */
export function countSelectedFields({ fieldNodes, fragments }: Selected): number {
  const known = new Map<string, number>();
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
    let fields = known.get(name);
    if (fields === undefined) known.set(name, (fields = ofSet(fragments[name]?.selectionSet)));
    return fields;
  };
  return fieldNodes.reduce((sum, { selectionSet }) => sum + ofSet(selectionSet), 0);
}

const ID_FIELDS: readonly string[] = ['id', 'cursor', 'startCursor', 'endCursor'];

/** Whether the fields below this one read ids or cursors. Ids of entities count too: this is a hint. */
export function readsRowIds(selected: Selected): boolean {
  const names = findFieldNames(selected);
  return ID_FIELDS.some((name) => names.has(name));
}

/** The columns of numbers that a derived field adds up. */
const DERIVED: ReadonlyMap<string, readonly string[]> = new Map([
  ['onDemandPercent', ['onDemandHours', 'spotHours']],
  ['spotPercent', ['onDemandHours', 'spotHours']],
  ['share', ['totalCost']],
  ['rowsWithoutCost', ['totalCost']],
]);

/** The sums that the fields below this one read. Linear in the length of the document. */
export function findSummedFields(selected: Selected): readonly SumField[] {
  const columns = new Set(Array.from(findFieldNames(selected)).flatMap((name) => DERIVED.get(name) ?? [name]));
  return SUM_FIELDS.filter((field) => columns.has(field));
}

/** The names of all fields below this one, at any depth. */
function findFieldNames({ fieldNodes, fragments }: Selected): ReadonlySet<string> {
  const names = new Set<string>();
  const visited = new Set<string>();
  const visit = (set: SelectionSetNode | undefined): void => {
    for (const selection of set?.selections ?? []) {
      if (selection.kind === Kind.FIELD) names.add(selection.name.value);
      if (selection.kind !== Kind.FRAGMENT_SPREAD) visit(selection.selectionSet);
      else if (!visited.has(selection.name.value)) {
        visited.add(selection.name.value);
        visit(fragments[selection.name.value]?.selectionSet);
      }
    }
  };
  for (const { selectionSet } of fieldNodes) visit(selectionSet);
  return names;
}
