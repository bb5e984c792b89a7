// Lists of the upstream's JSON: names and labels. A fleet repeats the same few hundred labels on every row, so a pool
// keeps one copy of each for a report.

import { toText } from './decode-values.js';
import type { Label } from './label.js';

/** One copy of each text and each label of a report. */
export interface LabelPool {
  text(value: string): string;
  label(key: string, value: string): Label;
  /** The label, if it was met. */
  readonly findLabel: (key: string, value: string) => Label | undefined;
  /** About how many bytes the pooled things take. */
  byteSize(): number;
}

const EMPTY: readonly never[] = Object.freeze([]);
const ENTRY_BYTES = 64;

export function createLabelPool(): LabelPool {
  const texts = new Map<string, string>();
  const labels = new Map<string, Map<string, Label>>();
  let bytes = 0;
  const text = (value: string): string => {
    const known = texts.get(value);
    if (known !== undefined) return known;
    texts.set(value, value);
    bytes += ENTRY_BYTES + value.length;
    return value;
  };
  return {
    text,
    label(key, value) {
      let values = labels.get(key);
      if (values === undefined) labels.set(key, (values = new Map<string, Label>()));
      let label = values.get(value);
      if (label === undefined) {
        values.set(value, (label = { key: text(key), value: text(value) }));
        bytes += ENTRY_BYTES;
      }
      return label;
    },
    findLabel: (key, value) => labels.get(key)?.get(value),
    byteSize: () => bytes,
  };
}

/** A list of texts; null, which Go sends for an empty list, is empty, and what is no text is left out. */
export function toStrings(value: unknown, pool: LabelPool): readonly string[] {
  if (!Array.isArray(value)) return EMPTY;
  return readEach(value, (each) => {
    const text = toText(each);
    return text === null ? null : pool.text(text);
  });
}

/** Labels in any of the shapes that were seen or are likely: a map, a list of {key, value}, a list of "key=value". */
export function toLabels(value: unknown, pool: LabelPool): readonly Label[] {
  if (typeof value !== 'object' || value === null) return EMPTY;
  const [list, toPair] = Array.isArray(value) ? [value, readPair] : [Object.entries(value), readEntry];
  return readEach(list, (each) => {
    const [name, content] = toPair(each);
    const key = toText(name);
    return key === null ? null : pool.label(key, toLabelValue(content));
  });
}

/** What `read` makes of each element, without those of which it makes null. */
function readEach<T>(list: readonly unknown[], read: (element: unknown) => T | null): readonly T[] {
  const items: T[] = [];
  for (const element of list) {
    const item = read(element);
    if (item !== null) items.push(item);
  }
  // A list that has grown keeps room for more; a copy takes just what it needs, and there is one a row.
  return items.length === 0 ? EMPTY : items.slice();
}

type Pair = readonly [key: unknown, value: unknown];
const NO_PAIR: Pair = [null, null];
const readEntry = (entry: unknown): Pair => entry as Pair;

function readPair(element: unknown): Pair {
  if (typeof element === 'string') {
    const at = element.indexOf('=');
    return at < 0 ? [element, ''] : [element.slice(0, at), element.slice(at + 1)];
  }
  if (typeof element !== 'object' || element === null) return NO_PAIR;
  const { key, value } = element as { key?: unknown; value?: unknown };
  return [key, value];
}

function toLabelValue(value: unknown): string {
  return typeof value === 'boolean' ? String(value) : (toText(value) ?? '');
}
