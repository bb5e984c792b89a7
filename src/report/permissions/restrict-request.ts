// Turns the request of a caller with permissions into the request that is sent to ScaleOps. A row that adds up several
// namespaces cannot be split, so such reports are requested by cluster and namespace, filtered, and re-aggregated.

import { NO_PERMISSIONS, type Permissions } from './permissions.js';
import { foldCase } from '../columns/case-folding.js';
import type { ReAggregation } from './re-aggregate.js';
import type { AggregatedCostsRequest, ReportRequest, WorkloadCostsRequest } from '../request.js';

/** The longest list of names to send. */
const MAX_NAMES = 1_000;

/** The request to send, and how to turn its report into the report that the caller may see. */
export interface RestrictedRequest<Request extends ReportRequest = ReportRequest> {
  /** Its report includes all rows that the caller may see, by cluster and namespace. */
  readonly request: Request;
  /** Which rows of the report the caller may see. */
  readonly permissions: Permissions;
  /** How to add the rows up; undefined: they stay as they are. */
  readonly reAggregation?: ReAggregation | undefined;
}

export function restrictRequest(request: ReportRequest, permissions: Permissions): RestrictedRequest {
  if (request.report === 'workloads') return narrowFilter(request, permissions);
  return {
    request: addRequiredGrouping(request, permissions),
    permissions,
    reAggregation: toReAggregation(request, permissions),
  };
}

/** Reduces what ScaleOps sends. Rows that the caller may not see are removed from the report in any case. */
function narrowFilter(
  request: WorkloadCostsRequest,
  permissions: Permissions,
): RestrictedRequest<WorkloadCostsRequest> {
  const { clusterFilters, isClusterExclude, namespaces, isNamespaceExclude, ...rest } = request;
  const allowed = permissions.narrowTo(
    isClusterExclude === true ? undefined : clusterFilters,
    isNamespaceExclude === true ? undefined : namespaces,
  );
  const [clusterNames, namespaceNames] = [
    narrowNames(isClusterExclude === true ? clusterFilters : undefined, allowed.clusters),
    narrowNames(isNamespaceExclude === true ? namespaces : undefined, allowed.namespaces),
  ];
  // ScaleOps reads an empty list as "no condition". Request what the caller may see, and show nothing of it.
  if (clusterNames?.length === 0 || namespaceNames?.length === 0) {
    return { request: narrowFilter(rest, permissions).request, permissions: NO_PERMISSIONS };
  }
  return {
    request: {
      ...request,
      ...(clusterNames && { clusterFilters: clusterNames, isClusterExclude: undefined }),
      ...(namespaceNames && { namespaces: namespaceNames, isNamespaceExclude: undefined }),
    },
    permissions,
  };
}

function addRequiredGrouping(request: AggregatedCostsRequest, permissions: Permissions): AggregatedCostsRequest {
  const { clusters } = permissions.narrowTo(request.clusters);
  const names = narrowNames(undefined, clusters);
  return {
    ...request,
    ...(names && { clusters: names }),
    groupByCluster: true,
    ...(permissions.limitsNamespaces && { groupByNamespace: true }),
  };
}

function toReAggregation(request: AggregatedCostsRequest, permissions: Permissions): ReAggregation | undefined {
  const { groupByCluster = false, groupByNamespace = false, groupByLabels } = request;
  // By ScaleOps' documentation, namespaces are distinguished within each cluster.
  if (groupByNamespace || (groupByCluster && !permissions.limitsNamespaces)) return undefined;
  return { byCluster: groupByCluster, labels: groupByLabels };
}

/** The permitted names that are not excluded; undefined when a list of names cannot express that. */
function narrowNames(
  excluded: readonly string[] | undefined,
  allowed: readonly string[] | undefined,
): readonly string[] | undefined {
  if (allowed === undefined) return undefined;
  const [exact, folded] = [new Set(excluded), new Set(excluded?.map(foldCase))];
  const wanted = allowed.filter((name) => !folded.has(foldCase(name)));
  // It is not documented whether ScaleOps excludes names ignoring case, so leave that to ScaleOps.
  const isCertain = allowed.every((name) => exact.has(name) || !folded.has(foldCase(name)));
  return isCertain && wanted.length <= MAX_NAMES ? wanted : undefined;
}
