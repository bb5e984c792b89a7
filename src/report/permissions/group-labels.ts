// The labels and annotations of re-aggregated rows: which rows they distinguish, and which labels the sums have.

import { labelsAt, listItems } from '../columns/cells.js';
import { EMPTY_LIST, type Columns, type Label, type Lists } from '../columns/columns.js';
import type { CodeColumn } from '../query/group-rows.js';
import { forEachIndex, inRanges, ITEMS_PER_STEP, type Computation } from '../computation.js';

/**
 * A code for the labels of each row: the values of `keys` in ownerLabels, else in labels, and all other labels. The order
 * of a list means nothing, and null is an empty list.
 */
export function toLabelCodes(columns: Columns, rows: Uint32Array, keys: ReadonlySet<string>): Computation<CodeColumn> {
  const { ownerLabels, labels } = columns.lists;
  const listCount = columns.labelLists.ends.length;
  const listsOf = (row: number) => ownerLabels[row]! * listCount + labels[row]!;
  return toCodes(columns, rows, listsOf, (row) =>
    toLabelText(labelsAt(columns, 'ownerLabels', row), labelsAt(columns, 'labels', row) ?? [], keys),
  );
}

/** The same for annotations. */
export function toAnnotationCodes(columns: Columns, rows: Uint32Array): Computation<CodeColumn> {
  const { annotations } = columns.lists;
  const textOf = (row: number) => toSortedText(labelsAt(columns, 'annotations', row) ?? []);
  return toCodes(columns, rows, (row) => annotations[row]!, textOf);
}

/**
 * @param listsOf a number for the lists of a row.
 * @param textOf equal for rows that belong together. Called once for equal lists.
 */
function* toCodes(
  { rowCount }: Columns,
  rows: Uint32Array,
  listsOf: (row: number) => number,
  textOf: (row: number) => string,
): Computation<CodeColumn> {
  const codes = new Uint32Array(rowCount);
  const codeOfLists = new Map<number, number>();
  const codeOfText = new Map<string, number>();
  const addRange = (from: number, to: number): void => {
    for (let at = from; at < to; at += 1) {
      const row = rows[at]!;
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
  };
  yield* inRanges(rows.length, addRange, ITEMS_PER_STEP);
  return { codes, codeCount: codeOfText.size };
}

function toLabelText(ownerLabels: readonly Label[], labels: readonly Label[], keys: ReadonlySet<string>): string {
  const values = new Map([...firstValues(labels, keys), ...firstValues(ownerLabels, keys)]);
  const others = labels.filter(({ key }) => !keys.has(key));
  return JSON.stringify([toSortedText(Array.from(values, ([key, value]) => ({ key, value }))), toSortedText(others)]);
}

/** The rule of label-lookup.ts: the first value of a key in a list counts, and an empty value counts as none. */
function firstValues(labels: readonly Label[], keys: ReadonlySet<string>): Iterable<[string, string]> {
  const values = new Map(labels.toReversed().map(({ key, value }) => [key, value]));
  return [...values].filter(([key, value]) => keys.has(key) && value !== '');
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
  /** The length of the arrays that the report does not have. */
  readonly addedCount: number;
}

/** The owner's labels with one of `keys`, for each group. Others may differ within a group. */
export function* pickOwnerLabels(
  columns: Columns,
  firstRows: Uint32Array,
  keys: ReadonlySet<string>,
): Computation<OwnerLabels> {
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
  if (ends.length === 0) return { lists: picked, labelLists, addedCount: 0 };
  const extended = { items: append(labelLists.items, items), ends: append(labelLists.ends, ends) };
  return { lists: picked, labelLists: extended, addedCount: extended.items.length + extended.ends.length };
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
