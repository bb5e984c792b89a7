// The labels and annotations of re-aggregated rows: which rows they tell apart, and what is left of them on the sums.

import { labelsAt, listItems } from '../columns/cells.js';
import { EMPTY_LIST, type Columns, type Label, type Lists } from '../columns/columns.js';
import type { CodeColumn } from '../query/group-rows.js';
import { forEachIndex, inRanges, ITEMS_PER_STEP, type Steps } from '../steps.js';

/**
 * A code for the labels of each row: the values of `keys` in ownerLabels, else in labels, and all other labels. The order
 * of a list means nothing, and null is an empty list.
 */
export function* toLabelCodes(columns: Columns, rows: Uint32Array, keys: ReadonlySet<string>): Steps<CodeColumn> {
  const { ownerLabels, labels } = columns.lists;
  const listCount = columns.labelLists.ends.length;
  return yield* toCodes(rows, {
    rowCount: columns.rowCount,
    listsOf: (row) => ownerLabels[row]! * listCount + labels[row]!,
    textOf: (row) => toLabelText(labelsAt(columns, 'ownerLabels', row), labelsAt(columns, 'labels', row) ?? [], keys),
  });
}

/** The same for annotations. */
export function* toAnnotationCodes(columns: Columns, rows: Uint32Array): Steps<CodeColumn> {
  const { annotations } = columns.lists;
  return yield* toCodes(rows, {
    rowCount: columns.rowCount,
    listsOf: (row) => annotations[row]!,
    textOf: (row) => toSortedText(labelsAt(columns, 'annotations', row) ?? []),
  });
}

interface RowTexts {
  readonly rowCount: number;
  /** Names the lists of a row. */
  readonly listsOf: (row: number) => number;
  /** Equal for rows that belong together. Called once for equal lists. */
  readonly textOf: (row: number) => string;
}

function* toCodes(rows: Uint32Array, { rowCount, listsOf, textOf }: RowTexts): Steps<CodeColumn> {
  const codes = new Uint32Array(rowCount);
  const codeOfLists = new Map<number, number>();
  const codeOfText = new Map<string, number>();
  yield* inRanges(
    rows.length,
    (from, to) => {
      for (const row of rows.subarray(from, to)) {
        const lists = listsOf(row);
        let code = codeOfLists.get(lists);
        if (code === undefined) {
          const text = textOf(row);
          code = codeOfText.get(text) ?? codeOfText.size;
          codeOfText.set(text, code);
          codeOfLists.set(lists, code);
        }
        codes[row] = code;
      }
    },
    ITEMS_PER_STEP,
  );
  return { codes, codeCount: codeOfText.size };
}

function toLabelText(ownerLabels: readonly Label[], labels: readonly Label[], keys: ReadonlySet<string>): string {
  const values = new Map([...readFirst(labels, keys), ...readFirst(ownerLabels, keys)]);
  const found = Array.from(values, ([key, value]) => ({ key, value }));
  return JSON.stringify([toSortedText(found), toSortedText(labels.filter(({ key }) => !keys.has(key)))]);
}

/** The rule of label-lookup.ts: the first value of a key in a list counts, and an empty one is none. */
function readFirst(labels: readonly Label[], keys: ReadonlySet<string>): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const { key, value } of labels) if (keys.has(key) && !found.has(key)) found.set(key, value);
  for (const [key, value] of found) if (value === '') found.delete(key);
  return found;
}

function toSortedText(labels: readonly Label[]): string {
  return labels
    .map(({ key, value }) => JSON.stringify([key, value]))
    .sort()
    .join();
}

/** The owner's labels of each group, and the lists that they are in. */
export interface OwnerLabels {
  readonly lists: Uint32Array;
  readonly labelLists: Lists;
  /** How many numbers `labelLists` has besides those of the report. */
  readonly addedCount: number;
}

/** The labels with one of `keys` that the owners of these rows have. Any other may differ within a group. */
export function* pickOwnerLabels(
  columns: Columns,
  firstRows: Uint32Array,
  keys: ReadonlySet<string>,
): Steps<OwnerLabels> {
  const { lists, labelLists, distinctLabels, texts } = columns;
  const isWanted = memoize((text) => keys.has(texts.at(text)));
  const items: number[] = [];
  const ends: number[] = [];
  const pick = memoize((list) => {
    const all = listItems(labelLists, list);
    const wanted = all.filter((label) => isWanted(distinctLabels.keys[label]!));
    if (wanted.length === all.length) return list;
    if (wanted.length === 0) return EMPTY_LIST;
    for (const label of wanted) items.push(label);
    return labelLists.ends.length + ends.push(labelLists.items.length + items.length) - 1;
  });
  const picked = new Uint32Array(firstRows.length);
  yield* forEachIndex(firstRows.length, (group) => {
    picked[group] = pick(lists.ownerLabels[firstRows[group]!]!);
  });
  return {
    lists: picked,
    labelLists:
      ends.length === 0 ? labelLists : { items: append(labelLists.items, items), ends: append(labelLists.ends, ends) },
    addedCount: ends.length === 0 ? 0 : labelLists.items.length + items.length + labelLists.ends.length + ends.length,
  };
}

/** What they retain, in bytes. */
export function measureOwnerLabels({ lists, addedCount }: OwnerLabels): number {
  return lists.byteLength + 4 * addedCount;
}

function memoize<T>(make: (key: number) => T): (key: number) => T {
  const known = new Map<number, T>();
  return (key) => {
    let value = known.get(key);
    if (value === undefined) known.set(key, (value = make(key)));
    return value;
  };
}

function append(array: Uint32Array, more: readonly number[]): Uint32Array {
  const all = new Uint32Array(array.length + more.length);
  all.set(array);
  all.set(more, array.length);
  return all;
}
