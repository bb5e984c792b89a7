// Parts of the fleet that somebody asks about one by one, clusters and namespaces, and which workload requests have what
// is asked of them.

import { foldCase } from '../columns/case-folding.js';
import { toRequestKey, type WorkloadCostsRequest } from '../request.js';

/** A cluster, or one namespace of it. */
export interface EntityScope {
  readonly clusterName: string;
  readonly namespace?: string | undefined;
}

/** A workload request about one scope. */
export interface ScopedRequest {
  /** What is asked besides: alike for many scopes. */
  readonly base: WorkloadCostsRequest;
  /** Equal for bases that mean the same. */
  readonly baseKey: string;
  /** Equal for bases with the same condition on namespaces. */
  readonly baseNamespaceKey: string;
  readonly scope: EntityScope;
}

/** Equal for scopes whose names differ in case alone. */
export function toScopeKey({ clusterName, namespace }: EntityScope): string {
  return foldCase(JSON.stringify([clusterName, namespace]));
}

/**
 * What `request` asks about any scope; undefined where its own conditions leave the scope out. Made once for all the
 * scopes that an operation asks about alike.
 */
export function createScopedRequests(request: WorkloadCostsRequest): (scope: EntityScope) => ScopedRequest | undefined {
  const { clusterFilters, isClusterExclude, ...whole } = request;
  const { namespaces, isNamespaceExclude, ...part } = whole;
  const isClusterIn = createNameFilter(clusterFilters, isClusterExclude);
  const isNamespaceIn = createNameFilter(namespaces, isNamespaceExclude);
  // A list may be long, and what is made of it here is made once for all scopes.
  const ofCluster = { base: whole, baseKey: toRequestKey(whole), baseNamespaceKey: toNamespaceKey(whole) };
  const ofNamespace = { base: part, baseKey: toRequestKey(part), baseNamespaceKey: toNamespaceKey(part) };
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
export function relatedKey(request: WorkloadCostsRequest): string {
  // Asked for when its report is kept, when it is looked for, and when it goes.
  let key = FAMILY_KEYS.get(request);
  if (key === undefined) {
    const base = { ...request, clusterFilters: undefined, isClusterExclude: undefined, multiCluster: undefined };
    key = toRequestKey({ ...base, namespaces: undefined, isNamespaceExclude: undefined });
    FAMILY_KEYS.set(request, key);
  }
  return key;
}

const FAMILY_KEYS = new WeakMap<WorkloadCostsRequest, string>();

/** What a list of names lets in, whatever their case; no list lets in all. */
function createNameFilter(names: readonly string[] | undefined, isExclude: boolean | undefined) {
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
  const isClusterIn = createStrictNameFilter(request.clusterFilters, request.isClusterExclude);
  const isNamespaceIn = createStrictNameFilter(request.namespaces, request.isNamespaceExclude);
  const namespaceKey = toNamespaceKey(request);

  return ({ base, baseNamespaceKey, scope }) => {
    const isMulti = request.multiCluster === true;
    if (isMulti !== (base.multiCluster === true)) {
      // Without multiCluster ScaleOps speaks of its own cluster alone, which may be any; of that one it says everything.
      if (isMulti || !report.hasCluster(scope.clusterName)) return false;
    }
    if (!isClusterIn(scope.clusterName)) return false;
    return scope.namespace === undefined ? namespaceKey === baseNamespaceKey : isNamespaceIn(scope.namespace);
  };
}

/** What an upstream certainly lets in by such a list, whether it minds case or not: that is not documented. */
function createStrictNameFilter(names: readonly string[] | undefined, isExclude: boolean | undefined) {
  if (names === undefined) return () => true;
  if (isExclude === true) return createNameFilter(names, true);
  const given = new Set(names);
  return (name: string): boolean => caseVariants(name).every((each) => given.has(each));
}

/**
 * A name as it is sent: also in small letters, as most are, so that one in capitals finds what it means where the
 * upstream minds case.
 */
export function caseVariants(name: string): readonly string[] {
  const folded = foldCase(name);
  return folded === name ? [name] : [name, folded];
}

/** How many namespaces a request is about, as far as it says: for a comparison. */
export function estimateBreadth({
  clusterFilters,
  isClusterExclude,
  namespaces,
  isNamespaceExclude,
}: WorkloadCostsRequest): number {
  const count = (names: readonly string[] | undefined, isExclude: boolean | undefined): number =>
    names === undefined || isExclude === true ? 1_000_000 : names.length;
  return count(clusterFilters, isClusterExclude) * count(namespaces, isNamespaceExclude);
}
