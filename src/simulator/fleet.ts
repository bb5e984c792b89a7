// The fleet: clusters and their workloads, drawn from the catalogue by a generator that is seeded with the fleet's size. The
// same size gives the same fleet in every process; a larger fleet is another fleet, not a longer one.

import { DOMAINS, KINDS, PURPOSES, REGIONS } from './catalogue.js';
import { retiredPhasesOf, RETIREMENTS } from './history/events.js';
import { createRandom, type Random } from './random.js';
import { drawWorkload, toId, type Cluster, type Workload } from './workload.js';

export interface Fleet {
  /** The host's own cluster is the first. */
  readonly clusterNames: readonly string[];
  /** The workloads of the present, by cluster, in the order of clusterNames. */
  readonly workloads: readonly Workload[];
  /** Those, and after them the retired workloads. */
  readonly workloadsOfAllTime: readonly Workload[];
}

/** Retired workloads per workload of the fleet. */
const RETIRED_SHARE = 0.03;

/** A fleet of exactly `workloadCount` workloads at present: 3 clusters for 50 of them, 6 for 1,000, 100 for 100,000. */
export function createFleet(workloadCount: number): Fleet {
  const random = createRandom(workloadCount);
  const clusterCount = Math.max(3, Math.round(workloadCount ** 0.6 / 10));
  const clusters = Array.from({ length: clusterCount }, (_, index) => createCluster(index));
  const counts = distribute(workloadCount, clusterCount);
  const workloads = clusters.flatMap((cluster, index) => drawCluster(random, cluster, counts[index] ?? 0));
  const retired = drawRetired(random, clusters, Math.floor(workloadCount * RETIRED_SHARE));
  return {
    clusterNames: clusters.map((cluster) => cluster.name),
    workloads,
    workloadsOfAllTime: [...workloads, ...retired],
  };
}

function createCluster(index: number): Cluster {
  const purposeIndex = index % PURPOSES.length;
  const round = Math.floor(index / PURPOSES.length);
  const purpose = required(PURPOSES[purposeIndex]);
  // Each purpose cycles through the regions from its own start; a second cluster in a region is a second cell.
  const [region, priceFactor] = required(REGIONS[(purposeIndex + round) % REGIONS.length]);
  const cell = Math.floor(round / REGIONS.length);
  return { name: `${purpose.name}-${region}${cell === 0 ? '' : `-${cell + 1}`}`, purpose, priceFactor };
}

/** Numbers of workloads per cluster, by a power law: the first cluster has most, none is empty. */
function distribute(workloadCount: number, clusterCount: number): number[] {
  const weights = Array.from({ length: clusterCount }, (_, index) => (index + 1) ** -0.7);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const counts = weights.map((weight) => Math.floor((workloadCount * weight) / sum));
  const remainder = workloadCount - counts.reduce((total, count) => total + count, 0);
  return counts.map((count, index) => (index < remainder ? count + 1 : count));
}

function drawCluster(random: Random, cluster: Cluster, size: number): Workload[] {
  const timesUsed = new Map<string, number>();
  const toName = (plainName: string, count: number) => (count === 1 ? plainName : `${plainName}-${count}`);
  return Array.from({ length: size }, () => drawNamed(random, cluster, timesUsed, toName));
}

/** Workloads that no longer exist: older versions of the fleet's, and those of history/events.ts. */
function drawRetired(random: Random, clusters: readonly Cluster[], size: number): Workload[] {
  const timesUsed = new Map<string, number>();
  const toName = (plainName: string, count: number) => `${plainName}-v${count}`;
  const olderVersions = Array.from({ length: size }, () => {
    const workload = drawNamed(random, random.pick(clusters), timesUsed, toName);
    return { ...workload, phases: retiredPhasesOf(workload.seed) };
  });
  const ofEvents = RETIREMENTS.map(({ namespace, kind, app, role, phases }) => {
    const domain = required(DOMAINS.get(namespace));
    const origin = { cluster: required(clusters[0]), domain, kind: required(KINDS.get(kind)), app };
    return { ...drawWorkload(random, origin, `${app}-${role}`), phases };
  });
  return [...olderVersions, ...ofEvents];
}

/** @param timesUsed how often each name was drawn, by the id that the workload would have without a suffix. */
function drawNamed(
  random: Random,
  cluster: Cluster,
  timesUsed: Map<string, number>,
  toName: (plainName: string, count: number) => string,
): Workload {
  const domain = required(DOMAINS.get(random.pick(cluster.purpose.namespaces)));
  const kind = required(KINDS.get(random.pick(domain.kinds)));
  const origin = { cluster, domain, kind, app: random.pick(domain.apps) };
  const plainName = `${origin.app}-${random.pick(kind.roles)}`;
  const id = toId(origin, plainName);
  const count = (timesUsed.get(id) ?? 0) + 1;
  timesUsed.set(id, count);
  return drawWorkload(random, origin, toName(plainName, count));
}

function required<T>(entry: T | undefined): T {
  if (entry === undefined) throw new RangeError('the catalogue has no such entry');
  return entry;
}
