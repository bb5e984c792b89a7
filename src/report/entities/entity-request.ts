// Entities: clusters and namespaces that are requested one by one, and the workload requests that cover them.

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
 * Returns a function from an entity to its request; undefined when the conditions of `request` exclude the entity. Create it
 * once for all entities of a field.
 */
export function createEntityRequests(request: WorkloadCostsRequest): (entity: EntityRef) => EntityRequest | undefined {
  const { clusterFilters, isClusterExclude, ...whole } = request;
  const { namespaces, isNamespaceExclude, ...part } = whole;
  const includesCluster = createNameFilter(clusterFilters, isClusterExclude);
  const includesNamespace = createNameFilter(namespaces, isNamespaceExclude);
  // Lists may be long: their keys are computed once for all entities.
  const clusterBase = { base: whole, baseKey: toRequestKey(whole), baseNamespaceKey: toNamespaceKey(whole) };
  const namespaceBase = { base: part, baseKey: toRequestKey(part), baseNamespaceKey: toNamespaceKey(part) };
  return (entity) => {
    if (!includesCluster(entity.clusterName)) return undefined;
    if (entity.namespace === undefined) return { ...clusterBase, entity };
    return includesNamespace(entity.namespace) ? { ...namespaceBase, entity } : undefined;
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

/** Whether a filter includes a name, ignoring case. Without a list it includes all names. */
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
  const includesCluster = createStrictNameFilter(request.clusterFilters, request.isClusterExclude);
  const includesNamespace = createStrictNameFilter(request.namespaces, request.isNamespaceExclude);
  const namespaceKey = toNamespaceKey(request);

  return ({ base, baseNamespaceKey, entity }) => {
    const isMulti = request.multiCluster === true;
    if (isMulti !== (base.multiCluster === true)) {
      // Without multiCluster ScaleOps returns one cluster, which may be any, and returns it completely.
      if (isMulti || !report.hasCluster(entity.clusterName)) return false;
    }
    if (!includesCluster(entity.clusterName)) return false;
    return entity.namespace === undefined ? namespaceKey === baseNamespaceKey : includesNamespace(entity.namespace);
  };
}

/** Whether ScaleOps certainly includes a name. It is not documented whether it compares with regard to case. */
function createStrictNameFilter(names: readonly string[] | undefined, isExclude: boolean | undefined) {
  if (names === undefined) return () => true;
  if (isExclude === true) return createNameFilter(names, true);
  const exact = new Set(names);
  return (name: string): boolean => caseVariants(name).every((each) => exact.has(each));
}

/**
 * The spellings of a name to send: as given, and in lower case, as most names are. A name in capitals then matches even if
 * ScaleOps compares with regard to case.
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
