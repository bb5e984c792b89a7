// Re-aggregation: rows of an aggregated report that were read by cluster and namespace, added up to the rows that a
// caller asked for.

import { labelsAt } from '../columns/cells.js';
import {
  NUMBER_FIELDS,
  type Columns,
  type ListField,
  type NumberField,
  type Label,
  gatherCodes,
  gatherNames,
} from '../columns/columns.js';
import { createNumberColumn, type NumberColumn } from '../columns/decimal-column.js';
import { lazyRecord } from '../columns/lazy-record.js';
import { computedStrings } from '../columns/strings.js';
import { sumByGroup, sumOf } from '../query/exact-sum.js';
import { groupRows, type CodeColumn, type Grouping } from '../query/group-rows.js';
import { percentOfHours } from '../query/totals.js';
import { inRanges, ITEMS_PER_STEP, runAll, type Steps } from '../steps.js';
import type { ReadNumbers } from './visible-rows.js';

/** What distinguishes rows, besides labels and annotations. */
export interface ReAggregation {
  readonly byCluster: boolean;
}

/** The largest number of GraphQL's Int. */
const MAX_INT = 2 ** 31 - 1;

/** Groups `rows` by cluster, labels and annotations. Reads each row three times and each label list once. */
export function* groupForReAggregation(
  columns: Columns,
  rows: Uint32Array,
  { byCluster }: ReAggregation,
): Steps<Grouping> {
  const { clusterName } = columns.names;
  return yield* groupRows(rows, [
    ...(byCluster ? [{ codes: clusterName.codes, codeCount: clusterName.values.length }] : []),
    yield* toSetCodes(columns, rows, 'labels'),
    yield* toSetCodes(columns, rows, 'annotations'),
  ]);
}

/** A code for the set of labels of each row: the order of a list means nothing, and null is an empty list. */
function* toSetCodes(columns: Columns, rows: Uint32Array, field: 'labels' | 'annotations'): Steps<CodeColumn> {
  const lists = columns.lists[field];
  const codes = new Uint32Array(columns.rowCount);
  const codeOfList = new Map<number, number>();
  const codeOfSet = new Map<string, number>();
  yield* inRanges(
    rows.length,
    (from, to) => {
      for (let at = from; at < to; at += 1) {
        const row = rows[at]!;
        let code = codeOfList.get(lists[row]!);
        if (code === undefined) {
          const set = toPairs(labelsAt(columns, field, row)).join();
          code = codeOfSet.get(set) ?? codeOfSet.size;
          codeOfSet.set(set, code);
          codeOfList.set(lists[row]!, code);
        }
        codes[row] = code;
      }
    },
    ITEMS_PER_STEP,
  );
  return { codes, codeCount: codeOfSet.size };
}

/** Rows that are added up by group. */
interface SummedRows {
  readonly rows: Uint32Array;
  readonly grouping: Grouping;
  readonly numbersOf: ReadNumbers;
}

/** What re-aggregated columns are made from. */
interface ReAggregationSource extends SummedRows {
  readonly columns: Columns;
  readonly reAggregation: ReAggregation;
}

/** One row per group. Numbers are computed when they are first read: a sum reads all grouped rows. */
export function reAggregate(source: ReAggregationSource): Columns {
  const { columns, grouping, reAggregation } = source;
  const { firstRows } = grouping;
  const { names, lists, labelLists, serviceLists, distinctLabels, texts } = columns;
  const none = { codes: new Uint32Array(firstRows.length), values: computedStrings(1, () => '') };
  const noLists = none.codes;
  const pickList = (field: ListField): Uint32Array => gatherCodes(lists[field], firstRows);
  return {
    rowCount: firstRows.length,
    // ScaleOps has no row for them.
    ids: computedStrings(firstRows.length, () => ''),
    numbers: sumNumbers(source),
    names: {
      clusterName: reAggregation.byCluster ? gatherNames(names.clusterName, firstRows) : none,
      namespace: none,
      workloadName: none,
      workloadType: none,
    },
    lists: {
      labels: pickList('labels'),
      annotations: pickList('annotations'),
      ownerLabels: noLists,
      services: noLists,
    },
    labelLists,
    serviceLists,
    distinctLabels,
    texts,
  };
}

/** The numbers of each group: sums, and percentages of the summed hours. Each column is computed when it is first read. */
export const sumNumbers = lazyRecord(NUMBER_FIELDS, (source: SummedRows, field: NumberField): NumberColumn => {
  if (field === 'onDemandPercent') return createPercentages(source, 'onDemandHours');
  if (field === 'spotPercent') return createPercentages(source, 'spotHours');
  const sums = sumGroups(source, field);
  if (field !== 'amountOfWorkloads') return createNumberColumn(sums);
  return createNumberColumn(sums.map((amount) => Math.max(-MAX_INT, Math.min(amount, MAX_INT))));
});

type SummedField = Exclude<NumberField, 'onDemandPercent' | 'spotPercent'>;

/** The sum of each group; NaN, which stands for null, when no row of the group has the number. */
function sumGroups({ rows, grouping: { groups, firstRows }, numbersOf }: SummedRows, field: SummedField): Float64Array {
  const column = runAll(numbersOf(field));
  const sums = runAll(sumByGroup(column, rows, groups, firstRows.length));
  const isKnown = new Uint8Array(firstRows.length);
  for (let at = 0; at < rows.length; at += 1) if (!Number.isNaN(column.units[rows[at]!]!)) isKnown[groups[at]!] = 1;
  return Float64Array.from(isKnown, (known, group) => (known === 1 ? sumOf(sums, group) : Number.NaN));
}

function createPercentages(source: SummedRows, field: 'onDemandHours' | 'spotHours'): NumberColumn {
  const hours = { onDemandHours: sumGroups(source, 'onDemandHours'), spotHours: sumGroups(source, 'spotHours') };
  const percentages = hours[field].map((_, group) => {
    const sum = (each: string): number => hours[each as typeof field][group]! || 0;
    return percentOfHours({ sum }, field) ?? Number.NaN;
  });
  return createNumberColumn(percentages);
}

/** Distinct labels as sorted JSON pairs. */
function toPairs(labels: readonly Label[] | null): readonly string[] {
  return (labels ?? []).map(({ key, value }) => JSON.stringify([key, value])).sort();
}
