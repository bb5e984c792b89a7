// The fleet: clusters and their workloads, drawn from the catalogue by a generator that is seeded with the fleet's size. The
// same size gives the same fleet in every process; a larger fleet is another fleet, not a longer one.
// Quantities are integers in small units (thousandths, millicores, bytes, micro-dollars), so that sums are exact.

import { DOMAINS_BY_NAMESPACE, KINDS, PURPOSES, REGIONS, type Domain, type Kind, type Purpose } from './catalogue.js';
import { createRandom, hashText, type Random } from './random.js';

export interface Label {
  readonly key: string;
  readonly value: string;
}

export type Workload = Readonly<ReturnType<typeof drawWorkload>>;

export interface Fleet {
  /** The host's own cluster is the first. */
  readonly clusterNames: readonly string[];
  /** By cluster, in the order of clusterNames. */
  readonly workloads: readonly Workload[];
}

type Cluster = ReturnType<typeof toCluster>;

const IGNORED_ANNOTATION = 'scaleops.sh/ignored';

const CORE_HOUR_MICROS = 33_500;
const GIBIBYTE_HOUR_MICROS = 4_500;
const GPU_HOUR_MICROS = 2_480_000;
const SPOT_PRICE_SHARE = 0.35;

/** A fleet of exactly `workloadCount` workloads: 3 clusters for 50 of them, 6 for 1,000, 100 for 100,000. */
export function createFleet(workloadCount: number): Fleet {
  const random = createRandom(workloadCount);
  const clusterCount = Math.max(3, Math.round(workloadCount ** 0.6 / 10));
  const clusters = Array.from({ length: clusterCount }, (_, index) => toCluster(index));
  const counts = distribute(workloadCount, clusterCount);
  const workloads = clusters.flatMap((cluster, index) => drawCluster(random, cluster, counts[index] ?? 0));
  return { clusterNames: clusters.map((cluster) => cluster.name), workloads };
}

function toCluster(index: number) {
  const place = index % PURPOSES.length;
  const round = Math.floor(index / PURPOSES.length);
  const purpose = at(PURPOSES, place);
  // Each purpose cycles through the regions from its own start; a second cluster in a region is a second cell.
  const [region, priceFactor] = at(REGIONS, (place + round) % REGIONS.length);
  const cell = Math.floor(round / REGIONS.length);
  return { name: `${purpose.name}-${region}${cell === 0 ? '' : `-${cell + 1}`}`, purpose, priceFactor };
}

/** Distributes workloads by a power law: the first cluster has most, none is empty. */
function distribute(workloadCount: number, clusterCount: number): number[] {
  const weights = Array.from({ length: clusterCount }, (_, index) => (index + 1) ** -0.7);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const counts = weights.map((weight) => Math.floor((workloadCount * weight) / sum));
  const rest = workloadCount - counts.reduce((total, count) => total + count, 0);
  return counts.map((count, index) => (index < rest ? count + 1 : count));
}

function drawCluster(random: Random, cluster: Cluster, count: number): Workload[] {
  const timesUsed = new Map<string, number>();
  return Array.from({ length: count }, () => {
    const domain = find(DOMAINS_BY_NAMESPACE, random.pick(cluster.purpose.namespaces));
    const kind = find(KINDS, random.pick(domain.kinds));
    const app = random.pick(domain.apps);
    const plainName = `${app}-${random.pick(kind.roles)}`;
    const path = `${cluster.name}/${domain.namespace}/${kind.type}/${plainName}`;
    const used = (timesUsed.get(path) ?? 0) + 1;
    timesUsed.set(path, used);
    return drawWorkload(random, cluster, domain, kind, app, used === 1 ? plainName : `${plainName}-${used}`);
  });
}

function drawWorkload(random: Random, cluster: Cluster, domain: Domain, kind: Kind, app: string, name: string) {
  const id = `${cluster.name}/${domain.namespace}/${kind.type}/${name}`;
  const isIgnored = random.chance(domain.team === '' ? 0.12 : 0.03);
  return {
    id,
    clusterName: cluster.name,
    namespace: domain.namespace,
    type: kind.type,
    name,
    labels: drawLabels(random, cluster.purpose, domain, app),
    annotations: drawAnnotations(random, domain, kind, app, isIgnored),
    services: !kind.isServed ? [] : random.chance(0.15) ? [name, `${name}-headless`] : [name],
    /** Excluded from ScaleOps by the cluster's owner, with an annotation that says so. */
    isIgnored,
    ...drawQuantities(random, cluster, kind),
    ...drawSavings(random, kind),
    /** Of the day-to-day variation. */
    seed: hashText(id),
  };
}

function drawQuantities(random: Random, { purpose, priceFactor }: Cluster, kind: Kind) {
  const replicas = Math.max(1, random.between(...kind.replicas) * purpose.scale);
  // Autoscaled workloads have a fractional mean number of replicas; most are not autoscaled.
  const replicaThousandths = random.chance(0.3) ? Math.round(replicas * 1000) : Math.round(replicas) * 1000;
  const cpuMillicores = 50 * Math.max(1, Math.round(random.between(...kind.cpuMillicores) / 50));
  const memoryMebibytes = 64 * Math.max(1, Math.round(random.between(...kind.memoryMebibytes) / 64));
  const gpus = Math.round(random.evenly(...kind.gpus));
  const spotShare = Math.round(random.evenly(...kind.spotShare) * 100) / 100;
  const dutyShare = random.between(...kind.dutyShare);
  const replicaMicros =
    (cpuMillicores / 1000) * CORE_HOUR_MICROS +
    (memoryMebibytes / 1024) * GIBIBYTE_HOUR_MICROS +
    gpus * GPU_HOUR_MICROS;
  const priceShare = 1 - spotShare + spotShare * SPOT_PRICE_SHARE;
  return {
    /** Requests of all replicas together. */
    cpuMillicores: Math.round((cpuMillicores * replicaThousandths) / 1000),
    memoryBytes: Math.round((memoryMebibytes * 2 ** 20 * replicaThousandths) / 1000),
    gpuThousandths: gpus * replicaThousandths,
    /** The mean number of replicas. */
    replicaThousandths,
    /** The share of time in which its pods exist, and the share of that on spot machines. */
    dutyShare,
    spotShare,
    /** Cost of an average hour, before the day's variation. */
    hourlyMicros: replicaMicros * (replicaThousandths / 1000) * dutyShare * priceShare * priceFactor,
  };
}

function drawSavings(random: Random, kind: Kind) {
  const savingsShare = random.chance(0.12) ? 0 : random.evenly(...kind.savingsShare);
  // Savings of fewer replicas, on top of those of smaller requests.
  const replicaSavingsShare = random.chance(0.5) ? 0 : random.evenly(0, 0.15);
  return { savingsShare, replicaSavingsShare };
}

function drawLabels(random: Random, purpose: Purpose, domain: Domain, app: string): Label[] {
  // Some manifests have no labels.
  if (random.chance(0.04)) return [];
  const labels = [
    { key: 'app', value: app },
    { key: 'env', value: purpose.env },
  ];
  if (domain.team !== '' && random.chance(0.93)) labels.push({ key: 'team', value: domain.team });
  if (domain.team !== '' && random.chance(0.8)) labels.push({ key: 'cost-center', value: domain.costCenter });
  if (random.chance(0.5)) labels.push({ key: 'app.kubernetes.io/managed-by', value: 'Helm' });
  return labels;
}

function drawAnnotations(random: Random, domain: Domain, kind: Kind, app: string, isIgnored: boolean): Label[] {
  const annotations: Label[] = [];
  if (kind.isServed && random.chance(0.7)) annotations.push({ key: 'prometheus.io/scrape', value: 'true' });
  if (domain.team !== '' && random.chance(0.6)) annotations.push({ key: 'owner', value: `${domain.team}@example.com` });
  // A value that contains "=": a filter that is split at the wrong one finds nothing.
  if (random.chance(0.3)) annotations.push({ key: 'runbook', value: `https://wiki.example.com/runbook?app=${app}` });
  if (isIgnored) annotations.push({ key: IGNORED_ANNOTATION, value: 'true' });
  return annotations;
}

function at<T>(list: readonly T[], index: number): T {
  const found = list[index];
  if (found === undefined) throw new RangeError(`the catalogue has no entry ${index}`);
  return found;
}

function find<T>(entries: ReadonlyMap<string, T>, name: string): T {
  const found = entries.get(name);
  if (found === undefined) throw new RangeError(`the catalogue has no ${name}`);
  return found;
}
