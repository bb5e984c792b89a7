// How a report stores its rows: one column per field, so that a query reads only the fields that it needs. Numbers are
// typed arrays; names and lists are codes into the distinct values. All of it is plain data in one block of memory, which
// can be made in one thread and used in another. Row objects are views that are created on demand.

import type { NumberColumn } from './decimal-column.js';
import { gatherStrings, type StringColumn, type StringData } from './strings.js';

/** The numbers that can be added up. Percentages cannot: they are computed from the hours. */
export const SUM_FIELDS = [
  'amountOfWorkloads',
  'totalCost',
  'hourlyCost',
  'savingsAvailable',
  'savingsAvailableWithReplicas',
  'onDemandHours',
  'spotHours',
  'ownerCpuRequest',
  'ownerGpuRequest',
  'ownerMemoryRequest',
  'replicas',
] as const;
export type SumField = (typeof SUM_FIELDS)[number];

/** The fields of a row that are numbers. */
export const NUMBER_FIELDS = [...SUM_FIELDS, 'onDemandPercent', 'spotPercent'] as const;
export type NumberField = (typeof NUMBER_FIELDS)[number];

/** The fields of a row that are names. */
export const NAME_FIELDS = ['clusterName', 'namespace', 'workloadName', 'workloadType'] as const;
export type NameField = (typeof NAME_FIELDS)[number];

/** The fields of a row that are lists of labels. */
export const LABEL_FIELDS = ['labels', 'annotations', 'ownerLabels'] as const;
export type LabelField = (typeof LABEL_FIELDS)[number];

/** The fields of a row that are lists. */
export const LIST_FIELDS = [...LABEL_FIELDS, 'services'] as const;
export type ListField = (typeof LIST_FIELDS)[number];

/** Names by row: `values.at(codes[row])`. Code 0, the empty text, stands for null. */
export interface NameColumn {
  readonly codes: Uint32Array;
  readonly values: StringColumn;
}

/** The distinct lists: list n ends at `ends[n]` of `items`. List 0 stands for null, list 1 is the empty list. */
export interface Lists {
  readonly items: Uint32Array;
  readonly ends: Uint32Array;
}
export const NULL_LIST = 0;
export const EMPTY_LIST = 1;

/** A Kubernetes label or annotation. */
export interface Label {
  readonly key: string;
  readonly value: string;
}

/** The distinct labels: numbers of texts. */
export interface Labels {
  readonly keys: Uint32Array;
  readonly values: Uint32Array;
}

/** The columns that are the same as plain data and when queries run. */
interface CommonColumns {
  readonly rowCount: number;
  readonly numbers: Readonly<Record<NumberField, NumberColumn>>;
  /** The list of each row: a number in `labelLists`, whose items are labels, or in `serviceLists`, whose items are texts. */
  readonly lists: Readonly<Record<ListField, Uint32Array>>;
  readonly labelLists: Lists;
  readonly serviceLists: Lists;
  readonly distinctLabels: Labels;
}

/** All rows of a report, by field. The n-th entry of each column belongs to the n-th row. */
export interface Columns extends CommonColumns {
  readonly ids: StringColumn;
  readonly names: Readonly<Record<NameField, NameColumn>>;
  /** The texts of labels and services. */
  readonly texts: StringColumn;
  /** For rows that are sums: how many of the rows behind each have no totalCost. */
  readonly missingCosts?: (() => Uint32Array) | undefined;
}

/** All rows as plain data. */
export interface ColumnData extends CommonColumns {
  readonly ids: StringData;
  readonly names: Readonly<Record<NameField, { readonly codes: Uint32Array; readonly values: StringData }>>;
  readonly texts: StringData;
}

/** A record with one value per field. */
export function byField<Field extends NameField | NumberField | ListField, T>(
  fields: readonly Field[],
  make: (field: Field) => T,
): Record<Field, T> {
  // A loop, as reports are made often: Object.fromEntries takes four times as long.
  const all = {} as Record<Field, T>;
  for (const field of fields) all[field] = make(field);
  return all;
}

/** The codes of some rows, in the order of the given row numbers. */
export function gatherCodes(codes: Uint32Array, rows: ArrayLike<number>): Uint32Array {
  const picked = new Uint32Array(rows.length);
  for (let at = 0; at < picked.length; at += 1) picked[at] = codes[rows[at]!]!;
  return picked;
}

/** The values are the names that these rows have, and no others. */
export function gatherNames({ codes, values }: NameColumn, rows: ArrayLike<number>): NameColumn {
  const picked = gatherCodes(codes, rows);
  /** The old code of each new code; 0, which stands for null, stays 0. */
  const oldCodes = [0];
  const newCodes = new Map<number, number>([[0, 0]]);
  for (let at = 0; at < picked.length; at += 1) {
    const old = picked[at]!;
    let code = newCodes.get(old);
    if (code === undefined) newCodes.set(old, (code = oldCodes.push(old) - 1));
    picked[at] = code;
  }
  return { codes: picked, values: gatherStrings(values, oldCodes) };
}
