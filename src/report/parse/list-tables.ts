// The distinct texts, labels and lists of a report. Reused for one report after the other.

import type { Labels } from '../columns/columns.js';
import { SequenceInterner } from './interned-sequences.js';
import { StringInterner } from './interned-strings.js';
import type { LabelTexts } from './json/labels.js';
import type { ListData } from './json/lists.js';

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

  labelOf([key, value]: LabelTexts): number {
    return this.labels.intern([this.texts.internString(key), this.texts.internString(value)], 2);
  }

  data(): ListData {
    return {
      texts: this.texts.data(),
      distinctLabels: splitPairs(this.labels.data().items),
      labelLists: this.labelLists.data(),
      serviceLists: this.serviceLists.data(),
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
