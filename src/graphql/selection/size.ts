// How many fields a selection writes for each row. Rows are counted when they are there: without `first` nobody knows before.

import { Kind, type FieldNode, type GraphQLResolveInfo, type SelectionSetNode } from 'graphql';

/** Lists of labels: that many a row, about. */
const LABELS_A_ROW = 5;
const LISTS: readonly string[] = ['labels', 'annotations', 'ownerLabels', 'services'];
/** These are reports, which count their own rows. */
const OWN: readonly string[] = ['costs', 'cost'];

type Selected = Pick<GraphQLResolveInfo, 'fieldNodes' | 'fragments'>;

/** Documents are kept, and with them their nodes: each is counted once. */
const COUNTS = new WeakMap<FieldNode, number>();

/** The fields below this one, each list of labels for several. In a time that the document's length decides. */
export function countFields(selected: Selected): number {
  const [node, ...others] = selected.fieldNodes;
  if (node === undefined || others.length > 0) return count(selected);
  let fields = COUNTS.get(node);
  if (fields === undefined) COUNTS.set(node, (fields = count(selected)));
  return fields;
}

function count({ fieldNodes, fragments }: Selected): number {
  const known = new Map<string, number>();
  const ofSet = (set: SelectionSetNode | undefined): number =>
    set?.selections.reduce((sum, selection) => {
      if (selection.kind === Kind.INLINE_FRAGMENT) return sum + ofSet(selection.selectionSet);
      if (selection.kind === Kind.FRAGMENT_SPREAD) return sum + ofFragment(selection.name.value);
      const name = selection.name.value;
      if (OWN.includes(name)) return sum + 1;
      const times = LISTS.includes(name) ? LABELS_A_ROW : 1;
      return sum + times * Math.max(1, ofSet(selection.selectionSet));
    }, 0) ?? 0;
  const ofFragment = (name: string): number => {
    let count = known.get(name);
    if (count === undefined) known.set(name, (count = ofSet(fragments[name]?.selectionSet)));
    return count;
  };
  return fieldNodes.reduce((sum, { selectionSet }) => sum + ofSet(selectionSet), 0);
}
