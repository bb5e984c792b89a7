// How somebody who may see a part of the fleet gets reports of that part alone: what to ask ScaleOps for in place of what
// they asked for, and which rows of its answer are theirs. A row that adds several namespaces up cannot be cut, so such
// rows are asked for namespace by namespace, and what may be seen of them is added up here.

import { NOTHING, type Permissions } from './permissions.js';
import { foldCase } from '../columns/case-folding.js';
import type { ReAggregation } from './re-aggregate.js';
import type { AggregatedCostsRequest, ReportRequest, WorkloadCostsRequest } from '../request.js';

/** The longest list of names that is sent. */
const MAX_NAMES = 1_000;

/** What to ask for in place of a request, and what of the answer is the answer to that. */
export interface RestrictedRequest<Request extends ReportRequest = ReportRequest> {
  /** Its answer has all that may be seen of the answer to the request, told apart by cluster and namespace. */
  readonly request: Request;
  /** The rows that are left of it. */
  readonly permissions: Permissions;
  /** What these are to be added up by, to be those that were asked for; undefined: as they are. */
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

/** To read no more than is needed. What comes in spite of it is cut from the answer. */
function narrowFilter(
  request: WorkloadCostsRequest,
  permissions: Permissions,
): RestrictedRequest<WorkloadCostsRequest> {
  const { clusterFilters, isClusterExclude, namespaces, isNamespaceExclude, ...rest } = request;
  const granted = permissions.within(
    isClusterExclude === true ? undefined : clusterFilters,
    isNamespaceExclude === true ? undefined : namespaces,
  );
  const [ofClusters, ofNamespaces] = [
    narrowNames(isClusterExclude === true ? clusterFilters : undefined, granted.clusters),
    narrowNames(isNamespaceExclude === true ? namespaces : undefined, granted.namespaces),
  ];
  // ScaleOps takes an empty list for no condition at all. It is asked for all that may be seen, of which nothing is left.
  if (ofClusters?.length === 0 || ofNamespaces?.length === 0) {
    return { request: narrowFilter(rest, permissions).request, permissions: NOTHING };
  }
  return {
    request: {
      ...request,
      ...(ofClusters && { clusterFilters: ofClusters, isClusterExclude: undefined }),
      ...(ofNamespaces && { namespaces: ofNamespaces, isNamespaceExclude: undefined }),
    },
    permissions,
  };
}

function addRequiredGrouping(request: AggregatedCostsRequest, permissions: Permissions): AggregatedCostsRequest {
  const { clusters } = permissions.within(request.clusters);
  const names = narrowNames(undefined, clusters);
  return {
    ...request,
    ...(names && { clusters: names }),
    groupByCluster: true,
    ...(permissions.limitsNamespaces && { groupByNamespace: true }),
  };
}

function toReAggregation(request: AggregatedCostsRequest, permissions: Permissions): ReAggregation | undefined {
  const { groupByCluster = false, groupByNamespace = false } = request;
  // By ScaleOps' page namespaces are told apart within each cluster.
  if (groupByNamespace || (groupByCluster && !permissions.limitsNamespaces)) return undefined;
  return { byCluster: groupByCluster };
}

/** Those of the granted names that are not excluded; undefined where names cannot say that. */
function narrowNames(
  excluded: readonly string[] | undefined,
  granted: readonly string[] | undefined,
): readonly string[] | undefined {
  if (granted === undefined) return undefined;
  const [exact, folded] = [new Set(excluded), new Set(excluded?.map(foldCase))];
  const wanted = granted.filter((name) => !folded.has(foldCase(name)));
  // Whether ScaleOps leaves out a name that is excluded in another case is not documented: it is for ScaleOps to say.
  const isSure = granted.every((name) => exact.has(name) || !folded.has(foldCase(name)));
  return isSure && wanted.length <= MAX_NAMES ? wanted : undefined;
}
