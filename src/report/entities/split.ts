// The rows of a report that belong to one cluster or namespace, as columns of their own: what ScaleOps would have
// returned for that cluster or namespace alone.

import { foldCase, indexNames } from '../columns/case-folding.js';
import { gatherCodes, gatherNames, LIST_FIELDS, NAME_FIELDS, NUMBER_FIELDS, type Columns } from '../columns/columns.js';
import { createNumberColumn } from '../columns/decimal-column.js';
import { groupBy } from '../columns/group-by.js';
import { lazyRecord } from '../columns/lazy-record.js';
import { gatherStrings } from '../columns/strings.js';
import { inRanges, type Computation } from '../computation.js';
import { toEntityKey, type EntityRef } from './entity-request.js';

/** The rows of an entity, in ScaleOps' order. */
interface EntityRows {
  readonly rows: readonly number[];
  /** The requested entities: their names differ only in case. */
  readonly spellings: readonly EntityRef[];
}

/** The rows of each entity among `rows`. Reads each row, each cluster name and each namespace once. */
export function* splitRows(
  { names }: Columns,
  rows: Uint32Array,
  entities: readonly EntityRef[],
): Computation<EntityRows[]> {
  const { clusterName, namespace } = names;
  const clusterCodes = yield* indexNames(clusterName.values);
  const namespaceCodes = yield* indexNames(namespace.values);
  // The entity of a row is looked up by the codes of its names: a few operations per row, however many entities there are.
  const byCluster: number[][] = [];
  const byNamespace: number[][][] = [];
  const parts = [...groupBy(entities, toEntityKey).values()].map((spellings) => {
    const [{ clusterName: cluster, namespace: name }] = spellings;
    const own: number[] = [];
    for (const clusterCode of clusterCodes.get(foldCase(cluster)) ?? []) {
      if (name === undefined) byCluster[clusterCode] = own;
      else for (const code of namespaceCodes.get(foldCase(name)) ?? []) (byNamespace[clusterCode] ??= [])[code] = own;
    }
    return { rows: own, spellings };
  });
  yield* inRanges(rows.length, (from, to) => {
    for (let at = from; at < to; at += 1) {
      const row = rows[at]!;
      const cluster = clusterName.codes[row]!;
      byCluster[cluster]?.push(row);
      byNamespace[cluster]?.[namespace.codes[row]!]?.push(row);
    }
  });
  return parts;
}

/** Some rows of a report. */
interface Part {
  readonly whole: Columns;
  readonly rows: readonly number[];
}

/** The columns of only these rows. Each is made when it is first read: most queries read one or two columns. */
export function gatherRows(whole: Columns, rows: readonly number[]): Columns {
  const { missingCosts } = whole;
  return {
    ...whole,
    rowCount: rows.length,
    ids: gatherStrings(whole.ids, rows),
    numbers: gatherNumbers({ whole, rows }),
    names: gatherAllNames({ whole, rows }),
    lists: gatherLists({ whole, rows }),
    missingCosts: missingCosts && (() => gatherCodes(missingCosts(), rows)),
  };
}

const gatherNumbers = lazyRecord(NUMBER_FIELDS, ({ whole, rows }: Part, field) => {
  const { units, scale } = whole.numbers[field];
  // A new unit: how exact a column is depends on its own numbers, and not on other rows.
  return createNumberColumn(Float64Array.from(rows, (row) => units[row]! / scale));
});

const gatherAllNames = lazyRecord(NAME_FIELDS, ({ whole, rows }: Part, field) => gatherNames(whole.names[field], rows));

const gatherLists = lazyRecord(LIST_FIELDS, ({ whole, rows }: Part, field) => gatherCodes(whole.lists[field], rows));
