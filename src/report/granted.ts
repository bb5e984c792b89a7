// How somebody who may see a part of the fleet gets reports of that part alone: what to ask ScaleOps for in place of what
// they asked for, and which rows of its answer are theirs. A row that adds several namespaces up cannot be cut, so such
// rows are asked for namespace by namespace, and what may be seen of them is added up here.

import type { Grants } from './grants.js';
import { foldCase } from './names.js';
import type { Regrouping } from './regroup.js';
import type { AggregatedCostsRequest, ReportRequest, WorkloadCostsRequest } from './request.js';

/** The longest list of names that is sent. */
const MAX_NAMES = 1_000;

/** A request whose answer has all that may be seen of the answer to `request`, told apart by cluster and namespace. */
export function toGrantedRequest<Request extends ReportRequest>(request: Request, grants: Grants): Request;
export function toGrantedRequest(request: ReportRequest, grants: Grants): ReportRequest {
  return request.report === 'workloads' ? narrow(request, grants) : tellApart(request, grants);
}

/** What the rows of such an answer are to be added up by, to be those that were asked for; undefined: as they are. */
export function toRegrouping(request: ReportRequest, grants: Grants): Regrouping | undefined {
  if (request.report === 'workloads') return undefined;
  const { groupByCluster = false, groupByNamespace = false } = request;
  // By ScaleOps' page namespaces are told apart within each cluster.
  if (groupByNamespace || (groupByCluster && !grants.limitsNamespaces)) return undefined;
  return { byCluster: groupByCluster };
}

/** To read no more than is needed. What comes in spite of it is cut from the answer. */
function narrow(request: WorkloadCostsRequest, grants: Grants): WorkloadCostsRequest {
  const clusters = narrowNames(request.clusterFilters, request.isClusterExclude, grants.clusters);
  const namespaces = narrowNames(request.namespaces, request.isNamespaceExclude, grants.namespaces);
  return {
    ...request,
    ...(clusters && { clusterFilters: clusters, isClusterExclude: undefined }),
    ...(namespaces && { namespaces, isNamespaceExclude: undefined }),
  };
}

function tellApart(request: AggregatedCostsRequest, grants: Grants): AggregatedCostsRequest {
  const clusters = narrowNames(request.clusters, undefined, grants.clusters);
  return {
    ...request,
    ...(clusters && { clusters }),
    groupByCluster: true,
    ...(grants.limitsNamespaces && { groupByNamespace: true }),
  };
}

/** The names to ask for in place of a condition on names; undefined where that stays as it is. */
function narrowNames(
  names: readonly string[] | undefined,
  isExclude: boolean | undefined,
  granted: readonly string[] | undefined,
): readonly string[] | undefined {
  if (granted === undefined || (names !== undefined && isExclude !== true)) return undefined;
  const excluded = new Set(names?.map(foldCase));
  const wanted = granted.filter((name) => !excluded.has(foldCase(name)));
  // ScaleOps takes an empty list for no condition at all.
  return wanted.length === 0 || wanted.length > MAX_NAMES ? undefined : wanted;
}
