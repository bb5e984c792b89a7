// Re-aggregation: rows of an aggregated report that were read by cluster and namespace, added up to the rows that a
// caller asked for.

import {
  gatherCodes,
  gatherNames,
  NUMBER_FIELDS,
  type Columns,
  type NumberField,
  type SumField,
} from '../columns/columns.js';
import { createNumberColumn, type NumberColumn } from '../columns/decimal-column.js';
import { lazyRecord } from '../columns/lazy-record.js';
import { computedStrings } from '../columns/strings.js';
import { sumByGroup, sumOf } from '../query/exact-sum.js';
import { groupRows, measureGrouping, type Grouping } from '../query/group-rows.js';
import { countMissingByGroup, percentOfHours, type HoursField } from '../query/totals.js';
import { runToEnd, type Computation } from '../computation.js';
import {
  measureOwnerLabels,
  pickOwnerLabels,
  toAnnotationCodes,
  toLabelCodes,
  type OwnerLabels,
} from './group-labels.js';
import type { ReadNumbers } from './visible-rows.js';

/** What distinguishes rows, besides annotations. */
export interface ReAggregation {
  readonly byCluster: boolean;
  /** The keys of the labels that the caller groups by. */
  readonly labels?: readonly string[] | undefined;
}

/** Groups of rows, and the labels of each. */
interface LabelledGrouping extends Grouping {
  readonly owner: OwnerLabels;
}

/** The largest number of GraphQL's Int. */
const MAX_INT = 2 ** 31 - 1;

/** Groups `rows` by cluster, labels and annotations. Reads each row three times and each combination of lists once. */
export function* groupForReAggregation(
  columns: Columns,
  rows: Uint32Array,
  { byCluster, labels = [] }: ReAggregation,
): Computation<LabelledGrouping> {
  const { clusterName } = columns.names;
  const keys = new Set(labels);
  const grouping = yield* groupRows(rows, [
    ...(byCluster ? [{ codes: clusterName.codes, codeCount: clusterName.values.length }] : []),
    yield* toLabelCodes(columns, rows, keys),
    yield* toAnnotationCodes(columns, rows),
  ]);
  return { ...grouping, owner: yield* pickOwnerLabels(columns, grouping.firstRows, keys) };
}

/** What groups retain, in bytes. */
export function measureGroups(grouping: LabelledGrouping): number {
  return measureGrouping(grouping) + measureOwnerLabels(grouping.owner);
}

/** Rows that are added up by group. */
interface SummedRows {
  readonly rows: Uint32Array;
  readonly grouping: Grouping;
  readonly numbersOf: ReadNumbers;
  /** Whether a sum is null when a row of the group does not have the number, and not only when no row has it. */
  readonly needsAll?: boolean | undefined;
}

/** What re-aggregated columns are made from. */
interface ReAggregationSource extends SummedRows {
  readonly grouping: LabelledGrouping;
  readonly columns: Columns;
  readonly reAggregation: ReAggregation;
}

/** One row per group. Numbers are computed when they are first read: a sum reads all grouped rows. */
export function reAggregate(source: ReAggregationSource): Columns {
  const { columns, rows, grouping, reAggregation } = source;
  const { firstRows } = grouping;
  const { names, lists } = columns;
  const none = { codes: new Uint32Array(firstRows.length), values: computedStrings(1, () => '') };
  let missingCosts: Uint32Array | undefined;
  return {
    ...columns,
    rowCount: firstRows.length,
    // ScaleOps gives ids to its own rows only.
    ids: computedStrings(firstRows.length, () => ''),
    numbers: sumNumbers(source),
    names: {
      clusterName: reAggregation.byCluster ? gatherNames(names.clusterName, firstRows) : none,
      namespace: none,
      workloadName: none,
      workloadType: none,
    },
    lists: {
      labels: gatherCodes(lists.labels, firstRows),
      annotations: gatherCodes(lists.annotations, firstRows),
      ownerLabels: grouping.owner.lists,
      services: none.codes,
    },
    labelLists: grouping.owner.labelLists,
    missingCosts: () => (missingCosts ??= countMissingByGroup(columns, { ...grouping, rows })),
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

/** The sum of each group; NaN stands for null. */
function sumGroups(source: SummedRows, field: SumField): Float64Array {
  const { rows, grouping, numbersOf, needsAll = false } = source;
  const { groups, firstRows } = grouping;
  const column = runToEnd(numbersOf(field));
  const sums = runToEnd(sumByGroup(column, rows, groups, firstRows.length));
  const isKnown = new Uint8Array(firstRows.length).fill(Number(needsAll));
  for (let at = 0; at < rows.length; at += 1) {
    // One row decides: the first with the number, or without it.
    if (Number.isNaN(column.units[rows[at]!]!) === needsAll) isKnown[groups[at]!] = Number(!needsAll);
  }
  return Float64Array.from(isKnown, (known, group) => (known === 1 ? sumOf(sums, group) : Number.NaN));
}

function createPercentages(source: SummedRows, field: HoursField): NumberColumn {
  const readHours = (each: HoursField): Float64Array => {
    const sums = sumGroups(source, each);
    return source.needsAll === true ? sums : sums.map((sum) => sum || 0);
  };
  const hours = { onDemandHours: readHours('onDemandHours'), spotHours: readHours('spotHours') };
  const percentOf = (group: number) => percentOfHours({ sum: (each) => hours[each][group]! }, field) ?? Number.NaN;
  return createNumberColumn(hours[field].map((_, group) => percentOf(group)));
}
