// A workload: its names, labels, size, price and history, drawn from the catalogue.
// Quantities are integers in small units (thousandths, millicores, bytes, micro-dollars), so that sums are exact.

import type { Domain, Kind, Purpose } from './catalogue.js';
import { RHYTHMS } from './history/rhythm.js';
import { phasesOf } from './history/events.js';
import { hashText, mix, type Random } from './random.js';

export interface Label {
  readonly key: string;
  readonly value: string;
}

export type Workload = Readonly<ReturnType<typeof drawWorkload>>;

export interface Cluster {
  readonly name: string;
  readonly purpose: Purpose;
  /** The price of its region relative to the cheapest. */
  readonly priceFactor: number;
}

/** The cluster and the catalogue entries of a workload. */
interface Origin {
  readonly cluster: Cluster;
  readonly domain: Domain;
  readonly kind: Kind;
  readonly app: string;
}

const IGNORED_ANNOTATION = 'scaleops.sh/ignored';

const CORE_HOUR_MICROS = 33_500;
const GIBIBYTE_HOUR_MICROS = 4_500;
const GPU_HOUR_MICROS = 2_480_000;
const SPOT_PRICE_SHARE = 0.35;
const MIN_YEARLY_GROWTH = -0.05;
const MAX_YEARLY_GROWTH = 0.35;

/** Unique in a fleet for each name. */
export function toId({ cluster, domain, kind }: Origin, name: string): string {
  return `${cluster.name}/${domain.namespace}/${kind.type}/${name}`;
}

/** Draws the values for which the catalogue has a range. */
export function drawWorkload(random: Random, origin: Origin, name: string) {
  const { cluster, domain, kind, app } = origin;
  const id = toId(origin, name);
  const seed = hashText(id);
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
    /** Excluded from ScaleOps by an annotation. */
    isIgnored,
    ...drawQuantities(random, cluster, kind),
    ...historyOf(origin, seed),
    /** The seed of its variation over time. */
    seed,
  };
}

function historyOf({ cluster: { purpose }, domain, kind, app }: Origin, seed: number) {
  const isForCustomers = kind.rhythm === 'customers' && purpose.env === 'production';
  const rhythm = kind.rhythm === 'customers' && !isForCustomers ? 'office' : kind.rhythm;
  const yearlyGrowth = MIN_YEARLY_GROWTH + (mix(seed, 3) / 2 ** 32) * (MAX_YEARLY_GROWTH - MIN_YEARLY_GROWTH);
  const names = { purpose: purpose.name, namespace: domain.namespace, kind: kind.name, app };
  return {
    rhythm: RHYTHMS[rhythm],
    /** Only workloads that serve customers grow. */
    weeklyGrowth: isForCustomers ? yearlyGrowth / 52 : 0,
    phases: phasesOf(names, seed),
  };
}

function drawQuantities(random: Random, { purpose, priceFactor }: Cluster, kind: Kind) {
  const replicas = Math.max(1, random.logUniform(...kind.replicas) * purpose.replicaScale);
  // Autoscaled workloads have a fractional mean number of replicas; most are not autoscaled.
  const replicaThousandths = random.chance(0.3) ? Math.round(replicas * 1000) : Math.round(replicas) * 1000;
  const cpuMillicores = 50 * Math.max(1, Math.round(random.logUniform(...kind.cpuMillicores) / 50));
  const memoryMebibytes = 64 * Math.max(1, Math.round(random.logUniform(...kind.memoryMebibytes) / 64));
  const gpus = Math.round(random.uniform(...kind.gpus));
  const spotShare = Math.round(random.uniform(...kind.spotShare) * 100) / 100;
  const dutyCycle = random.logUniform(...kind.dutyCycle);
  const savingsShare = random.chance(0.12) ? 0 : random.uniform(...kind.savingsShare);
  // Savings of fewer replicas, on top of those of smaller requests.
  const replicaSavingsShare = random.chance(0.5) ? 0 : random.uniform(0, 0.15);
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
    dutyCycle,
    spotShare,
    /** Its price relative to on-demand machines only. */
    priceShare,
    /** Cost of an average hour. */
    hourlyMicros: replicaMicros * (replicaThousandths / 1000) * dutyCycle * priceShare * priceFactor,
    savingsShare,
    replicaSavingsShare,
  };
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
  // A value that contains "=": a gateway that splits at the wrong one finds nothing.
  if (random.chance(0.3)) annotations.push({ key: 'runbook', value: `https://wiki.example.com/runbook?app=${app}` });
  if (isIgnored) annotations.push({ key: IGNORED_ANNOTATION, value: 'true' });
  return annotations;
}
