// Queries of entities and their expected responses: a selection of a whole report, the root query that equals `costs`
// of an entity, filters of every kind, and a ScaleOps with rows of the test.

import fc from 'fast-check';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json as readJson } from 'node:stream/consumers';

import { createFleet } from '../../src/simulator/fleet.js';
import { NUMBERS, SUMMED, type UpstreamReport } from './reference.js';

/** A cluster, or one namespace of it. */
export interface Entity {
  readonly clusterName: string;
  readonly namespace?: string;
}

interface Names {
  readonly names: readonly string[];
  readonly exclude?: boolean;
}

/** The input type WorkloadCostsFilter, as far as these tests use it. */
export interface Filter {
  readonly clusters?: Names | undefined;
  readonly namespaces?: Names | undefined;
  readonly multiCluster?: boolean;
  readonly [other: string]: unknown;
}

// ------------------------------------------------------------------------------------------------------ selections

const NAMES = 'clusterName namespace workloadName workloadType';
const LABELS = 'labels { key value } annotations { key value } ownerLabels { key value }';
/** The 22 fields of the REST API, and `share`. */
export const ROW = `id scaleOpsId ${NAMES} ${NUMBERS.join(' ')} ${LABELS} services share`;

const TOTALS = `rowCount ${SUMMED.join(' ')} onDemandPercent spotPercent`;
const PAGE_INFO = 'pageInfo { hasNextPage hasPreviousPage startCursor endCursor }';
const PAGE = `totalCount edges { cursor node { id scaleOpsId share } } ${PAGE_INFO}`;

/** The fragment `Report` selects all data of a report; it needs the variables of `QUERY`. */
export const REPORT = `fragment Report on CostReport {
  window { startTime endTime } clusters
  all: rows { totalCount edges { cursor node { ${ROW} } } ${PAGE_INFO} }
  first: rows(where: $where, orderBy: $orderBy, first: $count) { ${PAGE} }
  last: rows(where: $where, orderBy: $orderBy, last: $count) { ${PAGE} }
  totals { ${TOTALS} } some: totals(where: $where) { ${TOTALS} }
  breakdown(by: $by, where: $where, first: $count) {
    groups { keys { dimension value } totals { ${TOTALS} } share } others { ${TOTALS} } groupCount totals { ${TOTALS} }
  }
}`;
export const QUERY = '$where: CostRowsWhere, $orderBy: [CostRowOrder!], $count: Int, $by: [CostDimensionInput!]!';

/** The values of these variables. */
export const anyQuery = fc.record({
  where: fc.constantFrom(
    undefined,
    { search: 'a' },
    { search: '-p', minTotalCost: 1 },
    { workloadTypes: ['Deployment', 'b'] },
    { dimensions: [{ by: { label: 'env' }, values: ['production'] }] },
    { dimensions: [{ by: { label: 'team' }, values: ['a', null] }] },
    { minSavingsAvailable: 0 },
  ),
  orderBy: fc.array(
    fc.record({
      field: fc.constantFrom('TOTAL_COST', 'NAMESPACE', 'WORKLOAD_TYPE', 'WORKLOAD_NAME', 'REPLICAS', 'SPOT_PERCENT'),
      direction: fc.constantFrom('ASC', 'DESC'),
    }),
    { maxLength: 2 },
  ),
  count: fc.integer({ min: 0, max: 5 }),
  by: fc.subarray([{ field: 'CLUSTER' }, { field: 'NAMESPACE' }, { label: 'team' }, { field: 'WORKLOAD_TYPE' }], {
    minLength: 1,
  }),
});

// ------------------------------------------------------------------------------------------------------ equivalents

/** The representation of the entity. */
export function toRepresentation({ clusterName, namespace }: Entity): object {
  if (namespace === undefined) return { __typename: 'KubernetesCluster', name: clusterName };
  return { __typename: 'KubernetesNamespace', clusterName, name: namespace };
}

/** The equivalent filter of a root query; undefined when the filter itself excludes the entity. */
export function toRootFilter(filter: Filter, { clusterName, namespace }: Entity): Filter | undefined {
  if (!admits(filter.clusters, clusterName)) return undefined;
  const ofCluster = { multiCluster: true, ...filter, clusters: { names: [clusterName] } };
  if (namespace === undefined) return ofCluster;
  return admits(filter.namespaces, namespace) ? { ...ofCluster, namespaces: { names: [namespace] } } : undefined;
}

function admits(condition: Names | undefined, name: string): boolean {
  if (condition === undefined) return true;
  return condition.names.includes(name) !== (condition.exclude === true);
}

// ------------------------------------------------------------------------------- the simulator's fleet, and filters

const FLEET_SIZE = 300;
const fleet = createFleet(FLEET_SIZE);
export const FLEET = { workloads: FLEET_SIZE };
export const { workloads: FLEET_WORKLOADS } = fleet;

const CLUSTERS = fleet.clusterNames;
const distinct = <T>(list: readonly T[]): T[] => [...new Set(list)];
const NAMESPACES = distinct(FLEET_WORKLOADS.map(({ namespace }) => namespace));
const TYPES = distinct(FLEET_WORKLOADS.map(({ type }) => type));
const FLEET_ENTITIES: readonly Entity[] = [
  ...CLUSTERS.map((clusterName) => ({ clusterName })),
  ...CLUSTERS.flatMap((clusterName) => NAMESPACES.map((namespace) => ({ clusterName, namespace }))),
];

/** Mostly existing entities; also an unknown cluster, and an unknown namespace of a known one. */
export const anyEntity: fc.Arbitrary<Entity> = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom(...FLEET_ENTITIES) },
  fc.constantFrom<Entity>(
    { clusterName: 'nowhere' },
    { clusterName: 'nowhere', namespace: 'payments' },
    { clusterName: CLUSTERS[0]!, namespace: '__proto__' },
  ),
);

const namesOf = (all: readonly string[]): fc.Arbitrary<Names> =>
  fc.record(
    { names: fc.subarray([...all, 'nowhere'], { minLength: 1 }), exclude: fc.boolean() },
    { requiredKeys: ['names'] },
  );
const labelsOf = (labels: readonly { readonly key: string; readonly value: string }[]) =>
  fc.record(
    {
      labels: fc.subarray([...labels, { key: 'constructor', value: 'x' }], { minLength: 1, maxLength: 3 }),
      operator: fc.constantFrom('AND', 'OR'),
      exclude: fc.boolean(),
    },
    { requiredKeys: ['labels'] },
  );

/** Conditions besides clusters and namespaces. */
const conditions = {
  workloadTypes: namesOf(TYPES),
  labels: labelsOf([
    { key: 'env', value: 'production' },
    { key: 'team', value: 'payments' },
    { key: 'app.kubernetes.io/managed-by', value: 'Helm' },
  ]),
  annotations: labelsOf([
    { key: 'prometheus.io/scrape', value: 'true' },
    { key: 'owner', value: 'payments@example.com' },
    { key: 'runbook', value: 'https://wiki.example.com/runbook?app=cart' },
  ]),
  last: fc.constantFrom('7d', '1w', '36h', '30d'),
  shouldIgnoreWorkloads: fc.boolean(),
};

const few = (all: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<Filter> =>
  fc
    .tuple(fc.record(all), fc.subarray(Object.keys(all), { maxLength: 3 }))
    .map(([given, kept]) => Object.fromEntries(kept.map((name) => [name, given[name]])));

/** Any filter below an entity. */
export const anyFilter = few({
  ...conditions,
  clusters: namesOf(CLUSTERS),
  namespaces: namesOf(NAMESPACES),
  multiCluster: fc.boolean(),
});

/** A condition on names that includes this one, and any others. */
const admitting = (name: string, all: readonly string[]): fc.Arbitrary<Names | undefined> =>
  fc.option(
    fc.tuple(fc.subarray([...all]), fc.boolean()).map(([others, exclude]) => {
      const names = others.filter((other) => other !== name);
      return { names: exclude ? [...names, 'nowhere'] : [...names, name], exclude };
    }),
    { nil: undefined, freq: 3 },
  );

/** A filter, and the filter of a root query with a report that covers the filtered entity. */
export const anyWider = ({ clusterName, namespace }: Entity) =>
  few({ ...conditions, clusters: namesOf(CLUSTERS), namespaces: namesOf(NAMESPACES) }).chain((filter) =>
    fc
      .record({
        clusters: admitting(clusterName, CLUSTERS),
        // A cluster without some of its namespaces is another report.
        namespaces: namespace === undefined ? fc.constant(filter.namespaces) : admitting(namespace, NAMESPACES),
      })
      .map((around) => ({ filter, wider: { ...filter, multiCluster: true, ...around } })),
  );

/** A filter, and root filters that differ only in clusters and namespaces: more of them, fewer, or others. */
export const anyNeighbours = anyFilter.chain((filter) => {
  const orNothing = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });
  const neighbour = fc
    .record({
      clusters: orNothing(namesOf(CLUSTERS)),
      namespaces: fc.oneof(orNothing(namesOf(NAMESPACES)), fc.constant(filter.namespaces)),
      multiCluster: fc.boolean(),
    })
    .map((around): Filter => ({ ...filter, ...around }));
  return fc.record({ filter: fc.constant(filter), neighbours: fc.array(neighbour, { minLength: 1, maxLength: 3 }) });
});

// ------------------------------------------------------------------------------------------ a ScaleOps with any rows

type RawRow = Readonly<Record<string, unknown>>;

export interface RowsUpstream extends AsyncDisposable {
  readonly url: string;
  /** The request bodies, in order. */
  readonly received: readonly Readonly<Record<string, unknown>>[];
  /** The rows of both reports from now on. */
  serve(rows: UpstreamReport['aggregatedWorkloads'] | readonly RawRow[]): void;
}

/** The parameters of the workload report that select by name, their exclude flags, and the fields they compare. */
const FILTERS = [
  ['clusterFilters', 'isClusterExclude', 'clusterName'],
  ['namespaces', 'isNamespaceExclude', 'namespace'],
  ['workloadTypes', 'isWorkloadTypeExclude', 'workloadType'],
] as const;

/** Compares names case-insensitively, like the vendor's own client. */
export async function startRowsUpstream(): Promise<RowsUpstream> {
  const received: Readonly<Record<string, unknown>>[] = [];
  let rows: readonly RawRow[] = [];
  const server = createServer((request, response) => {
    const respond = async (): Promise<void> => {
      const body = (await readJson(request)) as Readonly<Record<string, unknown>>;
      received.push(body);
      response.setHeader('content-type', 'application/json').end(JSON.stringify(toReport(rows, body)));
    };
    respond().catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    serve: (given) => {
      rows = given ?? [];
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function toReport(rows: readonly RawRow[], body: Readonly<Record<string, unknown>>): object {
  const fold = (name: unknown): string => (typeof name === 'string' ? name.toLowerCase() : '');
  const tests = FILTERS.map(([list, exclude, field]) => {
    const names = new Set(((body[list] ?? []) as readonly string[]).map(fold));
    return (row: RawRow) => names.size === 0 || names.has(fold(row[field])) !== (body[exclude] === true);
  });
  const found = rows.filter((row) => tests.every((test) => test(row)));
  const clusters = found
    .map(({ clusterName }) => clusterName)
    .filter((name) => typeof name === 'string' && name !== '');
  return {
    aggregatedWorkloads: found.length === 0 ? null : found,
    clusters: distinct(clusters),
    window: { startTime: '2026-01-24T00:00:00', endTime: '2026-01-31T00:00:00' },
  };
}

// -------------------------------------------------------------------------------------------- measured work

/**
 * The work of `act`: characters of texts that are cut, folded, created or used as new map keys, and entries of lists
 * that are sorted or copied. Independent of time, so the same on a busy machine.
 */
export async function countWork(act: () => Promise<unknown>): Promise<number> {
  let work = 0;
  const lengthOf = (value: unknown): number => (typeof value === 'string' ? value.length : 1);
  const sizeOf = (list: unknown): number => (list as { readonly length?: number }).length ?? 1;
  const restore = [
    ...['trim', 'toLowerCase'].map((name) => watch(String.prototype, name, (text) => (work += lengthOf(text)))),
    ...['sort', 'map', 'forEach'].map((name) => watch(Array.prototype, name, (list) => (work += sizeOf(list)))),
    watch(Object.getPrototypeOf(Float64Array) as object, 'from', (_type, [list]) => (work += sizeOf(list))),
    watch(JSON, 'stringify', (_json, _given, text) => (work += lengthOf(text))),
    watch(Map.prototype, 'set', (map, [key], _result, sizeBefore) => {
      if ((map as Map<unknown, unknown>).size > sizeBefore) work += lengthOf(key);
    }),
  ];
  try {
    await act();
  } finally {
    for (const each of restore) each();
  }
  return work;
}

type Method = (this: unknown, ...given: unknown[]) => unknown;
type Report = (self: unknown, given: unknown[], result: unknown, sizeBefore: number) => void;

/** Reports each call of a built-in method. Returns a function that restores it. */
function watch(owner: object, name: string, tell: Report): () => void {
  const property = Object.getOwnPropertyDescriptor(owner, name)!;
  const original = property.value as Method;
  const value: Method = function (...given) {
    const sizeBefore = this instanceof Map ? this.size : 0;
    const result = original.apply(this, given);
    tell(this, given, result, sizeBefore);
    return result;
  };
  Object.defineProperty(owner, name, { ...property, value });
  return () => {
    Object.defineProperty(owner, name, property);
  };
}
