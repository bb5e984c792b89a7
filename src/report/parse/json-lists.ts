// Lists of the upstream's JSON: names and labels. A fleet repeats the same few hundred labels on every row, so each text,
// each label and each list is kept once for a report, and is a number to whoever has it.

import { EMPTY_LIST, type Labels, type Lists } from '../columns/columns.js';
import { toText } from './json-values.js';
import { grow, StringColumnBuilder, type StringData } from '../columns/strings.js';

/** What all lists of a report are made of, as plain data. */
export interface ListData {
  readonly texts: StringData;
  readonly distinctLabels: Labels;
  readonly labelLists: Lists;
  readonly serviceLists: Lists;
}

/** Writes the lists of one kind. */
export interface ListsOf {
  /** Writes the list that this value is; answers with its number. */
  add(value: unknown): number;
}

export interface ListWriter {
  /** Labels in any of the shapes that were seen or are likely: a map, a list of {key, value}, a list of "key=value". */
  readonly labels: ListsOf;
  /** StringColumn. Null, which Go sends for an empty list, is an empty one, and what is no text is left out. */
  readonly services: ListsOf;
  /** What was written, for as long as nothing more is. */
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
    /** The place of the new one. */
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
  // Null and the empty list.
  end();
  end();
  return {
    /** The list of what `toItem` makes of each element, without those of which it makes nothing. */
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

/** The key of a label, which is never empty, and its value. */
export type LabelTexts = readonly [key: string, value: string];

/** The label that an element of a list is; undefined where it has no key. */
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
