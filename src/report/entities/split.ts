// The rows of a report that belong to one cluster or namespace, as columns of their own: what ScaleOps would have
// returned for that cluster or namespace alone.

import { foldCase, indexNames } from '../columns/case-folding.js';
import {
  LIST_FIELDS,
  NAME_FIELDS,
  NUMBER_FIELDS,
  type Columns,
  type ListField,
  type NameField,
  type NumberField,
  gatherCodes,
  gatherNames,
} from '../columns/columns.js';
import { createNumberColumn, type NumberColumn } from '../columns/decimal-column.js';
import { groupBy } from '../columns/group-by.js';
import { lazyRecord } from '../columns/lazy-record.js';
import { gatherStrings } from '../columns/strings.js';
import { inRanges, type Steps } from '../steps.js';
import { toEntityKey, type EntityRef } from './entity-request.js';

/** The rows of an entity, by number and in ScaleOps' order. */
interface EntityRows {
  readonly rows: readonly number[];
  /** The entities with these rows: their names differ only in case. */
  readonly spelled: readonly EntityRef[];
}

/** The rows of each entity among `rows`. Reads each row, each cluster name and each namespace once. */
export function* splitRows({ names }: Columns, rows: Uint32Array, entities: readonly EntityRef[]): Steps<EntityRows[]> {
  const { clusterName, namespace } = names;
  const clusterCodes = yield* indexNames(clusterName.values);
  const namespaceCodes = yield* indexNames(namespace.values);
  // The entity of a row is looked up by the codes of its names: a few operations per row, however many entities there are.
  const byCluster: number[][] = [];
  const byNamespace: number[][][] = [];
  const found = [...groupBy(entities, toEntityKey).values()].map((spelled) => {
    const [entity] = spelled;
    const own: number[] = [];
    for (const cluster of clusterCodes.get(foldCase(entity.clusterName)) ?? []) {
      if (entity.namespace === undefined) byCluster[cluster] = own;
      else {
        for (const code of namespaceCodes.get(foldCase(entity.namespace)) ?? [])
          (byNamespace[cluster] ??= [])[code] = own;
      }
    }
    return { rows: own, spelled };
  });
  yield* inRanges(rows.length, (from, to) => {
    for (let at = from; at < to; at += 1) {
      const row = rows[at]!;
      const cluster = clusterName.codes[row]!;
      byCluster[cluster]?.push(row);
      byNamespace[cluster]?.[namespace.codes[row]!]?.push(row);
    }
  });
  return found;
}

/** Which rows of which columns. */
interface Part {
  readonly whole: Columns;
  readonly rows: readonly number[];
}

/** The columns of only these rows. Each is made when it is first read: most queries read one or two columns. */
export function gatherRows(whole: Columns, rows: readonly number[]): Columns {
  const part = { whole, rows };
  const { labelLists, serviceLists, distinctLabels, texts, missingCosts } = whole;
  return {
    rowCount: rows.length,
    ids: gatherStrings(whole.ids, rows),
    numbers: createNumbers(part),
    names: createNames(part),
    lists: createLists(part),
    labelLists,
    serviceLists,
    distinctLabels,
    texts,
    missingCosts: missingCosts && (() => gatherCodes(missingCosts(), rows)),
  };
}

const createNumbers = lazyRecord(NUMBER_FIELDS, ({ whole, rows }: Part, field: NumberField): NumberColumn => {
  const { units, scale } = whole.numbers[field];
  // A new unit: how exact a column is depends on its own numbers, and not on other rows.
  return createNumberColumn(Float64Array.from(rows, (row) => units[row]! / scale));
});

const createNames = lazyRecord(NAME_FIELDS, ({ whole, rows }: Part, field: NameField) =>
  gatherNames(whole.names[field], rows),
);

const createLists = lazyRecord(LIST_FIELDS, ({ whole, rows }: Part, field: ListField) =>
  gatherCodes(whole.lists[field], rows),
);
