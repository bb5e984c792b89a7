// Rows of an aggregated report that were told apart by cluster and namespace, added up to what they would be without.

import { labelsAt, nameOf } from '../columns/cells.js';
import { byField, NUMBER_FIELDS, SUM_FIELDS, type Columns } from '../columns/columns.js';
import { createNumberColumn, type NumberColumn } from '../columns/decimal-column.js';
import { sumRows } from '../query/exact-sum.js';
import { groupBy } from '../columns/group-by.js';
import type { Label } from '../columns/label.js';
import { pickCodes, pickNames } from '../columns/gather.js';
import { toTexts } from '../columns/strings.js';
import { createTotals, percentOfHours } from '../query/totals.js';

/** What tells rows apart, besides labels and annotations. */
export interface Regrouping {
  readonly byCluster: boolean;
}

/** The largest number that GraphQL's Int holds. */
const MAX_INT = 2 ** 31 - 1;

/** One row a group of `rows`, in the order of the first of each. */
export function regroup(columns: Columns, rows: Uint32Array, { byCluster }: Regrouping): Columns {
  const { names, lists, labelLists, serviceLists, distinctLabels, texts } = columns;
  const clusterOf = (row: number): string | null =>
    byCluster ? nameOf(names.clusterName, names.clusterName.codes[row]!) : null;
  const labels = (row: number) => labelsAt(columns, 'labels', row);
  const annotations = (row: number) => labelsAt(columns, 'annotations', row);
  const keyOf = (row: number): string =>
    JSON.stringify([clusterOf(row), toPairs(labels(row)), toPairs(annotations(row))]);
  const groups = [...groupBy(rows, keyOf).values()];
  const firstRows = groups.map(([first]) => first);
  const none = { codes: new Uint32Array(groups.length), values: toTexts(['']) };
  const noLists = new Uint32Array(groups.length);
  return {
    rowCount: groups.length,
    ids: toTexts(firstRows.map((row) => toId(clusterOf(row), labels(row), annotations(row)))),
    numbers: sumNumbers(columns, groups),
    names: {
      clusterName: byCluster ? pickNames(names.clusterName, firstRows) : none,
      namespace: none,
      workloadName: none,
      workloadType: none,
    },
    lists: {
      labels: pickCodes(lists.labels, firstRows),
      annotations: pickCodes(lists.annotations, firstRows),
      ownerLabels: noLists,
      services: noLists,
    },
    labelLists,
    serviceLists,
    distinctLabels,
    texts,
  };
}

function sumNumbers(columns: Columns, groups: readonly (readonly number[])[]): Columns['numbers'] {
  const rowsOf = groups.map((rows) => Uint32Array.from(rows));
  const sums = byField(SUM_FIELDS, (field) => {
    const column = columns.numbers[field];
    // Where no row has the number, there is none: never 0 in its place.
    return rowsOf.map((rows) => (rows.some((row) => isKnown(column, row)) ? sumRows(column, rows) : Number.NaN));
  });
  const totals = rowsOf.map((rows) => createTotals(rows.length, (field) => sumRows(columns.numbers[field], rows)));
  const percentOf = (field: 'onDemandHours' | 'spotHours') =>
    totals.map((each) => percentOfHours(each, field) ?? Number.NaN);
  const amountOfWorkloads = sums.amountOfWorkloads.map((amount) => Math.max(-MAX_INT, Math.min(amount, MAX_INT)));
  const numbers = {
    ...sums,
    amountOfWorkloads,
    onDemandPercent: percentOf('onDemandHours'),
    spotPercent: percentOf('spotHours'),
  };
  return byField(NUMBER_FIELDS, (field) => createNumberColumn(Float64Array.from(numbers[field])));
}

function isKnown({ units }: NumberColumn, row: number): boolean {
  return !Number.isNaN(units[row]!);
}

/** No list is an empty one. */
function toPairs(labels: readonly Label[] | null): readonly string[] {
  return (labels ?? []).map(({ key, value }) => JSON.stringify([key, value])).sort();
}

/** What the row is about: another id for each group, the same in each report. */
function toId(cluster: string | null, labels: readonly Label[] | null, annotations: readonly Label[] | null): string {
  const toParts = (kind: string, list: readonly Label[] | null): readonly string[] =>
    (list ?? []).map(({ key, value }) => `${kind}:${escapePart(key)}=${escapePart(value)}`).sort();
  const own = cluster === null ? [] : [escapePart(cluster)];
  return [...own, ...toParts('label', labels), ...toParts('annotation', annotations)].join('/') || 'all';
}

/** Without what separates the parts of an id. */
function escapePart(part: string): string {
  return part.replace(/[%/:=]/g, (sign) => `%${sign.charCodeAt(0).toString(16)}`);
}
