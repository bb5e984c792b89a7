// Which calls to make for many scopes: few wide ones. ScaleOps takes a list of clusters and a list of namespaces, and
// answers for every namespace of the one in every cluster of the other, so that a call may bring more than was asked for.
// One more call is worth it only where it spares a lot.

import { groupBy } from './group-by.js';
import type { WorkloadCostsRequest } from './request.js';
import type { ScopedRequest } from './scope.js';

/** One call, and what is to be found in its answer. */
export interface PlannedCall {
  readonly request: WorkloadCostsRequest;
  readonly scoped: readonly ScopedRequest[];
}

/**
 * How many namespaces too many a call may read to spare another one. High enough that a page of 200 workloads is one call
 * wherever they run: 200 namespaces, each of another name and spread over n clusters, add less than 2 × 200 a cluster.
 */
const CALL_COST = 400;
/** The longest list of names that is sent; callers may send no longer one. */
const MAX_NAMES = 1_000;

/** Clusters, and the namespaces that are asked for in any of them. */
interface Bundle {
  readonly scoped: ScopedRequest[];
  readonly clusters: Set<string>;
  readonly namespaces: Set<string>;
}

/** Plans calls for scoped requests of one base. Each is in exactly one of them. */
export function planCalls(base: WorkloadCostsRequest, scoped: readonly ScopedRequest[]): PlannedCall[] {
  const clusters = [...groupBy(scoped, ({ scope }) => scope.clusterName)];
  // A cluster that is asked for as a whole has its namespaces, too. It goes into no call with others' namespaces: either
  // the list of those would cut it short, or all of theirs would be read as well.
  const [whole, parts] = divide(clusters, ([, own]) => own.some(({ scope }) => scope.namespace === undefined));
  const wide = chunk(whole, MAX_NAMES).map((part) => ({
    request: { ...base, clusterFilters: part.map(([name]) => name) },
    scoped: part.flatMap(([, own]) => own),
  }));
  const bundles: Bundle[] = [];
  for (const [cluster, own] of parts) {
    const namespaces = [...groupBy(own, ({ scope }) => scope.namespace!)];
    for (const part of chunk(namespaces, MAX_NAMES)) {
      const bundle = findBundle(bundles, cluster, new Set(part.map(([name]) => name)));
      bundle.scoped.push(...part.flatMap(([, each]) => each));
    }
  }
  const narrow = bundles.map((bundle) => ({
    request: { ...base, clusterFilters: [...bundle.clusters], namespaces: [...bundle.namespaces] },
    scoped: bundle.scoped,
  }));
  return [...wide, ...narrow];
}

/** The bundle that grows least by these namespaces of a cluster, which are in it then; a new one where that is less. */
function findBundle(bundles: Bundle[], cluster: string, names: ReadonlySet<string>): Bundle {
  let best: Bundle | undefined;
  let least = CALL_COST + names.size;
  for (const bundle of bundles) {
    const clusterCount = bundle.clusters.size + (bundle.clusters.has(cluster) ? 0 : 1);
    const nameCount = countUnion(bundle.namespaces, names);
    const growth = clusterCount * nameCount - bundle.clusters.size * bundle.namespaces.size;
    if (growth > least || clusterCount > MAX_NAMES || nameCount > MAX_NAMES) continue;
    best = bundle;
    least = growth;
  }
  if (best === undefined) bundles.push((best = { scoped: [], clusters: new Set(), namespaces: new Set() }));
  best.clusters.add(cluster);
  for (const name of names) best.namespaces.add(name);
  return best;
}

function countUnion(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let count = a.size;
  for (const each of b) if (!a.has(each)) count += 1;
  return count;
}

function divide<T>(items: readonly T[], test: (item: T) => boolean): [T[], T[]] {
  return [items.filter(test), items.filter((item) => !test(item))];
}

function chunk<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) => items.slice(at * size, (at + 1) * size));
}
