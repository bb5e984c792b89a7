// Labels by key and value. Rows refer to distinct lists of labels. A query reads a list when it comes to the first row with
// it, so a query over few rows reads few lists.

import { labelsAt, listItems } from '../columns/cells.js';
import type { Columns, LabelField, NameColumn } from '../columns/columns.js';
import { computedStrings } from '../columns/strings.js';
import { inRanges, ITEMS_PER_STEP, type Computation } from '../computation.js';
import type { Dimension, LabelDimension } from './dimension.js';
import type { FindText } from './ranks.js';

const NO_LABEL = -1;

/** The keys and lists to look a value up in: the first value counts. */
function* lookupsOf(dimension: LabelDimension): Iterable<readonly [string, LabelField]> {
  if ('annotation' in dimension) {
    yield [dimension.annotation, 'annotations'];
    return;
  }
  for (const key of 'label' in dimension ? [dimension.label] : dimension.anyLabel) {
    yield [key, 'ownerLabels'];
    yield [key, 'labels'];
  }
}

/** The value of the dimension for each row. */
export function* createLabelColumn(
  columns: Columns,
  dimension: LabelDimension,
  findText: FindText,
): Computation<NameColumn> {
  const { rowCount, lists, texts } = columns;
  const codes = new Uint32Array(rowCount);
  /** The text of each code; code 0 stands for null, and has none. */
  const values = [NO_LABEL];
  const codeOf = new Map<number, number>([[NO_LABEL, 0]]);
  const toCode = (text: number): number => {
    let code = codeOf.get(text);
    if (code === undefined) codeOf.set(text, (code = texts.is(text, '') ? 0 : values.push(text) - 1));
    return code;
  };
  for (const [key, field] of lookupsOf(dimension)) {
    const keyText = findText(key);
    if (keyText < 0) continue;
    const valueIn = createValueLookup(columns, keyText);
    const fieldLists = lists[field];
    const readRange = (from: number, to: number): void => {
      for (let row = from; row < to; row += 1) if (codes[row] === 0) codes[row] = toCode(valueIn(fieldLists[row]!));
    };
    yield* inRanges(rowCount, readRange, ITEMS_PER_STEP);
  }
  return { codes, values: computedStrings(values.length, (code) => (code === 0 ? '' : texts.at(values[code]!))) };
}

/** Looks up the first value of a key in a list. */
function createValueLookup({ labelLists, distinctLabels }: Columns, key: number): (list: number) => number {
  const { keys, values } = distinctLabels;
  const valueOfList = new Map<number, number>();
  return (list) => {
    let value = valueOfList.get(list);
    if (value === undefined) {
      const label = listItems(labelLists, list).find((each) => keys[each] === key);
      valueOfList.set(list, (value = label === undefined ? NO_LABEL : values[label]!));
    }
    return value;
  };
}

/** Reads the value of the dimension of single rows: few rows need no column. Each distinct list is read once. */
export function createLabelReader(columns: Columns, dimension: LabelDimension): (row: number) => string | null {
  const readers = Array.from(lookupsOf(dimension), ([key, field]) => {
    const valueOfList = new Map<number, string>();
    return (row: number): string => {
      const list = columns.lists[field][row]!;
      let value = valueOfList.get(list);
      if (value === undefined) {
        value = labelsAt(columns, field, row)?.find((label) => label.key === key)?.value ?? '';
        valueOfList.set(list, value);
      }
      return value;
    };
  });
  return (row) => {
    for (const read of readers) {
      const value = read(row);
      if (value !== '') return value;
    }
    return null;
  };
}

/** Whether a row has no value in the dimension. */
export function createNullTest(columns: Columns, dimension: Dimension): (row: number) => boolean {
  if ('field' in dimension) {
    const { codes } = columns.names[dimension.field];
    return (row) => codes[row] === 0;
  }
  const valueOf = createLabelReader(columns, dimension);
  return (row) => valueOf(row) === null;
}

/** How many labels these rows have: the cost of a query over labels. */
export function countLabels({ lists, labelLists: { ends } }: Columns, rows: Uint32Array): number {
  let count = 0;
  for (const codes of [lists.ownerLabels, lists.labels, lists.annotations]) {
    for (let at = 0; at < rows.length; at += 1) {
      const list = codes[rows[at]!]!;
      count += ends[list]! - (list === 0 ? 0 : ends[list - 1]!);
    }
  }
  return count;
}
