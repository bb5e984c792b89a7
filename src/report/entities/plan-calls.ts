// Plans few calls for many entities. ScaleOps takes a list of clusters and a list of namespaces and returns each of the
// namespaces in each of the clusters, so a call may return more than was asked for. A further call must save a lot.

import { groupBy, type Group } from '../columns/group-by.js';
import type { WorkloadCostsRequest } from '../request.js';
import { caseVariants, type EntityRequest } from './entity-request.js';

/** One call, and the entities that its report answers. */
export interface PlannedCall {
  readonly request: WorkloadCostsRequest;
  readonly entityRequests: Group<EntityRequest>;
}

/** Up to so many namespaces are always one call: a page of workloads needs no more. */
const PAGE = 200;
/** Beyond that: how many namespaces a call may read in vain to save another call. */
const CALL_COST = 400;
/** The longest list of names that is sent, the same as for filters of clients. */
const MAX_NAMES = 1_000;

/** Clusters, and the namespaces that are requested in any of them. */
interface Bundle {
  readonly requests: EntityRequest[];
  readonly clusters: Set<string>;
  readonly namespaces: Set<string>;
  /** How many entities were requested. The product of the two lists may be much larger. */
  wanted: number;
}

/** Plans calls for requests with one base. Each request belongs to exactly one call. */
export function planCalls(base: WorkloadCostsRequest, entityRequests: readonly EntityRequest[]): PlannedCall[] {
  const clusters = [...groupBy(entityRequests, ({ entity }) => entity.clusterName)];
  // A whole cluster shares no call with namespaces of others: either their list would leave out its other namespaces, or
  // without a list all of their namespaces would be read.
  const isWhole = ([, own]: (typeof clusters)[number]) => own.some(({ entity }) => entity.namespace === undefined);
  const wide = chunk(clusters.filter(isWhole)).map((part) => ({
    request: { ...base, clusterFilters: spell(part.map(([name]) => name)) },
    entityRequests: part.flatMap(([, own]) => own) as Group<EntityRequest>,
  }));
  const bundles: Bundle[] = [];
  for (const [cluster, own] of clusters.filter((each) => !isWhole(each))) {
    for (const part of chunk([...groupBy(own, ({ entity }) => entity.namespace ?? '')])) {
      const names = part.map(([name]) => name);
      const bundle = findBundle(bundles, caseVariants(cluster), new Set(spell(names)), names.length);
      bundle.requests.push(...part.flatMap(([, each]) => each));
    }
  }
  const narrow = bundles.map((bundle) => ({
    request: { ...base, clusterFilters: [...bundle.clusters], namespaces: [...bundle.namespaces] },
    entityRequests: bundle.requests as Group<EntityRequest>,
  }));
  return [...wide, ...narrow];
}

/** Adds the namespaces of a cluster to the bundle that grows least, or to a new bundle when that is smaller. */
function findBundle(bundles: Bundle[], cluster: readonly string[], names: ReadonlySet<string>, wanted: number): Bundle {
  let best: Bundle | undefined;
  let least = Infinity;
  for (const bundle of bundles) {
    const clusterCount = countUnion(bundle.clusters, cluster);
    const nameCount = countUnion(bundle.namespaces, names);
    const growth = clusterCount * nameCount - bundle.clusters.size * bundle.namespaces.size;
    const isWorthIt = bundle.wanted + wanted <= PAGE || growth <= CALL_COST + names.size;
    if (!isWorthIt || growth >= least || clusterCount > MAX_NAMES || nameCount > MAX_NAMES) continue;
    best = bundle;
    least = growth;
  }
  if (best === undefined)
    bundles.push((best = { requests: [], clusters: new Set(), namespaces: new Set(), wanted: 0 }));
  best.wanted += wanted;
  for (const name of cluster) best.clusters.add(name);
  for (const name of names) best.namespaces.add(name);
  return best;
}

function countUnion(a: ReadonlySet<string>, b: Iterable<string>): number {
  let count = a.size;
  for (const each of b) if (!a.has(each)) count += 1;
  return count;
}

function spell(names: readonly string[]): string[] {
  return [...new Set(names.flatMap(caseVariants))];
}

/** Splits a list so that each part is sent in lists of at most MAX_NAMES. */
function chunk<T>(named: readonly (readonly [name: string, T])[]): (readonly [name: string, T])[][] {
  const parts: (readonly [string, T])[][] = [];
  let room = 0;
  for (const each of named) {
    const size = caseVariants(each[0]).length;
    if (size > room) {
      parts.push([]);
      room = MAX_NAMES;
    }
    parts.at(-1)?.push(each);
    room -= size;
  }
  return parts;
}
