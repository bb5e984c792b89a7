// How breakdowns, comparisons and time series group rows, and how often they read the rows.

import { UserInputError } from '../../errors.js';
import type { NameField } from '../../report/columns/columns.js';
import type { Permissions } from '../../report/permissions/permissions.js';
import { countLabelReads, type Dimension } from '../../report/query/dimension.js';
import type { RowsWhere } from '../../report/query/filter-rows.js';
import type { Report } from '../../report/report.js';
import type { AggregatedCostsRequest, ReportRequest } from '../../report/request.js';
import type { OptionalInput } from '../builder.js';
import { toDimensions, type CostDimensionInput } from './dimensions.js';
import { assertNotNegative } from './validate.js';
import { toRowsWhere, type CostRowsWhere } from './where.js';

interface GroupingArguments {
  readonly by?: readonly (typeof CostDimensionInput)['$inferInput'][] | null | undefined;
  readonly where?: OptionalInput<typeof CostRowsWhere>;
  readonly first?: number | null | undefined;
}

interface Grouping {
  readonly by: readonly Dimension[];
  readonly where: RowsWhere | undefined;
}

/**
 * Returns the arguments as a query over a report, and the names of the dimensions.
 * @throws UserInputError that names the argument; GatewayError FORBIDDEN for a name that the caller may not see.
 */
export function toGrouping({ by, where, first }: GroupingArguments, permissions: Permissions | undefined) {
  const dimensions = by == null ? [] : toDimensions(by);
  if (first != null) assertNotNegative('first', first);
  return {
    names: dimensions.map(({ name }) => name),
    grouping: {
      by: dimensions.map(({ dimension }) => dimension),
      where: toRowsWhere(where, permissions),
      first: first ?? undefined,
    },
  };
}

/** Counts how often a query reads all rows, and how often their labels: once for each condition and each dimension. */
export function countReads({ by, where }: Grouping) {
  const dimensions = [...by, ...(where?.dimensions ?? []).map((match) => match.by)];
  return {
    rows: dimensions.length + (where === undefined ? 0 : 1),
    labels: dimensions.reduce((sum, dimension) => sum + countLabelReads(dimension), 0),
  };
}

const WORKLOADS_ONLY = 'needs a report of workloads: use `workloadCosts`.';
const NAME_RULES: Readonly<Record<NameField, string>> = {
  clusterName: 'needs a report that is grouped by cluster: add `cluster: true` to `filter.groupBy`.',
  namespace: 'needs a report that is grouped by namespace: add `namespace: true` to `filter.groupBy`.',
  workloadName: WORKLOADS_ONLY,
  workloadType: WORKLOADS_ONLY,
};

/**
 * Refuses a query about a dimension that no row of the reports has, because an aggregated report is not grouped by it: all
 * costs would be without a value. Reads rows until one has the value.
 * @throws UserInputError that names the input and what to add to `groupBy`.
 */
export function assertGroupedBy(request: ReportRequest, reports: readonly (Report | null)[], query: Grouping): void {
  // Without `groupBy`, ScaleOps decides what it groups by.
  if (request.report === 'workloads' || !isGrouped(request)) return;
  const withRows = reports.filter((report) => report !== null && report.rowCount > 0);
  if (withRows.length === 0) return;
  for (const [path, dimension] of dimensionsOf(query)) {
    const rule = isGroupedBy(request, dimension) ? undefined : toRule(dimension);
    if (rule !== undefined && withRows.every((report) => report?.hasNoValueOf(dimension))) {
      throw new UserInputError(path, rule);
    }
  }
}

function* dimensionsOf({ by, where = {} }: Grouping): Iterable<readonly [path: string, Dimension]> {
  for (const [index, dimension] of by.entries()) yield [`by[${index}]`, dimension];
  for (const [index, match] of (where.dimensions ?? []).entries()) yield [`where.dimensions[${index}].by`, match.by];
  if (where.clusterNames) yield ['where.clusterNames', { field: 'clusterName' }];
  if (where.namespaces) yield ['where.namespaces', { field: 'namespace' }];
  if (where.workloadNames) yield ['where.workloadNames', { field: 'workloadName' }];
  if (where.workloadTypes) yield ['where.workloadTypes', { field: 'workloadType' }];
}

function isGrouped(request: AggregatedCostsRequest): boolean {
  const { groupByCluster, groupByNamespace, groupByLabels = [], groupByAnnotations = [] } = request;
  return groupByCluster === true || groupByNamespace === true || groupByLabels.length + groupByAnnotations.length > 0;
}

function isGroupedBy(request: AggregatedCostsRequest, dimension: Dimension): boolean {
  const { groupByCluster, groupByNamespace, groupByLabels = [], groupByAnnotations = [] } = request;
  if ('label' in dimension) return groupByLabels.includes(dimension.label);
  if ('anyLabel' in dimension) return dimension.anyLabel.some((key) => groupByLabels.includes(key));
  if ('annotation' in dimension) return groupByAnnotations.includes(dimension.annotation);
  if (dimension.field === 'clusterName') return groupByCluster === true;
  return dimension.field === 'namespace' && groupByNamespace === true;
}

function toRule(dimension: Dimension): string {
  if ('field' in dimension) return NAME_RULES[dimension.field];
  const kind = 'annotation' in dimension ? 'annotation' : 'label';
  const keys = JSON.stringify(Object.values(dimension).flat());
  return `needs a report that is grouped by this ${kind}: add \`${kind}s: ${keys}\` to \`filter.groupBy\`.`;
}
