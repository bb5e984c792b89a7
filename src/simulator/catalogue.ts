// Data of the simulated company: kinds of workloads with their sizes, namespaces with the teams that own them, clusters.
// fleet.ts draws from it. The numbers are realistic, so that a demo shows what a real bill shows: GPUs and databases at
// the top, waste in notebooks and staging.

import type { RhythmName } from './history/rhythm.js';

type Range = readonly [min: number, max: number];

interface KindOptions {
  readonly gpus?: Range;
  /** The share of time in which its pods exist: 1 for a server, little for a cron job. */
  readonly dutyCycle?: Range;
  /** Whether it has a Kubernetes service. */
  readonly isServed?: boolean;
  /** When it is busy in production. */
  readonly rhythm?: RhythmName;
}

const DEFAULT_OPTIONS: Required<KindOptions> = { gpus: [0, 0], dutyCycle: [1, 1], isServed: true, rhythm: 'steady' };

/**
 * CPU, memory and GPUs are requests of one replica. Roles are suffixes of workload names: `ledger-postgres`. With negative
 * savings the workload requests too little, and the advice is to spend more.
 */
type KindRow = readonly [
  name: string,
  type: string,
  roles: string,
  cpuMillicores: Range,
  memoryMebibytes: Range,
  replicas: Range,
  spotShare: Range,
  savingsShare: Range,
  options?: KindOptions,
];

// prettier-ignore
const KIND_ROWS: readonly KindRow[] = [
  ['api', 'Deployment', 'api gateway backend grpc', [250, 1500], [384, 3072], [2, 14], [0, 0.5], [0.15, 0.62], { rhythm: 'customers' }],
  ['web', 'Rollout', 'web frontend bff', [100, 600], [192, 1024], [2, 10], [0.2, 0.8], [0.2, 0.7], { rhythm: 'customers' }],
  ['worker', 'Deployment', 'worker consumer processor relay', [200, 2000], [256, 4096], [1, 20], [0.5, 1], [0.1, 0.5], { isServed: false, rhythm: 'customers' }],
  ['cache', 'StatefulSet', 'redis memcached', [200, 1000], [1024, 16384], [2, 6], [0, 0], [-0.1, 0.4]],
  ['database', 'StatefulSet', 'postgres mysql mongodb elasticsearch', [3000, 16000], [16384, 98304], [2, 5], [0, 0], [-0.12, 0.35]],
  ['broker', 'StatefulSet', 'kafka rabbitmq nats', [1000, 4000], [4096, 24576], [3, 7], [0, 0], [0.05, 0.4]],
  ['cron', 'CronJob', 'cleanup nightly-export report sync', [100, 1000], [128, 2048], [1, 1], [0.6, 1], [0.1, 0.8], { dutyCycle: [0.005, 0.12], isServed: false, rhythm: 'nightly' }],
  ['job', 'Job', 'backfill migration import', [500, 4000], [1024, 8192], [1, 6], [0.6, 1], [0, 0.45], { dutyCycle: [0.02, 0.25], isServed: false, rhythm: 'nightly' }],
  ['agent', 'DaemonSet', 'agent node exporter', [50, 300], [64, 512], [12, 60], [0, 0], [-0.15, 0.3], { isServed: false }],
  ['operator', 'Deployment', 'operator controller', [50, 500], [128, 1024], [1, 3], [0, 0.2], [0.2, 0.75]],
  ['training', 'Job', 'train finetune evaluate', [8000, 48000], [65536, 393216], [1, 4], [0.6, 1], [-0.05, 0.3], { gpus: [4, 8], dutyCycle: [0.15, 0.7], isServed: false }],
  ['inference', 'Deployment', 'inference embeddings scorer', [2000, 8000], [8192, 49152], [2, 9], [0, 0.35], [0.2, 0.6], { gpus: [1, 2], rhythm: 'customers' }],
  ['notebook', 'StatefulSet', 'notebook workbench', [2000, 8000], [8192, 65536], [1, 1], [0, 0], [0.5, 0.9], { gpus: [0, 2], rhythm: 'office' }],
  ['runner', 'ReplicaSet', 'runner builder', [1000, 8000], [2048, 16384], [1, 12], [0.6, 1], [0.1, 0.6], { dutyCycle: [0.2, 0.6], isServed: false, rhythm: 'office' }],
];

export type Kind = ReturnType<typeof toKind>;

export const KINDS = new Map(KIND_ROWS.map((row) => [row[0], toKind(row)]));

function toKind(row: KindRow) {
  const [name, type, roles, cpuMillicores, memoryMebibytes, replicas, spotShare, savingsShare, options] = row;
  const ranges = { cpuMillicores, memoryMebibytes, replicas, spotShare, savingsShare };
  return { name, type, roles: roles.split(' '), ...ranges, ...DEFAULT_OPTIONS, ...options };
}

/** An empty team: no team label. Kinds are repeated by frequency. */
// prettier-ignore
const DOMAIN_ROWS: readonly (readonly [namespace: string, team: string, costCenter: string, apps: string, kinds: string])[] = [
  ['checkout', 'payments', 'cc-1100', 'cart checkout pricing coupon tax', 'api api web worker cache cron'],
  ['payments', 'payments', 'cc-1100', 'payment ledger invoice fraud payout', 'api api worker database broker cron job'],
  ['catalog', 'catalog', 'cc-1200', 'product inventory media review', 'api api web worker database cache cron'],
  ['search', 'search', 'cc-1210', 'search suggest ranking indexer', 'api api worker worker database cache inference job'],
  ['orders', 'fulfilment', 'cc-1300', 'order shipping returns warehouse carrier', 'api api worker database broker cron'],
  ['identity', 'identity', 'cc-1400', 'login session consent directory', 'api api web database cache'],
  ['notifications', 'growth', 'cc-1500', 'email push sms campaign', 'api worker worker broker cron'],
  ['analytics', 'data-platform', 'cc-2100', 'clickstream attribution funnel metrics', 'worker worker broker cron job'],
  ['data-platform', 'data-platform', 'cc-2100', 'spark airflow trino flink dbt', 'worker job job operator database'],
  ['databases', 'dba', 'cc-2200', 'customers orders-archive events billing', 'database database database cache cron'],
  ['ml-training', 'ml-platform', 'cc-2300', 'recommender ranker vision forecast llm', 'training training job operator'],
  ['ml-inference', 'ml-platform', 'cc-2300', 'recommender ranker vision assistant', 'inference inference api cache'],
  ['notebooks', 'data-science', 'cc-2310', 'churn pricing-study search-quality forecast', 'notebook notebook cron'],
  ['observability', 'sre', 'cc-3100', 'prometheus loki tempo grafana alerts', 'database api agent operator'],
  ['ingress', 'sre', 'cc-3100', 'edge envoy certs external-dns', 'api operator agent'],
  ['ci', 'developer-experience', 'cc-3200', 'github buildkit artifacts preview', 'runner runner api cron'],
  ['kube-system', '', '', 'cilium csi dns metrics autoscaler', 'agent agent operator'],
  ['sandbox', '', '', 'demo hackathon spike prototype', 'api web worker job'],
];

function toDomain([namespace, team, costCenter, apps, kinds]: (typeof DOMAIN_ROWS)[number]) {
  return { namespace, team, costCenter, apps: apps.split(' '), kinds: kinds.split(' ') };
}

export type Domain = ReturnType<typeof toDomain>;

export const DOMAINS = new Map(DOMAIN_ROWS.map((row) => [row[0], toDomain(row)]));

const PRODUCT = 'checkout payments catalog search orders identity notifications';

/**
 * Replicas are relative to production; namespaces are repeated by frequency. Clusters are created in this order: the host's
 * own cluster first, and even a small fleet has GPUs and staging.
 */
const PURPOSE_ROWS: readonly (readonly [name: string, env: string, replicaScale: number, namespaces: string])[] = [
  ['prod', 'production', 1, `${PRODUCT} ${PRODUCT} databases observability ingress kube-system`],
  ['ml', 'production', 0.8, 'ml-training ml-training ml-inference ml-inference notebooks observability kube-system'],
  ['staging', 'staging', 0.35, `${PRODUCT} databases ingress kube-system`],
  ['data', 'production', 0.9, 'analytics data-platform data-platform databases observability kube-system'],
  ['dev', 'development', 0.25, `${PRODUCT} sandbox sandbox ci ci kube-system`],
  ['edge', 'production', 0.6, 'ingress checkout identity search notifications kube-system'],
];

export const PURPOSES = PURPOSE_ROWS.map(([name, env, replicaScale, namespaces]) => ({
  name,
  env,
  replicaScale,
  namespaces: namespaces.split(' '),
}));

export type Purpose = (typeof PURPOSES)[number];

/** Machine prices relative to the cheapest region. */
export const REGIONS: readonly (readonly [name: string, priceFactor: number])[] = [
  ['us-east-1', 1],
  ['us-west-2', 1],
  ['eu-west-1', 1.09],
  ['eu-central-1', 1.16],
  ['us-east-2', 1],
  ['ap-southeast-1', 1.22],
  ['ap-northeast-1', 1.25],
];
