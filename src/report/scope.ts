// Parts of the fleet that somebody asks about one by one, clusters and namespaces, and which workload requests have what
// is asked of them.

import { foldCase } from './names.js';
import { toRequestKey, type WorkloadCostsRequest } from './request.js';

/** A cluster, or one namespace of it. */
export interface Scope {
  readonly clusterName: string;
  readonly namespace?: string | undefined;
}

/** A workload request about one scope. */
export interface ScopedRequest {
  /** What is asked besides: alike for many scopes. */
  readonly base: WorkloadCostsRequest;
  /** Equal for bases that mean the same. */
  readonly baseKey: string;
  readonly scope: Scope;
}

/**
 * What `request` asks about any scope; undefined where its own conditions leave the scope out. Made once for all the
 * scopes that an operation asks about alike.
 */
export function createScoping(request: WorkloadCostsRequest): (scope: Scope) => ScopedRequest | undefined {
  const { clusterFilters, isClusterExclude, ...whole } = request;
  const { namespaces, isNamespaceExclude, ...part } = whole;
  const isClusterIn = createAdmission(clusterFilters, isClusterExclude);
  const isNamespaceIn = createAdmission(namespaces, isNamespaceExclude);
  const ofCluster = { base: whole, baseKey: toRequestKey(whole) };
  const ofNamespace = { base: part, baseKey: toRequestKey(part) };
  return (scope) => {
    if (!isClusterIn(scope.clusterName)) return undefined;
    if (scope.namespace === undefined) return { ...ofCluster, scope };
    return isNamespaceIn(scope.namespace) ? { ...ofNamespace, scope } : undefined;
  };
}

/** The request for one scope, as a root query would make it. */
export function toScopeRequest({ base, scope: { clusterName, namespace } }: ScopedRequest): WorkloadCostsRequest {
  return { ...base, clusterFilters: [clusterName], ...(namespace === undefined ? {} : { namespaces: [namespace] }) };
}

/** Equal for requests that differ at most in which clusters and namespaces they are about. */
export function toFamilyKey(request: WorkloadCostsRequest): string {
  return toRequestKey({
    ...request,
    clusterFilters: undefined,
    isClusterExclude: undefined,
    namespaces: undefined,
    isNamespaceExclude: undefined,
    multiCluster: undefined,
  });
}

/** What a list of names lets in; no list lets in all. */
function createAdmission(names: readonly string[] | undefined, isExclude: boolean | undefined) {
  if (names === undefined) return () => true;
  const folded = new Set(names.map(foldCase));
  return (name: string): boolean => folded.has(foldCase(name)) !== (isExclude === true);
}

/** Equal for requests with the same condition on namespaces. */
function toNamespaceKey({ report, namespaces, isNamespaceExclude }: WorkloadCostsRequest): string {
  return toRequestKey({ report, namespaces, isNamespaceExclude });
}

/** A test for scoped requests of the same family: whether `report`, the answer to `request`, has all they ask for. */
export function createCoverage(
  request: WorkloadCostsRequest,
  report: { hasCluster(name: string): boolean },
): (wanted: ScopedRequest) => boolean {
  const isClusterIn = createAdmission(request.clusterFilters, request.isClusterExclude);
  const isNamespaceIn = createAdmission(request.namespaces, request.isNamespaceExclude);
  const namespaceKey = toNamespaceKey(request);
  return ({ base, scope }) => {
    const isMulti = request.multiCluster === true;
    if (isMulti !== (base.multiCluster === true)) {
      // Without multiCluster ScaleOps speaks of its own cluster alone, which may be any; of that one it says everything.
      if (isMulti || !report.hasCluster(scope.clusterName)) return false;
    }
    if (!isClusterIn(scope.clusterName)) return false;
    return scope.namespace === undefined ? namespaceKey === toNamespaceKey(base) : isNamespaceIn(scope.namespace);
  };
}

/** How many namespaces a request is about, as far as it says: for a comparison. */
export function breadthOf({
  clusterFilters,
  isClusterExclude,
  namespaces,
  isNamespaceExclude,
}: WorkloadCostsRequest): number {
  const count = (names: readonly string[] | undefined, isExclude: boolean | undefined): number =>
    names === undefined || isExclude === true ? 1_000_000 : names.length;
  return count(clusterFilters, isClusterExclude) * count(namespaces, isNamespaceExclude);
}
