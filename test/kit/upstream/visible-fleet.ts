// A ScaleOps with unusual rows in both reports, permissions on them, and the visible rows, computed in a
// straightforward way. Written from the documentation, independent of the gateway's code.

import fc from 'fast-check';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json as readJson } from 'node:stream/consumers';

import { SUMMED } from '../reference.js';

export type RawRow = Readonly<Record<string, unknown>>;

export interface Rule {
  readonly clusters?: readonly string[];
  readonly namespaces?: readonly string[];
}
/** An entry of GATEWAY_SCOPES. */
export type Entry = 'all' | readonly Rule[];

// -------------------------------------------------------------------------------------------------------- permissions

/** A name as the gateway returns it: a number is text, the empty text means no name. */
export function nameOf(value: unknown): string | null {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : null;
}

const has = (names: readonly string[] | undefined, name: string | null): boolean =>
  names === undefined || (name !== null && names.includes(name));

export function mayShow(entry: Entry, row: RawRow): boolean {
  if (entry === 'all') return true;
  const [cluster, namespace] = [nameOf(row.clusterName), nameOf(row.namespace)];
  return entry.some((rule) => has(rule.clusters, cluster) && has(rule.namespaces, namespace));
}

interface Names {
  readonly names: readonly string[];
  readonly exclude?: boolean | undefined;
}
const named = (names: Names | undefined): readonly string[] | undefined =>
  names?.exclude === true ? undefined : names?.names;

/** Whether the entry permits all these names; namespaces in at least one of the named clusters. */
export function areAllowed(
  entry: Entry,
  clusters: readonly string[] | undefined,
  namespaces: readonly string[] | undefined,
): boolean {
  if (entry === 'all') return true;
  const isClusterAllowed = (name: string) => entry.some((rule) => has(rule.clusters, name));
  const isNamespaceAllowed = (name: string) =>
    entry.some(
      (rule) =>
        has(rule.namespaces, name) &&
        (clusters === undefined || clusters.some((cluster) => has(rule.clusters, cluster))),
    );
  return (clusters ?? []).every(isClusterAllowed) && (namespaces ?? []).every(isNamespaceAllowed);
}

export interface WorkloadFilter {
  readonly clusters?: Names | undefined;
  readonly namespaces?: Names | undefined;
  readonly [other: string]: unknown;
}

export function isFilterAllowed(entry: Entry, { clusters, namespaces }: WorkloadFilter): boolean {
  return areAllowed(entry, named(clusters), named(namespaces));
}

// -------------------------------------------------------------------------------------------------------- random rows

/** The host's own cluster, in any spelling. */
const OWN_CLUSTER = 'a';
export const CLUSTERS = ['a', 'A', 'b', 'c', '__proto__', '\u00e9', 'e\u0301', ' b'];
export const NAMESPACES = ['x', 'X', 'y', 'z', 'constructor', 'x '];
const NOTHING = [null, '', undefined, 7];
const TYPES = ['Deployment', 'StatefulSet', 'Job'];
const LABEL_KEYS = ['team', 'env', '__proto__'];
const LABEL_VALUES = ['red', 'blue', '', 'Red'];
const LABELS = LABEL_KEYS.flatMap((key) => LABEL_VALUES.map((value) => ({ key, value })));

const label = fc.constantFrom(...LABELS);
/** Labels in each possible shape. A text has only keys that Kubernetes allows. */
const labels = fc.array(label, { maxLength: 2 }).chain((list) =>
  fc.constantFrom<unknown>(
    list,
    list.length === 0 ? null : list,
    list.filter(({ key }) => key !== '__proto__').map(({ key, value }) => `${key}=${value}`),
    Object.fromEntries(list.filter(({ key }) => key !== '__proto__').map(({ key, value }) => [key, value])),
  ),
);
/** Millionths, whose sums are exact. */
const number = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom<unknown>(0, 1, 2, 0.1, 0.2, 0.3, 1234.567891, 0.000001) },
  { weight: 1, arbitrary: fc.constantFrom<unknown>(-1, -0.25, -1234.5, '2.5', null, undefined, 'rubbish') },
);
/** Numbers that make sums of decimals inexact. */
const extremeNumber = fc.constantFrom(5e-324, 1e100, -1e100, 1 / 3, 1e16);

const orNone = (names: readonly string[]) =>
  fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom<unknown>(...names) },
    { weight: 1, arbitrary: fc.constantFrom<unknown>(...NOTHING) },
  );
const row = (isExtreme: boolean): fc.Arbitrary<RawRow> =>
  fc
    .record({
      clusterName: orNone(CLUSTERS),
      namespace: orNone(NAMESPACES),
      workloadName: orNone(['cart', 'api', 'Cart']),
      workloadType: orNone(TYPES),
      ...Object.fromEntries(SUMMED.map((name) => [name, isExtreme ? fc.oneof(number, extremeNumber) : number])),
      amountOfWorkloads: fc.constantFrom<unknown>(1, 1, 0, 3, null, undefined),
      ownerLabels: labels,
      annotations: fc.constantFrom<unknown>(null, undefined, []),
      labels: fc.constantFrom<unknown>(null, undefined, []),
      isRepeated: fc.boolean(),
    })
    .map(({ isRepeated, ...rest }) => ({
      ...rest,
      // Some rows have no id, and some share one.
      id: isRepeated ? `${String(rest.clusterName)}-${String(rest.workloadName)}` : undefined,
    }));

export interface AnyFleet {
  readonly rows: readonly RawRow[];
  /** Whether its numbers have no common decimal unit. */
  readonly isExtreme: boolean;
  /** Whether ScaleOps distinguishes the case of names, which is not documented. */
  readonly isCaseSensitive: boolean;
  /** Whether every report names all clusters of ScaleOps. */
  readonly listsAllClusters: boolean;
}

export const anyFleet: fc.Arbitrary<AnyFleet> = fc.boolean().chain((isExtreme) =>
  fc.record({
    rows: fc
      .array(row(isExtreme), { maxLength: 16, size: 'max' })
      .map((rows) => rows.map((each, at) => ({ ...each, services: [`row ${at}`] }))),
    isExtreme: fc.constant(isExtreme),
    isCaseSensitive: fc.boolean(),
    listsAllClusters: fc.boolean(),
  }),
);

const some = (names: readonly string[]) => fc.subarray([...names, 'nowhere'], { minLength: 1, maxLength: 3 });

export const anyRule: fc.Arbitrary<Rule> = fc.oneof(
  fc.record({ clusters: some([...CLUSTERS, '7']) }),
  fc.record({ namespaces: some([...NAMESPACES, '7']) }),
  fc.record({ clusters: some([...CLUSTERS, '7']), namespaces: some(NAMESPACES) }),
);

export const anyEntry: fc.Arbitrary<Entry> = fc.oneof(
  { weight: 12, arbitrary: fc.array(anyRule, { minLength: 1, maxLength: 3 }) },
  { weight: 1, arbitrary: fc.constant('all' as const) },
);

/** Names that are mostly permitted. */
const namesFor = (entry: Entry, of: 'clusters' | 'namespaces', all: readonly string[]) => {
  const allowed = entry === 'all' ? all : entry.flatMap((rule) => rule[of] ?? all);
  return fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...allowed) }, fc.constantFrom(...all, 'nowhere'));
};
type NamesFor = readonly [entry: Entry, of: 'clusters' | 'namespaces', all: readonly string[]];
const listFor = (...of: NamesFor) => fc.array(namesFor(...of), { minLength: 1, maxLength: 3 });
const filterFor = (...of: NamesFor): fc.Arbitrary<Names> =>
  fc.record({ names: listFor(...of), exclude: fc.boolean() }, { requiredKeys: ['names'] });

const few = <T extends object>(all: { readonly [K in keyof T]: fc.Arbitrary<T[K]> }, maxLength = 2) =>
  fc
    .tuple(fc.record(all as never), fc.subarray(Object.keys(all), { maxLength }))
    .map(([given, kept]) => Object.fromEntries(kept.map((name) => [name, (given as Record<string, unknown>)[name]])));

export const anyWorkloadFilter = (entry: Entry): fc.Arbitrary<WorkloadFilter> =>
  few(
    {
      clusters: filterFor(entry, 'clusters', CLUSTERS),
      namespaces: filterFor(entry, 'namespaces', NAMESPACES),
      workloadTypes: fc.record({ names: fc.subarray(TYPES, { minLength: 1 }), exclude: fc.boolean() }),
      labels: fc.record({
        labels: fc.subarray(
          LABELS.filter(({ key }) => key !== '__proto__'),
          { minLength: 1, maxLength: 2 },
        ),
        operator: fc.constantFrom('AND', 'OR'),
        exclude: fc.boolean(),
      }),
      multiCluster: fc.boolean(),
    },
    3,
  );

export const anyAggregatedFilter = (entry: Entry): fc.Arbitrary<Readonly<Record<string, unknown>>> =>
  few(
    {
      clusters: listFor(entry, 'clusters', CLUSTERS),
      groupBy: few(
        {
          cluster: fc.boolean(),
          namespace: fc.boolean(),
          labels: fc.subarray(['team', 'env'], { minLength: 1 }),
          annotations: fc.constant(['team']),
        },
        3,
      ),
      gpuWorkloadsOnly: fc.boolean(),
      multiCluster: fc.boolean(),
    },
    4,
  );

/** A cluster, a namespace or a workload by its names. */
export const anyKeyFor = (entry: Entry) =>
  fc.record(
    {
      clusterName: namesFor(entry, 'clusters', CLUSTERS),
      namespace: namesFor(entry, 'namespaces', NAMESPACES),
      type: fc.constantFrom(...TYPES),
      name: fc.constantFrom('cart', 'api'),
    },
    { requiredKeys: ['clusterName'] },
  );

export const anyQueryFor = (entry: Entry) =>
  fc.record({
    where: fc.option(
      few({
        clusterNames: listFor(entry, 'clusters', CLUSTERS),
        namespaces: listFor(entry, 'namespaces', NAMESPACES),
        search: fc.constantFrom('a', 'X', 'nowhere'),
        dimensions: fc.constant([{ by: { label: 'team' }, values: ['red'] }]),
        minTotalCost: fc.constantFrom(0, 0.2, -1),
      }),
      { nil: undefined },
    ),
    orderBy: fc.array(
      fc.record({
        field: fc.constantFrom('TOTAL_COST', 'NAMESPACE', 'CLUSTER_NAME', 'WORKLOAD_NAME', 'REPLICAS'),
        direction: fc.constantFrom('ASC', 'DESC'),
      }),
      { maxLength: 2 },
    ),
    count: fc.integer({ min: 0, max: 5 }),
    by: fc.subarray([{ field: 'CLUSTER' }, { field: 'NAMESPACE' }, { label: 'team' }, { field: 'WORKLOAD_TYPE' }], {
      minLength: 1,
    }),
  });

// -------------------------------------------------------------------------------------------------------- the upstream

interface Received {
  readonly path: string;
  /** From the query string and the body. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

export interface FleetUpstream extends AsyncDisposable {
  readonly url: string;
  /** The requests, in order. */
  readonly received: Received[];
  serve(fleet: Pick<AnyFleet, 'rows' | 'isCaseSensitive' | 'listsAllClusters'>): void;
  /** Every later request gets this response. */
  fail(status: number | undefined, body?: string): void;
}

export async function startFleetUpstream(): Promise<FleetUpstream> {
  const received: Received[] = [];
  let fleet: Pick<AnyFleet, 'rows' | 'isCaseSensitive' | 'listsAllClusters'> = {
    rows: [],
    isCaseSensitive: true,
    listsAllClusters: false,
  };
  let failure: { readonly status: number; readonly body: string } | undefined;
  const server = createServer((request, response) => {
    const respond = async (): Promise<void> => {
      const { pathname: path, searchParams } = new URL(request.url ?? '', 'http://fleet');
      const query = [...searchParams].map(([name, value]) => [name, value === 'true' ? true : value]);
      const parameters = { ...Object.fromEntries(query), ...((await readJson(request)) as object) };
      received.push({ path, parameters });
      const { status, body } = failure ?? { status: 200, body: JSON.stringify(toReport(path, parameters, fleet)) };
      response.writeHead(status, { 'content-type': 'application/json' }).end(body);
    };
    respond().catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    serve: (given) => {
      fleet = given;
    },
    fail: (status, body = '{}') => {
      failure = status === undefined ? undefined : { status, body };
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

type Parameters = Readonly<Record<string, unknown>>;

function toReport(
  path: string,
  parameters: Parameters,
  { rows, isCaseSensitive, listsAllClusters }: Omit<AnyFleet, 'isExtreme'>,
) {
  const fold = (name: unknown): string => (isCaseSensitive ? (nameOf(name) ?? '') : (nameOf(name) ?? '').toLowerCase());
  const isIn = (list: unknown, isExclude: unknown) => {
    const names = ((list ?? []) as readonly string[]).map(fold);
    return (name: unknown) => names.length === 0 || names.includes(fold(name)) !== (isExclude === true);
  };
  const { clusterFilters, isClusterExclude, namespaces, isNamespaceExclude, workloadTypes, clusters } = parameters;
  const isCluster = isIn(clusterFilters ?? clusters, isClusterExclude);
  const isNamespace = isIn(namespaces, isNamespaceExclude);
  const isType = isIn(workloadTypes, parameters.isWorkloadTypeExclude);
  const chosen = rows.filter(
    (each) =>
      (parameters.multiCluster === true || nameOf(each.clusterName)?.toLowerCase() === OWN_CLUSTER) &&
      isCluster(each.clusterName) &&
      isNamespace(each.namespace) &&
      isType(each.workloadType) &&
      hasLabels(each, parameters) &&
      (parameters.gpuWorkloadsOnly !== true || (toMillionths(each.ownerGpuRequest) ?? 0n) > 0n),
  );
  const found = path.endsWith('getAggregatedWorkloads') ? addUp(chosen, parameters) : chosen;
  const listed = (listsAllClusters ? rows : chosen).map(({ clusterName }) => nameOf(clusterName));
  return {
    aggregatedWorkloads: found.length === 0 ? null : found,
    clusters: [...new Set(listed.filter((name) => name !== null))],
    window: { startTime: '2026-01-24T00:00:00', endTime: '2026-01-31T00:00:00' },
  };
}

type Pair = readonly [key: string, value: string];

function readLabels(value: unknown): readonly Pair[] {
  if (typeof value !== 'object' || value === null) return [];
  if (!Array.isArray(value)) return Object.entries(value) as Pair[];
  return (value as readonly unknown[]).map((each): Pair => {
    if (typeof each === 'string') return [each.split('=')[0]!, each.slice(each.indexOf('=') + 1)];
    const { key, value: text } = each as { readonly key: string; readonly value: string };
    return [key, text];
  });
}

function hasLabels({ ownerLabels }: RawRow, { labels: wanted, logicalLabel, isLabelExclude }: Parameters): boolean {
  const list = (wanted ?? []) as readonly string[];
  if (list.length === 0) return true;
  const own = readLabels(ownerLabels).map(([key, value]) => `${key}=${value}`);
  const fits =
    logicalLabel === 'AND' ? list.every((each) => own.includes(each)) : list.some((each) => own.includes(each));
  return fits !== (isLabelExclude === true);
}

/** One row per group, in the order of first rows; fields without a value are left out. */
function addUp(rows: readonly RawRow[], parameters: Parameters): RawRow[] {
  const { groupByCluster, groupByNamespace, groupByLabels, groupByAnnotations } = parameters;
  const groups = new Map<string, { readonly names: RawRow; readonly rows: RawRow[] }>();
  for (const each of rows) {
    const valuesOf = (keys: unknown, own: unknown) =>
      ((keys ?? []) as readonly string[]).map((key) => ({
        key,
        value: readLabels(own).find(([name]) => name === key)?.[1] ?? '',
      }));
    const names = {
      clusterName: groupByCluster === true || groupByNamespace === true ? each.clusterName : '',
      namespace: groupByNamespace === true ? each.namespace : '',
      labels: valuesOf(groupByLabels, each.ownerLabels),
      annotations: valuesOf(groupByAnnotations, each.annotations),
    };
    // Missing, null and empty are the same name.
    const key = JSON.stringify([nameOf(names.clusterName), nameOf(names.namespace), names.labels, names.annotations]);
    const group = groups.get(key) ?? { names: { id: `group ${key}`, ...names }, rows: [] };
    group.rows.push(each);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ names, rows: own }) => {
    const sums = Object.fromEntries(SUMMED.map((field) => [field, sum(own.map((each) => each[field]))]));
    const [onDemand, spot] = [sums.onDemandHours ?? 0, sums.spotHours ?? 0];
    const part = (hours: number) => (onDemand + spot === 0 ? null : (100 * hours) / (onDemand + spot));
    return { ...names, ...sums, onDemandPercent: part(onDemand), spotPercent: part(spot) };
  });
}

function toMillionths(value: unknown): bigint | null {
  const number = typeof value === 'string' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? BigInt(Math.round(number * 1e6)) : null;
}

function sum(values: readonly unknown[]): number | null {
  const known = values.map(toMillionths).filter((each) => each !== null);
  return known.length === 0 ? null : Number(known.reduce((total, each) => total + each, 0n)) / 1e6;
}
