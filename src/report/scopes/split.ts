// The rows of a report that belong to one cluster or namespace, as columns of their own: just what the upstream would
// have answered about that part alone.

import {
  LIST_FIELDS,
  NAME_FIELDS,
  NUMBER_FIELDS,
  type Columns,
  type ListField,
  type NameField,
  type NumberField,
} from '../columns/columns.js';
import { createNumberColumn, type NumberColumn } from '../columns/decimal-column.js';
import { groupBy } from '../columns/group-by.js';
import { lazyRecord } from '../columns/lazy-record.js';
import { foldCase, indexNames } from '../columns/case-folding.js';
import { pickCodes, pickNames } from '../columns/gather.js';
import { toScopeKey, type Scope } from './scope.js';
import { pickTexts } from '../columns/strings.js';

/** The rows of a scope, by their numbers and in the upstream's order. */
export interface FoundScope {
  readonly rows: readonly number[];
  /** The scopes that these are the rows of: they differ in case alone. */
  readonly spelled: readonly Scope[];
}

/** The scopes that have rows among these. */
export function findScopes({ names }: Columns, among: Uint32Array, scopes: readonly Scope[]): FoundScope[] {
  const clusterCodes = indexNames(names.clusterName.values);
  const namespaceCodes = indexNames(names.namespace.values);
  // Where a row goes is looked up by the codes of its names: a few steps a row, however many scopes there are.
  const wholes: number[][] = [];
  const parts: number[][][] = [];
  const found = [...groupBy(scopes, toScopeKey).values()].map((spelled) => {
    const [{ clusterName, namespace }] = spelled;
    const rows: number[] = [];
    for (const cluster of clusterCodes.get(foldCase(clusterName)) ?? []) {
      if (namespace === undefined) wholes[cluster] = rows;
      else for (const code of namespaceCodes.get(foldCase(namespace)) ?? []) (parts[cluster] ??= [])[code] = rows;
    }
    return { rows, spelled };
  });
  for (let at = 0; at < among.length; at += 1) {
    const row = among[at]!;
    const cluster = names.clusterName.codes[row]!;
    wholes[cluster]?.push(row);
    parts[cluster]?.[names.namespace.codes[row]!]?.push(row);
  }
  return found.filter(({ rows }) => rows.length > 0);
}

/** Which rows of which columns. */
interface Part {
  readonly whole: Columns;
  readonly rows: readonly number[];
}

/** The columns of these rows alone. Each is made when somebody looks: most questions are about one or two. */
export function pickRows(whole: Columns, rows: readonly number[]): Columns {
  const part = { whole, rows };
  const { labelLists, serviceLists, distinctLabels, texts } = whole;
  return {
    rowCount: rows.length,
    ids: pickTexts(whole.ids, rows),
    numbers: createNumbers(part),
    names: createNames(part),
    lists: createLists(part),
    labelLists,
    serviceLists,
    distinctLabels,
    texts,
  };
}

const createNumbers = lazyRecord(NUMBER_FIELDS, ({ whole, rows }: Part, field: NumberField): NumberColumn => {
  const { units, scale } = whole.numbers[field];
  // Written anew: a column is as exact as its numbers let it be, and other rows have no say in that.
  return createNumberColumn(Float64Array.from(rows, (row) => units[row]! / scale));
});

const createNames = lazyRecord(NAME_FIELDS, ({ whole, rows }: Part, field: NameField) =>
  pickNames(whole.names[field], rows),
);

const createLists = lazyRecord(LIST_FIELDS, ({ whole, rows }: Part, field: ListField) =>
  pickCodes(whole.lists[field], rows),
);
