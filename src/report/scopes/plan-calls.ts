// Which calls to make for many scopes: few wide ones. ScaleOps takes a list of clusters and a list of namespaces, and
// answers for every namespace of the one in every cluster of the other, so that a call may bring more than was asked for.
// One more call is worth it only where it spares a lot.

import { groupBy, type Group } from '../columns/group-by.js';
import type { WorkloadCostsRequest } from '../request.js';
import { caseVariants, type ScopedRequest } from './scope.js';

/** One call, and what is to be found in its answer. */
export interface PlannedCall {
  readonly request: WorkloadCostsRequest;
  readonly scoped: Group<ScopedRequest>;
}

/** So many namespaces are always one call: those of a page of workloads, wherever they run. */
const PAGE = 200;
/** How many namespaces too many a call may read to spare another one, where there are more. */
const CALL_COST = 400;
/** The longest list of names that is sent; callers may send no longer one. */
const MAX_NAMES = 1_000;

/** Clusters, and the namespaces that are asked for in any of them. */
interface Bundle {
  readonly scoped: ScopedRequest[];
  readonly clusters: Set<string>;
  readonly namespaces: Set<string>;
  /** How many namespaces are asked for: of the two lists crossed there may be many more. */
  wanted: number;
}

/** Plans calls for scoped requests of one base. Each is in exactly one of them. */
export function planCalls(base: WorkloadCostsRequest, scoped: readonly ScopedRequest[]): PlannedCall[] {
  const clusters = [...groupBy(scoped, ({ scope }) => scope.clusterName)];
  // A cluster that is asked for as a whole has its namespaces, too. It goes into no call with others' namespaces: either
  // the list of those would cut it short, or all of theirs would be read as well.
  const isWhole = ([, own]: (typeof clusters)[number]) => own.some(({ scope }) => scope.namespace === undefined);
  const wide = chunk(clusters.filter(isWhole)).map((part) => ({
    request: { ...base, clusterFilters: spell(part.map(([name]) => name)) },
    scoped: part.flatMap(([, own]) => own) as Group<ScopedRequest>,
  }));
  const bundles: Bundle[] = [];
  for (const [cluster, own] of clusters.filter((each) => !isWhole(each))) {
    for (const part of chunk([...groupBy(own, ({ scope }) => scope.namespace ?? '')])) {
      const names = part.map(([name]) => name);
      const bundle = findBundle(bundles, caseVariants(cluster), new Set(spell(names)), names.length);
      bundle.scoped.push(...part.flatMap(([, each]) => each));
    }
  }
  const narrow = bundles.map((bundle) => ({
    request: { ...base, clusterFilters: [...bundle.clusters], namespaces: [...bundle.namespaces] },
    scoped: bundle.scoped as Group<ScopedRequest>,
  }));
  return [...wide, ...narrow];
}

/** The bundle that grows least by these namespaces of a cluster, which are in it then; a new one where that is less. */
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
  if (best === undefined) bundles.push((best = { scoped: [], clusters: new Set(), namespaces: new Set(), wanted: 0 }));
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

/** In parts whose names, as they are sent, are no longer lists than may be. */
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
