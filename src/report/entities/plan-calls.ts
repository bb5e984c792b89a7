// Plans few calls for many entities. ScaleOps takes a list of clusters and a list of namespaces and returns each of the
// namespaces in each of the clusters, so a call may return more than was requested. A further call must save a lot.

import { groupBy, type Group } from '../columns/group-by.js';
import type { WorkloadCostsRequest } from '../request.js';
import { caseVariants, type EntityRequest } from './entity-request.js';

/** One call, and the entities that its report covers. */
export interface PlannedCall {
  readonly request: WorkloadCostsRequest;
  readonly entityRequests: Group<EntityRequest>;
}

/** Up to this many namespaces always share a call: enough for a page of workloads. */
const NAMESPACES_PER_CALL = 200;
/** Beyond that: how many unrequested namespaces a call may return to save another call. */
const UNREQUESTED_PER_CALL = 400;
/** The longest list of names to send, the same as for filters of clients. */
const MAX_NAMES = 1_000;

/** Clusters, and the namespaces that are requested in any of them. */
interface Bundle {
  readonly requests: EntityRequest[];
  readonly clusters: Set<string>;
  readonly namespaces: Set<string>;
  /** How many pairs of them were requested; the product of the two lists may be much larger. */
  requested: number;
}

/** Plans calls for requests with one base. Each request belongs to exactly one call. */
export function planCalls(base: WorkloadCostsRequest, entityRequests: readonly EntityRequest[]): PlannedCall[] {
  const clusters = [...groupBy(entityRequests, ({ entity }) => entity.clusterName)];
  // A whole cluster shares no call with namespaces of others: either their list would leave out its other namespaces, or
  // without a list all of their namespaces would be read.
  const isWhole = ([, own]: (typeof clusters)[number]) => own.some(({ entity }) => entity.namespace === undefined);
  const clusterCalls = chunk(clusters.filter(isWhole)).map((part) => ({
    request: { ...base, clusterFilters: withCaseVariants(part.map(([name]) => name)) },
    entityRequests: part.flatMap(([, own]) => own) as Group<EntityRequest>,
  }));
  const bundles: Bundle[] = [];
  for (const [cluster, own] of clusters.filter((each) => !isWhole(each))) {
    for (const part of chunk([...groupBy(own, ({ entity }) => entity.namespace ?? '')])) {
      const names = part.map(([name]) => name);
      const bundle = addToBundle(bundles, caseVariants(cluster), new Set(withCaseVariants(names)), names.length);
      bundle.requests.push(...part.flatMap(([, each]) => each));
    }
  }
  const namespaceCalls = bundles.map((bundle) => ({
    request: { ...base, clusterFilters: [...bundle.clusters], namespaces: [...bundle.namespaces] },
    entityRequests: bundle.requests as Group<EntityRequest>,
  }));
  return [...clusterCalls, ...namespaceCalls];
}

/** Adds the namespaces of a cluster to the bundle that grows least, or to a new bundle when that is smaller. */
function addToBundle(
  bundles: Bundle[],
  cluster: readonly string[],
  names: ReadonlySet<string>,
  requested: number,
): Bundle {
  let best: Bundle | undefined;
  let least = Infinity;
  for (const bundle of bundles) {
    const clusterCount = countUnion(bundle.clusters, cluster);
    const nameCount = countUnion(bundle.namespaces, names);
    const growth = clusterCount * nameCount - bundle.clusters.size * bundle.namespaces.size;
    const isWorthIt =
      bundle.requested + requested <= NAMESPACES_PER_CALL || growth <= UNREQUESTED_PER_CALL + names.size;
    if (!isWorthIt || growth >= least || clusterCount > MAX_NAMES || nameCount > MAX_NAMES) continue;
    best = bundle;
    least = growth;
  }
  if (best === undefined)
    bundles.push((best = { requests: [], clusters: new Set(), namespaces: new Set(), requested: 0 }));
  best.requested += requested;
  for (const name of cluster) best.clusters.add(name);
  for (const name of names) best.namespaces.add(name);
  return best;
}

function countUnion(a: ReadonlySet<string>, b: Iterable<string>): number {
  let count = a.size;
  for (const each of b) if (!a.has(each)) count += 1;
  return count;
}

function withCaseVariants(names: readonly string[]): string[] {
  return [...new Set(names.flatMap(caseVariants))];
}

/** Splits a list so that each part is sent in lists of at most MAX_NAMES. */
function chunk<T>(named: readonly (readonly [name: string, T])[]): (readonly [name: string, T])[][] {
  const parts: (readonly [string, T])[][] = [];
  let remaining = 0;
  for (const each of named) {
    const size = caseVariants(each[0]).length;
    if (size > remaining) {
      parts.push([]);
      remaining = MAX_NAMES;
    }
    parts.at(-1)?.push(each);
    remaining -= size;
  }
  return parts;
}
