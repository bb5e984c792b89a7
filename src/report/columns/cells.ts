// The values of a row, read by the codes in its columns.

import {
  NULL_LIST,
  type Columns,
  type LabelField,
  type Lists,
  type NameColumn,
  type NumberField,
  type Label,
} from './columns.js';

const NONE: readonly never[] = Object.freeze([]);

/** Null when ScaleOps gave the row no id. */
export function scaleOpsIdAt({ ids }: Columns, row: number): string | null {
  return ids.at(row) || null;
}

/** The name of a code of this column; null for the code of rows without a name. */
export function nameOf({ values }: NameColumn, code: number): string | null {
  return values.at(code) || null;
}

/** Null when ScaleOps sent no finite number. */
export function numberAt({ numbers }: Columns, field: NumberField, row: number): number | null {
  const { units, scale } = numbers[field];
  const value = units[row]! / scale;
  return Number.isNaN(value) ? null : value;
}

/** Null and the empty list differ for labels and annotations; a missing list of the owner's labels is empty. */
export function labelsAt(columns: Columns, field: 'ownerLabels', row: number): readonly Label[];
export function labelsAt(columns: Columns, field: LabelField, row: number): readonly Label[] | null;
export function labelsAt(columns: Columns, field: LabelField, row: number): readonly Label[] | null {
  const list = columns.lists[field][row]!;
  if (list === NULL_LIST) return field === 'ownerLabels' ? NONE : null;
  return Array.from(listItems(columns.labelLists, list), (label) => labelOf(columns, label));
}

export function servicesAt({ lists, serviceLists, texts }: Columns, row: number): readonly string[] {
  return Array.from(listItems(serviceLists, lists.services[row]!), (text) => texts.at(text));
}

function labelOf({ distinctLabels: { keys, values }, texts }: Columns, label: number): Label {
  return { key: texts.at(keys[label]!), value: texts.at(values[label]!) };
}

/** The items of one of the distinct lists. */
export function listItems({ items, ends }: Lists, list: number): Uint32Array {
  return items.subarray(list === 0 ? 0 : ends[list - 1]!, ends[list]);
}
