// Labels by key and value. A row refers to a distinct list of labels, and a list is read once per question, when the
// first row with it is read: a question about few rows reads few lists, however many the report has.

import { listItems } from '../columns/cells.js';
import type { Columns, NameColumn, Label } from '../columns/columns.js';
import { computedStrings } from '../columns/strings.js';
import { inRanges, ITEMS_PER_STEP, type Steps } from '../steps.js';
import type { FindText } from './ranks.js';

const NO_LABEL = -1;

/**
 * The value of label `key` for each row, among its ownerLabels, else its labels. An empty value counts as no label.
 */
export function* createLabelColumn(columns: Columns, key: string, findText: FindText): Steps<NameColumn> {
  const { rowCount, lists, texts } = columns;
  const codes = new Uint32Array(rowCount);
  const keyText = findText(key);
  /** The text of each code; code 0 stands for null, and has none. */
  const values = [NO_LABEL];
  if (keyText >= 0) {
    const valueIn = createValueLookup(columns, keyText);
    const codeOf = new Map<number, number>();
    const add = (text: number): number => (texts.is(text, '') ? 0 : values.push(text) - 1);
    yield* inRanges(
      rowCount,
      (from, to) => {
        for (let row = from; row < to; row += 1) {
          const own = valueIn(lists.ownerLabels[row]!);
          const text = own === NO_LABEL ? valueIn(lists.labels[row]!) : own;
          if (text === NO_LABEL) continue;
          let code = codeOf.get(text);
          if (code === undefined) codeOf.set(text, (code = add(text)));
          codes[row] = code;
        }
      },
      ITEMS_PER_STEP,
    );
  }
  return { codes, values: computedStrings(values.length, (code) => (code === 0 ? '' : texts.at(values[code]!))) };
}

/** Looks up the first value of a key in a list. */
function createValueLookup({ labelLists, distinctLabels }: Columns, key: number): (list: number) => number {
  const { keys, values } = distinctLabels;
  const known = new Map<number, number>();
  return (list) => {
    let value = known.get(list);
    if (value === undefined) {
      const label = listItems(labelLists, list).find((each) => keys[each] === key);
      known.set(list, (value = label === undefined ? NO_LABEL : values[label]!));
    }
    return value;
  };
}

/** More texts than a report has bytes. */
const MAX_TEXTS = 2 ** 26;

/** Whether a row has all these labels among its ownerLabels. */
export function createLabelTest(
  { lists: { ownerLabels }, labelLists, distinctLabels: { keys, values } }: Columns,
  labels: readonly Label[],
  findText: FindText,
): (row: number) => boolean {
  const wanted = new Set<number>();
  for (const { key, value } of labels) {
    const [keyText, valueText] = [findText(key), findText(value)];
    if (keyText < 0 || valueText < 0) return () => false;
    wanted.add(keyText * MAX_TEXTS + valueText);
  }
  const hasAll = (list: number): boolean => {
    const found = new Set<number>();
    for (const label of listItems(labelLists, list)) {
      const pair = keys[label]! * MAX_TEXTS + values[label]!;
      if (wanted.has(pair)) found.add(pair);
    }
    return found.size === wanted.size;
  };
  const known = new Map<number, boolean>();
  return (row) => {
    const list = ownerLabels[row]!;
    let result = known.get(list);
    if (result === undefined) known.set(list, (result = hasAll(list)));
    return result;
  };
}

/** How many labels the lists of these rows have, to tell what a question about labels costs. */
export function countLabels({ lists, labelLists: { ends } }: Columns, rows: Uint32Array): number {
  let count = 0;
  for (const codes of [lists.ownerLabels, lists.labels]) {
    for (let at = 0; at < rows.length; at += 1) {
      const list = codes[rows[at]!]!;
      count += ends[list]! - (list === 0 ? 0 : ends[list - 1]!);
    }
  }
  return count;
}
