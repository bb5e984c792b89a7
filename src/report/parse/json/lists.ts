// The lists of labels and services of a report. A fleet repeats the same labels on every row, so each text and label is
// stored once per report and referred to by number.

import { EMPTY_LIST, type Labels, type Lists } from '../../columns/columns.js';
import { toStringData, type StringData } from '../../columns/strings.js';
import type { LabelTexts } from './labels.js';
import { toText } from './values.js';

/** The distinct texts, labels and lists of a report, as plain data. */
export interface ListData {
  readonly texts: StringData;
  readonly distinctLabels: Labels;
  readonly labelLists: Lists;
  readonly serviceLists: Lists;
}

/** Distinct texts, numbered from 0 in order of appearance. */
export class DistinctTexts {
  readonly #numbers = new Map<string, number>();

  numberOf(text: string): number {
    const number = this.#numbers.get(text) ?? this.#numbers.size;
    this.#numbers.set(text, number);
    return number;
  }

  data(): StringData {
    return toStringData(this.#numbers.keys());
  }
}

class ListBuilder {
  readonly #items: number[] = [];
  /** NULL_LIST and EMPTY_LIST, then the others. */
  readonly #ends = [0, 0];

  /** Adds a list and returns its number. */
  add(items: readonly number[]): number {
    if (items.length === 0) return EMPTY_LIST;
    for (const item of items) this.#items.push(item);
    return this.#ends.push(this.#items.length) - 1;
  }

  data(): Lists {
    return { items: Uint32Array.from(this.#items), ends: Uint32Array.from(this.#ends) };
  }
}

/** Collects the lists of a report. */
export class ListCollector {
  readonly #texts = new DistinctTexts();
  /** By the numbers of a label's texts: the label, and these numbers. */
  readonly #labels = new Map<string, readonly [label: number, key: number, value: number]>();
  readonly #labelLists = new ListBuilder();
  readonly #serviceLists = new ListBuilder();

  /** Adds a list of labels and returns its number. */
  addLabels(labels: readonly LabelTexts[]): number {
    return this.#labelLists.add(labels.map((texts) => this.#labelOf(texts)));
  }

  /** The same for texts. Null, which Go sends for an empty list, is an empty list. Other elements are left out. */
  addServices(value: unknown): number {
    const texts = (Array.isArray(value) ? value : []).map(toText).filter((text) => text !== null);
    return this.#serviceLists.add(texts.map((text) => this.#texts.numberOf(text)));
  }

  data(): ListData {
    const labels = [...this.#labels.values()];
    return {
      texts: this.#texts.data(),
      distinctLabels: {
        keys: Uint32Array.from(labels, ([, key]) => key),
        values: Uint32Array.from(labels, ([, , value]) => value),
      },
      labelLists: this.#labelLists.data(),
      serviceLists: this.#serviceLists.data(),
    };
  }

  #labelOf([keyText, valueText]: LabelTexts): number {
    const [key, value] = [this.#texts.numberOf(keyText), this.#texts.numberOf(valueText)];
    const entry = this.#labels.get(`${key} ${value}`) ?? [this.#labels.size, key, value];
    this.#labels.set(`${key} ${value}`, entry);
    return entry[0];
  }
}
