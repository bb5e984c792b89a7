// Entities: clusters and namespaces that are asked for one by one. Which workload requests have their rows.

import { foldCase } from '../columns/case-folding.js';
import { memoizeByRequest, toRequestKey, type WorkloadCostsRequest } from '../request.js';

/** A cluster, or one namespace of it. */
export interface EntityRef {
  readonly clusterName: string;
  readonly namespace?: string | undefined;
}

/** A workload request about one entity. */
export interface EntityRequest {
  /** The other conditions, the same for many entities. */
  readonly base: WorkloadCostsRequest;
  /** Equal for bases that mean the same. */
  readonly baseKey: string;
  /** Equal for bases with the same condition on namespaces. */
  readonly baseNamespaceKey: string;
  readonly entity: EntityRef;
}

/** Equal for entities whose names differ only in case. */
export function toEntityKey({ clusterName, namespace }: EntityRef): string {
  return foldCase(JSON.stringify([clusterName, namespace]));
}

/**
 * Returns a function from an entity to its request; undefined when the conditions of `request` leave the entity out. Create it
 * once for all entities that one field asks about.
 */
export function createEntityRequests(request: WorkloadCostsRequest): (entity: EntityRef) => EntityRequest | undefined {
  const { clusterFilters, isClusterExclude, ...whole } = request;
  const { namespaces, isNamespaceExclude, ...part } = whole;
  const isClusterIn = createNameFilter(clusterFilters, isClusterExclude);
  const isNamespaceIn = createNameFilter(namespaces, isNamespaceExclude);
  // Lists may be long: their keys are computed once for all entities.
  const ofCluster = { base: whole, baseKey: toRequestKey(whole), baseNamespaceKey: toNamespaceKey(whole) };
  const ofNamespace = { base: part, baseKey: toRequestKey(part), baseNamespaceKey: toNamespaceKey(part) };
  return (entity) => {
    if (!isClusterIn(entity.clusterName)) return undefined;
    if (entity.namespace === undefined) return { ...ofCluster, entity };
    return isNamespaceIn(entity.namespace) ? { ...ofNamespace, entity } : undefined;
  };
}

/** The request for one entity, the same as that of a root query. */
export function toRootRequest({ base, entity: { clusterName, namespace } }: EntityRequest): WorkloadCostsRequest {
  return { ...base, clusterFilters: [clusterName], ...(namespace === undefined ? {} : { namespaces: [namespace] }) };
}

/** Equal for requests that differ at most in their clusters and namespaces. */
export const relatedKey = memoizeByRequest((request: WorkloadCostsRequest): string => {
  const base = { ...request, clusterFilters: undefined, isClusterExclude: undefined, multiCluster: undefined };
  return toRequestKey({ ...base, namespaces: undefined, isNamespaceExclude: undefined });
});

/** Whether a filter lets a name in, without regard to case. Without a list it lets all names in. */
function createNameFilter(names: readonly string[] | undefined, isExclude: boolean | undefined) {
  if (names === undefined) return () => true;
  const folded = new Set(names.map(foldCase));
  return (name: string): boolean => folded.has(foldCase(name)) !== (isExclude === true);
}

/** Equal for requests with the same condition on namespaces. */
function toNamespaceKey({ report, namespaces, isNamespaceExclude }: WorkloadCostsRequest): string {
  return toRequestKey({ report, namespaces, isNamespaceExclude });
}

/** Whether `report`, the response to `request`, has all rows of an entity request with the same related key. */
export function createCoverage(
  request: WorkloadCostsRequest,
  report: { hasCluster(name: string): boolean },
): (wanted: EntityRequest) => boolean {
  const isClusterIn = createStrictNameFilter(request.clusterFilters, request.isClusterExclude);
  const isNamespaceIn = createStrictNameFilter(request.namespaces, request.isNamespaceExclude);
  const namespaceKey = toNamespaceKey(request);

  return ({ base, baseNamespaceKey, entity }) => {
    const isMulti = request.multiCluster === true;
    if (isMulti !== (base.multiCluster === true)) {
      // Without multiCluster ScaleOps returns one cluster, which may be any, and returns it completely.
      if (isMulti || !report.hasCluster(entity.clusterName)) return false;
    }
    if (!isClusterIn(entity.clusterName)) return false;
    return entity.namespace === undefined ? namespaceKey === baseNamespaceKey : isNamespaceIn(entity.namespace);
  };
}

/** Whether ScaleOps lets a name in, whether it compares with regard to case or not: that is not documented. */
function createStrictNameFilter(names: readonly string[] | undefined, isExclude: boolean | undefined) {
  if (names === undefined) return () => true;
  if (isExclude === true) return createNameFilter(names, true);
  const given = new Set(names);
  return (name: string): boolean => caseVariants(name).every((each) => given.has(each));
}

/**
 * The spellings of a name that are sent: the given one, and lower case, as most names are. A name in capitals then matches
 * when ScaleOps compares with regard to case.
 */
export function caseVariants(name: string): readonly string[] {
  const folded = foldCase(name);
  return folded === name ? [name] : [name, folded];
}

/** Estimates how many namespaces a request covers, for comparisons. */
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
