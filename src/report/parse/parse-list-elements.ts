// The elements of lists, read from bytes: labels and services. An element that repeats the one at its position in the row
// before is recognised by comparing bytes; others are interned.

import type { Labels } from '../columns/columns.js';
import { toWord } from '../columns/words.js';
import { SequenceInterner } from './interned-sequences.js';
import { StringInterner } from './interned-strings.js';
import { toElementLabels, type LabelKind, type LabelTexts } from './json/labels.js';
import type { ListData } from './json/lists.js';
import { toText } from './json/values.js';
import { RepeatedValueReader } from './parse-names.js';
import { CLOSE_OBJECT, type Scanner } from './scanner.js';

/** The distinct texts, labels and lists of a report. */
export class ListTables {
  readonly texts = new StringInterner();
  /** Each label as the numbers of two texts. */
  readonly labels = new SequenceInterner();
  readonly labelLists = new SequenceInterner();
  readonly serviceLists = new SequenceInterner();

  begin(): void {
    this.texts.clear();
    this.labels.clear();
    for (const lists of [this.labelLists, this.serviceLists]) {
      lists.clear();
      // NULL_LIST and EMPTY_LIST.
      lists.addDistinct();
      lists.intern([], 0);
    }
  }

  labelOf(key: number, value: number): number {
    return this.labels.intern([key, value], 2);
  }

  labelOfTexts([key, value]: LabelTexts): number {
    return this.labelOf(this.texts.internString(key), this.texts.internString(value));
  }

  data(): ListData {
    return {
      texts: this.texts.data(),
      distinctLabels: splitPairs(this.labels.items()),
      labelLists: { items: this.labelLists.items(), ends: this.labelLists.ends() },
      serviceLists: { items: this.serviceLists.items(), ends: this.serviceLists.ends() },
    };
  }
}

function splitPairs(pairs: Uint32Array): Labels {
  const count = pairs.length / 2;
  const labels = { keys: new Uint32Array(count), values: new Uint32Array(count) };
  for (let label = 0; label < count; label += 1) {
    labels.keys[label] = pairs[2 * label]!;
    labels.values[label] = pairs[2 * label + 1]!;
  }
  return labels;
}

/** The number of an element that is left out. */
export const NONE = -1;
/** The number of the empty text. */
const EMPTY_TEXT = 0;

/** Reads the elements at one position of their lists. */
export interface ElementReader {
  begin(): void;
  /** The number of the element that begins here; NONE when it is left out. */
  read(scanner: Scanner): number;
  /** Whether the element that was read last has a shape that is not known. */
  readonly isUnreadable: boolean;
  /** The numbers of what that element holds besides. */
  readonly further: readonly number[];
}

const NOTHING: readonly number[] = [];

// A label as Go writes it, {"key":"…","value":"…"}, in words of four bytes. The last word overlaps the word before.
const [OPEN_KEY, KEY_QUOTE] = [toWord('{"ke'), toWord('y":"')];
const [COMMA_VALUE, VALUE_END, VALUE_QUOTE] = [toWord(',"va'), toWord('lue"'), toWord('e":"')];

export class LabelReader implements ElementReader {
  isUnreadable = false;
  further = NOTHING;
  readonly #tables: ListTables;
  readonly #kind: LabelKind;
  readonly #key: RepeatedValueReader;
  readonly #value: RepeatedValueReader;
  #start = 0;
  #end = 0;
  #label = 0;

  constructor(tables: ListTables, kind: LabelKind) {
    this.#tables = tables;
    this.#kind = kind;
    this.#key = new RepeatedValueReader(tables.texts);
    this.#value = new RepeatedValueReader(tables.texts);
  }

  begin(): void {
    this.#end = this.#start;
    this.#key.begin();
    this.#value.begin();
  }

  read(scanner: Scanner): number {
    if (scanner.skipIfRepeated(this.#start, this.#end)) return this.#label;
    const start = scanner.at;
    this.#label = this.#readUsual(scanner);
    this.isUnreadable = false;
    this.further = NOTHING;
    if (this.#label === NONE) {
      scanner.at = start;
      this.#readOther(scanner.readValue());
    }
    this.#start = start;
    this.#end = scanner.at;
    return this.#label;
  }

  #readOther(element: unknown): void {
    const { labels, isComplete } = toElementLabels(element, this.#kind);
    const [first = NONE, ...further] = labels.map((texts) => this.#tables.labelOfTexts(texts));
    this.isUnreadable = !isComplete;
    this.#label = first;
    this.further = further;
  }

  #readUsual(scanner: Scanner): number {
    const { bytes, words, at } = scanner;
    if (at + 8 > bytes.length) return NONE;
    if (words.getInt32(at, true) !== OPEN_KEY || words.getInt32(at + 4, true) !== KEY_QUOTE) return NONE;
    scanner.at = at + 7;
    const key = this.#key.read(scanner);
    const middle = scanner.at;
    // A label without a key is left out.
    if (key <= EMPTY_TEXT || middle + 10 > bytes.length) return NONE;
    if (words.getInt32(middle, true) !== COMMA_VALUE || words.getInt32(middle + 4, true) !== VALUE_END) return NONE;
    if (words.getInt32(middle + 6, true) !== VALUE_QUOTE) return NONE;
    scanner.at = middle + 9;
    const value = this.#value.read(scanner);
    if (value < 0 || bytes[scanner.at] !== CLOSE_OBJECT) return NONE;
    scanner.at += 1;
    return this.#tables.labelOf(key, value);
  }
}

export class ServiceReader implements ElementReader {
  readonly isUnreadable = false;
  readonly further = NOTHING;
  readonly #texts: StringInterner;
  readonly #repeated: RepeatedValueReader;

  constructor({ texts }: ListTables) {
    this.#texts = texts;
    this.#repeated = new RepeatedValueReader(texts);
  }

  begin(): void {
    this.#repeated.begin();
  }

  read(scanner: Scanner): number {
    const code = this.#repeated.read(scanner);
    if (code >= 0) return code === EMPTY_TEXT ? NONE : code;
    const text = toText(scanner.readValue());
    return text === null ? NONE : this.#texts.internString(text);
  }
}
