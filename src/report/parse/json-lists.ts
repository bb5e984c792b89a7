// Lists in ScaleOps' JSON: names and labels. A fleet repeats the same labels on every row, so each text, label and list is
// stored once per report and referred to by number.

import { EMPTY_LIST, type Labels, type Lists } from '../columns/columns.js';
import { toText } from './json-values.js';
import { grow, StringColumnBuilder, type StringData } from '../columns/strings.js';

/** The distinct texts, labels and lists of a report, as plain data. */
export interface ListData {
  readonly texts: StringData;
  readonly distinctLabels: Labels;
  readonly labelLists: Lists;
  readonly serviceLists: Lists;
}

/** Adds lists of one kind. */
export interface ListsOf {
  /** Adds the list that this value is and returns its number. */
  add(value: unknown): number;
}

export interface ListWriter {
  /** Labels in the shapes that were seen or are likely: a map, a list of {key, value}, a list of "key=value". */
  readonly labels: ListsOf;
  /** Texts. Null, which Go sends for an empty list, is an empty list. Elements that are not texts are left out. */
  readonly services: ListsOf;
  /** All lists; valid until the next is added. */
  data(): ListData;
}

export function createListWriter(): ListWriter {
  const texts = new StringColumnBuilder();
  const textNumbers = new Map<string, number>();
  const textOf = (text: string): number => numberIn(textNumbers, text, () => texts.add(text));
  const keys = createNumbers();
  const values = createNumbers();
  const labelNumbers = new Map<number, number>();
  const labelOf = (key: number, value: number): number =>
    numberIn(labelNumbers, key * MAX_TEXTS + value, () => {
      keys.add(key);
      return values.add(value);
    });
  const labelLists = createLists();
  const serviceLists = createLists();

  const toLabel = (texts: LabelTexts | undefined): number | undefined =>
    texts && labelOf(textOf(texts[0]), textOf(texts[1]));
  const elementToLabel = (element: unknown): number | undefined => toLabel(toLabelTexts(element));
  const toService = (value: unknown): number | undefined => {
    const text = toText(value);
    return text === null ? undefined : textOf(text);
  };
  return {
    labels: {
      add(value) {
        if (Array.isArray(value)) return labelLists.add(value as unknown[], elementToLabel);
        const isMap = typeof value === 'object' && value !== null;
        return isMap ? labelLists.add(toLabelTextsOfMap(value), toLabel) : EMPTY_LIST;
      },
    },
    services: {
      add: (value) => (Array.isArray(value) ? serviceLists.add(value as unknown[], toService) : EMPTY_LIST),
    },
    data: () => ({
      texts: texts.data(),
      distinctLabels: { keys: keys.all(), values: values.all() },
      labelLists: labelLists.data(),
      serviceLists: serviceLists.data(),
    }),
  };
}

/** More texts than a report has bytes. */
const MAX_TEXTS = 2 ** 26;

function numberIn<Key>(known: Map<Key, number>, key: Key, add: () => number): number {
  let number = known.get(key);
  if (number === undefined) known.set(key, (number = add()));
  return number;
}

function createNumbers() {
  let numbers = new Uint32Array(16);
  let count = 0;
  return {
    count: () => count,
    /** Returns the index of the new number. */
    add(number: number): number {
      if (count === numbers.length) numbers = grow(numbers, count + 1);
      numbers[count] = number;
      return count++;
    },
    all: () => numbers.subarray(0, count),
  };
}

function createLists() {
  const items = createNumbers();
  const ends = createNumbers();
  const end = (): number => ends.add(items.count());
  // NULL_LIST and EMPTY_LIST.
  end();
  end();
  return {
    /** Adds the items of the elements. Elements without an item are left out. */
    add<T>(elements: readonly T[], toItem: (element: T) => number | undefined): number {
      const before = items.count();
      for (const element of elements) {
        const item = toItem(element);
        if (item !== undefined) items.add(item);
      }
      return items.count() === before ? EMPTY_LIST : end();
    },
    data: () => ({ items: items.all(), ends: ends.all() }),
  };
}

/** The key, which is never empty, and the value of a label. */
export type LabelTexts = readonly [key: string, value: string];

/** Reads a label from an element of a list; undefined without a key. */
export function toLabelTexts(element: unknown): LabelTexts | undefined {
  if (typeof element === 'string') {
    const at = element.indexOf('=');
    return at < 0 ? toTexts(element, '') : toTexts(element.slice(0, at), element.slice(at + 1));
  }
  if (typeof element !== 'object' || element === null) return undefined;
  const { key, value } = element as { key?: unknown; value?: unknown };
  return toTexts(key, value);
}

/** The labels of a map from keys to values. */
export function toLabelTextsOfMap(map: object): LabelTexts[] {
  return Object.entries(map).flatMap(([key, value]) => {
    const texts = toTexts(key, value);
    return texts === undefined ? [] : [texts];
  });
}

function toTexts(name: unknown, value: unknown): LabelTexts | undefined {
  const key = toText(name);
  return key === null ? undefined : [key, typeof value === 'boolean' ? String(value) : (toText(value) ?? '')];
}
