// GATEWAY_SCOPES through the whole gateway: a caller with partial permissions gets the same responses as from a gateway
// without permissions on a ScaleOps with that part of the fleet. No response contains other data, whatever callers send
// and whatever is cached: no row, sum, count, cursor, name or order.

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import { REPORT, ROW } from '../kit/entities.js';
import type { GraphqlResponse } from '../kit/gateway.js';
import { createIdleClock, type IdleClock } from '../kit/time/idle-clock.js';
import {
  AUDIENCE,
  claimsAt,
  createSigningKey,
  ISSUER,
  signToken,
  startIssuer,
  type Issuer,
} from '../kit/identity/issuer.js';
import { isRedisSkipped } from '../kit/processes/redis.js';
import { CONNECTED, startWatchedRedis } from '../kit/processes/replicas.js';
import {
  keyOf,
  startRestrictedGateway,
  type RestrictedGateway,
  type RestrictedOptions,
} from '../kit/restricted-gateway.js';
import {
  anyAggregatedFilter,
  anyEntry,
  anyFleet,
  anyKeyFor,
  anyQueryFor,
  anyWorkloadFilter,
  areAllowed,
  isFilterAllowed,
  mayShow,
  nameOf,
  startFleetUpstream,
  type AnyFleet,
  type Entry,
  type FleetUpstream,
  type RawRow,
  type WorkloadFilter,
} from '../kit/upstream/visible-fleet.js';

// A fixed seed in CI; environment variables set another one, and more runs.
const SEED = { seed: Number(process.env.PERMISSIONS_SEED ?? 20260131) };
const RUNS = Number(process.env.PERMISSIONS_RUNS ?? 320);

// ------------------------------------------------------------------------------------------------------ what is asked

/** Rows lead to entities, and these to rows again. */
const NESTED = `fragment Nested on CostReport {
  nested: rows(first: 3) {
    nodes {
      kubernetesCluster { name costs { clusters totals { rowCount totalCost } rows { totalCount nodes { ${ROW} } } } }
      kubernetesNamespace { name costs { clusters rows { nodes { id share } } breakdown(by: [{ field: CLUSTER }]) { groupCount } } }
      kubernetesWorkload { name cost { ${ROW} } }
    }
  }
}`;
const COSTS = 'costs(filter: $FILTER) { ...Report ...Nested }';

/** `where` compares names without regard to case. */
const fold = (names?: readonly string[]) => names?.map((name) => name.toLowerCase());
const foldEntry = (entry: Entry): Entry =>
  entry === 'all'
    ? entry
    : entry.map((rule) => Object.fromEntries(Object.entries(rule).map(([name, names]) => [name, fold(names)])));

/** One alias of an operation, and whether it names anything forbidden. */
interface Part {
  readonly kind: 'workloads' | 'aggregated' | 'cluster' | 'namespace' | 'workload' | 'entities';
  readonly field: string;
  /** The types of its variables by name, and their values. */
  readonly types: Readonly<Record<string, string>>;
  readonly values: Readonly<Record<string, unknown>>;
  /** The paths of reports, and whether the caller names anything forbidden there. */
  readonly spots: readonly { readonly path: readonly (string | number)[]; readonly isForbidden: boolean }[];
}

interface Key {
  readonly clusterName: string;
  readonly namespace?: string;
  readonly type?: string;
  readonly name?: string;
}

const kindOfKey = ({ namespace, type, name }: Key) =>
  namespace === undefined
    ? 'KubernetesCluster'
    : type === undefined || name === undefined
      ? 'KubernetesNamespace'
      : 'KubernetesWorkload';
const isKeyAllowed = (entry: Entry, { clusterName, namespace }: Key): boolean =>
  areAllowed(entry, [clusterName], namespace === undefined ? undefined : [namespace]);

function toRepresentation(key: Key): object {
  const { clusterName, namespace, type, name } = key;
  switch (kindOfKey(key)) {
    case 'KubernetesCluster':
      return { __typename: 'KubernetesCluster', name: clusterName };
    case 'KubernetesNamespace':
      return { __typename: 'KubernetesNamespace', clusterName, name: namespace };
    default:
      return { __typename: 'KubernetesWorkload', clusterName, namespace, type, name };
  }
}

const rootPart = (kind: 'workloads' | 'aggregated', filter: object, isForbidden: boolean): Part => ({
  kind,
  field: `${kind === 'workloads' ? 'workloadCosts' : 'aggregatedCosts'}(filter: $FILTER) { ...Report ...Nested }`,
  types: { FILTER: kind === 'workloads' ? 'WorkloadCostsFilter' : 'AggregatedCostsFilter' },
  values: { FILTER: filter },
  spots: [{ path: [], isForbidden }],
});

function keyPart(entry: Entry, key: Key, filter: WorkloadFilter): Part {
  const kind = kindOfKey(key);
  const isForbidden = !isKeyAllowed(entry, key);
  if (kind === 'KubernetesWorkload') {
    return {
      kind: 'workload',
      field: `kubernetesWorkload(clusterName: $KEY1, namespace: $KEY2, type: $KEY3, name: $KEY4) { cost { ${ROW} } }`,
      types: { KEY1: 'String!', KEY2: 'String!', KEY3: 'String!', KEY4: 'String!' },
      values: { KEY1: key.clusterName, KEY2: key.namespace, KEY3: key.type, KEY4: key.name },
      spots: [{ path: ['cost'], isForbidden }],
    };
  }
  const isNamespace = kind === 'KubernetesNamespace';
  return {
    kind: isNamespace ? 'namespace' : 'cluster',
    field: `${isNamespace ? 'kubernetesNamespace(clusterName: $KEY1, name: $KEY2)' : 'kubernetesCluster(name: $KEY1)'} { name ${COSTS} }`,
    types: { KEY1: 'String!', ...(isNamespace && { KEY2: 'String!' }), FILTER: 'WorkloadCostsFilter' },
    values: { KEY1: key.clusterName, ...(isNamespace && { KEY2: key.namespace }), FILTER: filter },
    spots: [{ path: ['costs'], isForbidden: isForbidden || !isFilterAllowed(entry, filter) }],
  };
}

const entitiesPart = (entry: Entry, keys: readonly Key[], filter: WorkloadFilter): Part => ({
  kind: 'entities',
  field: `_entities(representations: $OF) {
    ... on KubernetesCluster { ${COSTS} } ... on KubernetesNamespace { ${COSTS} } ... on KubernetesWorkload { cost { ${ROW} } }
  }`,
  types: { OF: '[_Any!]!', FILTER: 'WorkloadCostsFilter' },
  values: { OF: keys.map(toRepresentation), FILTER: filter },
  spots: keys.map((key, index) => {
    const isWorkload = kindOfKey(key) === 'KubernetesWorkload';
    const isAllowed = isKeyAllowed(entry, key) && (isWorkload || isFilterAllowed(entry, filter));
    return { path: [index, isWorkload ? 'cost' : 'costs'], isForbidden: !isAllowed };
  }),
});

const anyPart = (entry: Entry, fleet: AnyFleet): fc.Arbitrary<Part> => {
  const workloads = anyWorkloadFilter(entry).map((filter) =>
    rootPart('workloads', filter, !isFilterAllowed(entry, filter)),
  );
  const key = fc.tuple(anyKeyFor(entry), anyWorkloadFilter(entry)).map(([of, filter]) => keyPart(entry, of, filter));
  const entities = fc
    .tuple(fc.array(anyKeyFor(entry), { minLength: 1, maxLength: 4 }), anyWorkloadFilter(entry))
    .map(([keys, filter]) => entitiesPart(entry, keys, filter));
  const aggregated = anyAggregatedFilter(entry).map((filter) =>
    rootPart('aggregated', filter, !areAllowed(entry, filter.clusters as string[] | undefined, undefined)),
  );
  const weight = hasNamesInTwoCases(fleet) ? 0 : 2;
  return fc.oneof(
    { weight: 3, arbitrary: workloads },
    { weight: fleet.isExtreme ? 0 : 3, arbitrary: aggregated },
    { weight, arbitrary: key },
    { weight, arbitrary: entities },
  );
};

/**
 * Whether ScaleOps has names that differ only in case. Then the rows of an entity depend on the source of its report, for
 * every caller.
 */
function hasNamesInTwoCases({ rows, isCaseSensitive }: AnyFleet): boolean {
  const names = new Set(rows.flatMap(({ clusterName, namespace }) => [nameOf(clusterName), nameOf(namespace)]));
  return isCaseSensitive && new Set(Array.from(names, (name) => name?.toLowerCase())).size < names.size;
}

interface Operation {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly parts: readonly Part[];
  /** Whether `where`, which applies to every root report, names anything forbidden. */
  readonly isWhereForbidden: boolean;
}

function toOperation(entry: Entry, fleet: AnyFleet, parts: readonly Part[], query: Record<string, unknown>): Operation {
  const types = parts.flatMap((part, at) =>
    Object.entries(part.types).map(([name, type]) => `$${name}_${at}: ${type}`),
  );
  const values = parts.flatMap((part, at) =>
    Object.entries(part.values).map(([name, value]) => [`${name}_${at}`, value] as const),
  );
  const fields = parts.map(({ field }, at) => `p${at}: ${field.replaceAll(/\$([A-Z]+\d?)/g, `$$$1_${at}`)}`);
  const usesReports = parts.some(({ kind }) => kind !== 'workload');
  const requested = usesReports ? QUERY_TYPES : '';
  const { clusterNames, namespaces } = (query.where ?? {}) as Record<string, readonly string[] | undefined>;
  return {
    query: `query (${types.join(', ')} ${requested}) { ${fields.join('\n')} } ${usesReports ? REPORT : ''} ${
      usesReports ? (hasNamesInTwoCases(fleet) ? 'fragment Nested on CostReport { clusters }' : NESTED) : ''
    }`,
    variables: { ...Object.fromEntries(values), ...(usesReports && query) },
    parts,
    isWhereForbidden: !areAllowed(foldEntry(entry), fold(clusterNames), fold(namespaces)),
  };
}
const QUERY_TYPES = '$where: CostRowsWhere, $orderBy: [CostRowOrder!], $count: Int, $by: [CostDimensionInput!]!';

const anyOperation = (entry: Entry, fleet: AnyFleet): fc.Arbitrary<Operation> =>
  fc
    .tuple(fc.array(anyPart(entry, fleet), { minLength: 1, maxLength: 3 }), anyQueryFor(entry))
    .map(([parts, query]) => toOperation(entry, fleet, parts, query));

// ------------------------------------------------------------------------------------------------- expected responses

/** Ids of aggregated rows are not documented, nor are cursors, which are made of them. */
const IDS = ['id', 'scaleOpsId', 'cursor', 'startCursor', 'endCursor'];

function withoutIds(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutIds);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([name]) => !IDS.includes(name));
  return Object.fromEntries(kept.map(([name, each]) => [name, withoutIds(each)]));
}

function at(value: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((part, name) => (part as Record<string, unknown> | null | undefined)?.[name], value);
}

/** `value` with null at that path. */
function withNull(value: unknown, [name, ...rest]: readonly (string | number)[]): unknown {
  if (name === undefined) return null;
  const copy: Record<string, unknown> = Array.isArray(value)
    ? (Object.assign([], value) as never)
    : { ...(value as object) };
  copy[name] = withNull(copy[name], rest);
  return copy;
}

/**
 * Compares a caller's response with the reference response. While ScaleOps is down, a report may be missing.
 */
function expectPermittedOnly(
  response: GraphqlResponse,
  { parts, isWhereForbidden }: Operation,
  reference: GraphqlResponse,
  entry: Entry,
  isDown = false,
): void {
  // A query for values that the report is not grouped by is refused for both.
  if (reference.errors.length > 0) {
    expect(reference.errors[0]!.message).toContain('`filter.groupBy`');
    for (const { extensions } of reference.errors) expect(extensions.code).toBe('BAD_USER_INPUT');
    return;
  }
  const forbidden: string[] = [];
  const expected = parts.map(({ kind, spots }, index) => {
    let value: unknown = reference.data[`p${index}`];
    for (const { path, isForbidden } of spots) {
      const isReport = path.at(-1) !== 'cost';
      // Without rows, a `where` is not checked.
      const isRefused = isForbidden || (isReport && isWhereForbidden && at(value, path) !== null);
      if (!isRefused) continue;
      forbidden.push([`p${index}`, ...path].join('.'));
      value = withNull(value, path);
    }
    return kind === 'aggregated' ? withoutIds(value) : value;
  });
  const down = response.errors.filter(({ extensions }) => extensions.code === 'UPSTREAM_ERROR');
  for (const { path: [alias, ...path] = [] } of isDown ? down : []) {
    const index = Number(String(alias).slice(1));
    expected[index] = withNull(expected[index], path);
  }
  const got = parts.map(({ kind }, index) => {
    const value: unknown = response.data[`p${index}`];
    return kind === 'aggregated' ? withoutIds(value) : value;
  });
  expect(got, `what it may see is ${JSON.stringify(entry)}`).toEqual(expected);
  expect(response.status).toBe(200);
  const refusals = response.errors.filter((error) => !isDown || !down.includes(error));
  expect([...new Set(refusals.map(({ extensions }) => extensions.code))]).toEqual(
    forbidden.length === 0 ? [] : ['FORBIDDEN'],
  );
  for (const { path = [] } of refusals) {
    expect(forbidden.some((spot) => `${path.join('.')}.`.startsWith(`${spot}.`))).toBe(true);
  }
  for (const spot of forbidden) {
    expect(response.errors.some(({ path = [] }) => `${path.join('.')}.`.startsWith(`${spot}.`))).toBe(true);
  }
  parts.forEach(({ kind }, index) => {
    if (kind === 'aggregated') expectOwnIds(response.data[`p${index}`]);
  });
}

/** The ids of the rows of a report are distinct. */
function expectOwnIds(report: unknown): void {
  const edges = (at(report, ['all', 'edges']) ?? []) as readonly { readonly node: { readonly id: string } }[];
  const ids = edges.map(({ node }) => node.id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids).not.toContain('');
}

// ----------------------------------------------------------------------------------------------------------- the gateways

const MULTI_CLUSTER = { SCALEOPS_MULTI_CLUSTER: 'on' };
/** Longer than anything is cached. */
const FOREVER_MS = 100_000_000;

/** Entries for the random cases, by number, because a gateway reads its permissions once. */
const ENTRIES = fc.sample(anyEntry, { ...SEED, numRuns: 160 });
const CLAIM_ENTRIES = fc.sample(anyEntry, { ...SEED, numRuns: 40 });
const nameOfCaller = (index: number) => `caller-${index}`;

interface Caller {
  readonly entry: Entry;
  readonly headers: Readonly<Record<string, string>>;
}

interface RandomFixture extends AsyncDisposable {
  readonly upstream: FleetUpstream;
  readonly gateway: RestrictedGateway;
  readonly clock: IdleClock;
  serve(fleet: AnyFleet): Promise<void>;
  /** The reference response: a gateway on a fleet with only the entry's part. */
  reference(entry: Entry, operation: Operation): Promise<GraphqlResponse>;
}

async function startRandomFixture(
  env: Readonly<Record<string, string>>,
  permissions: object,
  callers?: readonly string[],
) {
  const clock = createIdleClock();
  const upstream = await startFleetUpstream();
  const part = await startFleetUpstream();
  const gateway = startRestrictedGateway({ url: upstream.url, permissions, env, clock, ...(callers && { callers }) });
  const plain = { url: part.url, permissions: undefined, env: { CACHE_TTL_SECONDS: '0' } };
  const [one, all] = [plain, { ...plain, env: { ...plain.env, ...MULTI_CLUSTER } }].map(startRestrictedGateway);
  let fleet: AnyFleet;
  const fixture: RandomFixture = {
    upstream,
    gateway,
    clock,
    async serve(given) {
      await clock.idle();
      clock.advance(FOREVER_MS);
      fleet = given;
      upstream.serve(given);
      upstream.fail(undefined);
    },
    reference(entry, { query, variables }) {
      const rows = fleet.rows.filter((row) => mayShow(entry, row));
      part.serve({ ...fleet, rows, listsAllClusters: entry === 'all' && fleet.listsAllClusters });
      // For a caller with permitted clusters, an absent cluster filter means the permitted ones.
      const namesClusters = entry !== 'all' && entry.every(({ clusters }) => clusters !== undefined);
      return (namesClusters ? all! : one!).send(query, variables);
    },
    async [Symbol.asyncDispose]() {
      for (const each of [gateway, one!, all!, upstream, part]) await each[Symbol.asyncDispose]();
    },
  };
  return fixture;
}

const anyState = fc.constantFrom('cold', 'warm', 'stale', 'down', 'no-cache');
const WIDE = '{ workloadCosts(filter: { multiCluster: true }) { totals { totalCost } } }';

interface Scenario {
  readonly fleet: AnyFleet;
  readonly caller: number;
  readonly others: readonly { readonly caller: number; readonly isBefore: boolean }[];
  readonly state: string;
}

/** The reference for a caller that may see everything. */
function allow({ parts, ...operation }: Operation): Operation {
  const free = parts.map((part) => ({ ...part, spots: part.spots.map((spot) => ({ ...spot, isForbidden: false })) }));
  return { ...operation, parts: free, isWhereForbidden: false };
}

/** Sends the operation as the caller, concurrently with others, and again when the cache has aged or ScaleOps is down. */
async function runScenario(
  fixture: RandomFixture,
  callers: readonly Caller[],
  scenario: Scenario,
  operation: Operation,
) {
  const { gateway, clock, upstream } = fixture;
  const { fleet, others, state } = scenario;
  const caller = callers[scenario.caller]!;
  const sendAs = ({ headers }: Caller, more = {}) =>
    gateway.send(operation.query, operation.variables, { headers: { ...headers, ...more } });
  const sendOthers = (isBefore: boolean) =>
    others
      .filter((other) => other.isBefore === isBefore)
      .map(async (other) => {
        const { entry, headers } = callers[other.caller]!;
        const wide = gateway.send(WIDE, undefined, { headers });
        const response = await sendAs(callers[other.caller]!);
        await wide;
        return { entry, response };
      });
  await fixture.serve(fleet);
  const before = await Promise.all(sendOthers(true));
  const [first, ...meanwhile] = await Promise.all([sendAs(caller), ...sendOthers(false)]);
  const expected = await fixture.reference(caller.entry, operation);
  expectPermittedOnly(first, operation, expected, caller.entry);
  for (const { entry, response } of [...before, ...meanwhile]) {
    if (entry === 'all')
      expectPermittedOnly(response, allow(operation), await fixture.reference('all', operation), entry);
  }
  if (state === 'stale') clock.advance(61_000);
  if (state === 'no-cache' || state === 'down') clock.advance(10_000);
  if (state === 'down') {
    clock.advance(600_000);
    upstream.fail(500);
  }
  if (state === 'cold') return;
  const again = await sendAs(caller, state === 'no-cache' ? { 'cache-control': 'no-cache' } : {});
  expectPermittedOnly(again, operation, expected, caller.entry, state === 'down');
  await clock.idle();
}

describe.each(['api-key', 'jwt'] as const)('with %s, a caller with partial permissions', (kind) => {
  let fixture: RandomFixture;
  let callers: readonly Caller[];
  let issuer: Issuer | undefined;

  beforeAll(async () => {
    const names = ENTRIES.map((_, index) => nameOfCaller(index));
    const permissions = {
      callers: Object.fromEntries(ENTRIES.map((entry, index) => [nameOfCaller(index), entry])),
      claims: Object.fromEntries(CLAIM_ENTRIES.map((entry, index) => [`group-${index}`, entry])),
    };
    if (kind === 'api-key') {
      fixture = await startRandomFixture({}, permissions, names);
      callers = ENTRIES.map((entry, index) => ({
        entry,
        headers: { 'x-api-key': keyOf(nameOfCaller(index)) },
      }));
      return;
    }
    const key = await createSigningKey('one');
    issuer = await startIssuer(key);
    const jwt = {
      GATEWAY_AUTH: 'jwt',
      GATEWAY_JWT_ISSUER: ISSUER,
      GATEWAY_JWT_AUDIENCE: AUDIENCE,
      GATEWAY_JWT_JWKS_URL: issuer.url,
    };
    fixture = await startRandomFixture(jwt, permissions);
    // One in three has its own entry, and all have groups, some of them unknown.
    callers = await Promise.all(
      ENTRIES.map(async (own, index) => {
        const groups = [index % 40, (index * 7) % 40, (index * 11) % 40].slice(0, 1 + (index % 3));
        const isNamed = index % 3 === 0;
        const entries = [...groups.map((group) => CLAIM_ENTRIES[group]!), ...(isNamed ? [own] : [])];
        const claims = {
          sub: isNamed ? nameOfCaller(index) : 'nobody',
          exp: 10_000_000_000,
          groups: [...groups.map((group) => `group-${group}`), 'no-group', 7],
        };
        const token = await signToken(key, claimsAt(Date.now(), claims));
        return {
          entry: entries.includes('all') ? 'all' : (entries as Exclude<Entry, 'all'>[]).flat(),
          headers: { authorization: `Bearer ${token}` },
        };
      }),
    );
  });
  afterAll(async () => {
    await fixture[Symbol.asyncDispose]();
    await issuer?.[Symbol.asyncDispose]();
  });

  test('gets the responses of a ScaleOps with only its part of the fleet, like all other callers', async () => {
    const anyCaller = fc.nat({ max: ENTRIES.length - 1 });
    const unlimited = ENTRIES.map((_, index) => index).filter((index) => callers[index]?.entry === 'all');
    const anyOther = fc.oneof(anyCaller, fc.constantFrom(...unlimited));
    const property = fc.asyncProperty(
      fc.record({
        fleet: anyFleet,
        caller: anyCaller,
        others: fc.array(fc.record({ caller: anyOther, isBefore: fc.boolean() }), { maxLength: 2 }),
        state: anyState,
      }),
      fc.gen(),
      async (scenario, gen) => {
        const { entry } = callers[scenario.caller]!;
        const operation = gen(anyOperation, entry, scenario.fleet);
        await runScenario(fixture, callers, scenario, operation);
      },
    );
    // Shrinking takes long, and failures are readable without it.
    await fc.assert(property, { ...SEED, numRuns: kind === 'jwt' ? RUNS / 2 : RUNS, endOnFailure: true });
  }, 300_000);
});

// ------------------------------------------------------------------------------------------------------ what is asked

interface Fixture extends AsyncDisposable {
  readonly upstream: FleetUpstream;
  readonly gateway: RestrictedGateway;
  readonly clock: IdleClock;
  /** The requests to ScaleOps since the last call. */
  requested(): readonly Readonly<Record<string, unknown>>[];
}

const row = (clusterName: string, namespace: string, more: RawRow = {}): RawRow => ({
  id: `${clusterName}/${namespace}`,
  clusterName,
  namespace,
  workloadName: 'cart',
  workloadType: 'Deployment',
  amountOfWorkloads: 1,
  totalCost: 1,
  ...more,
});
const ROWS = ['a', 'b', 'c'].flatMap((cluster) => ['x', 'y', 'z'].map((namespace) => row(cluster, namespace)));

async function startFixture(
  callers: Readonly<Record<string, Entry>>,
  options: Partial<Pick<RestrictedOptions, 'env' | 'change'>> & { readonly rows?: readonly RawRow[] } = {},
): Promise<Fixture> {
  const { rows = ROWS, ...rest } = options;
  const clock = createIdleClock();
  const upstream = await startFleetUpstream();
  upstream.serve({ rows, isCaseSensitive: true, listsAllClusters: true });
  const gateway = startRestrictedGateway({
    url: upstream.url,
    callers: Object.keys(callers),
    permissions: { callers },
    clock,
    ...rest,
  });
  return {
    upstream,
    gateway,
    clock,
    requested: () => upstream.received.splice(0).map(({ parameters }) => parameters),
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}

const NODES = 'rows { totalCount nodes { clusterName namespace } }';
const placeOf = ({ clusterName, namespace }: RawRow) => `${String(clusterName)}/${String(namespace)}`;
const placesOf = (report: unknown): string[] =>
  ((at(report, ['rows', 'nodes']) ?? []) as readonly { clusterName: string; namespace: string }[]).map(
    ({ clusterName, namespace }) => `${clusterName}/${namespace}`,
  );

describe('for a caller with partial permissions ScaleOps gets a request for', () => {
  const AB: Entry = [{ clusters: ['b', 'a'] }];
  const MIXED: Entry = [{ clusters: ['a'] }, { clusters: ['b'], namespaces: ['x'] }];
  const SPACES: Entry = [{ namespaces: ['x', 'y'] }];
  const MULTI = { multiCluster: true };

  test.each<[string, Entry, string, object]>([
    ['the permitted clusters', AB, '', { clusterFilters: ['a', 'b'], ...MULTI }],
    ['the permitted cluster of the filter', AB, 'clusters: { names: ["b"] }', { clusterFilters: ['b'], ...MULTI }],
    [
      'the permitted clusters that are not excluded',
      AB,
      'clusters: { names: ["b", "c"], exclude: true }',
      { clusterFilters: ['a'], ...MULTI },
    ],
    [
      'the permitted clusters when all are excluded',
      AB,
      'clusters: { names: ["b", "a"], exclude: true }',
      { clusterFilters: ['a', 'b'], ...MULTI },
    ],
    ['namespaces', SPACES, '', { namespaces: ['x', 'y'] }],
    [
      'the permitted namespaces that are not excluded',
      SPACES,
      'namespaces: { names: ["y", "z"], exclude: true }',
      { namespaces: ['x'] },
    ],
    [
      'the permitted namespaces when all are excluded',
      SPACES,
      'namespaces: { names: ["y", "x"], exclude: true }',
      { namespaces: ['x', 'y'] },
    ],
    ['a whole cluster', MIXED, 'clusters: { names: ["a"] }', { clusterFilters: ['a'], ...MULTI }],
    [
      'the permitted namespaces of a cluster',
      MIXED,
      'clusters: { names: ["b"] }',
      { clusterFilters: ['b'], namespaces: ['x'], ...MULTI },
    ],
    [
      'all permitted clusters when the permissions differ by cluster',
      MIXED,
      '',
      { clusterFilters: ['a', 'b'], ...MULTI },
    ],
    [
      'a namespace in the cluster where it is permitted',
      MIXED,
      'namespaces: { names: ["z"] }',
      { clusterFilters: ['a'], namespaces: ['z'], ...MULTI },
    ],
    [
      'the permitted clusters with multiCluster: false',
      AB,
      'multiCluster: false',
      { clusterFilters: ['a', 'b'], multiCluster: 'false' },
    ],
    [
      'the filter itself when it excludes a name in another case',
      [{ clusters: ['a', 'A'] }],
      'clusters: { names: ["A"], exclude: true }',
      { clusterFilters: ['A'], isClusterExclude: true, ...MULTI },
    ],
  ])('%s', async (_what, entry, filter, expected) => {
    await using fixture = await startFixture({ ann: entry });
    const given = filter === '' ? '' : `(filter: { ${filter} })`;
    const response = await fixture.gateway.sendAs('ann', `{ workloadCosts${given} { ${NODES} } }`);
    expect(response.errors).toEqual([]);
    expect(fixture.requested()).toEqual([expected]);
    for (const place of placesOf(response.data.workloadCosts)) {
      const [clusterName, namespace] = place.split('/');
      expect(mayShow(entry, { clusterName, namespace })).toBe(true);
    }
  });

  test.each<[string, Entry, string, object]>([
    ['the permitted clusters', AB, '', { clusters: ['a', 'b'], groupByCluster: true, ...MULTI }],
    ['the cluster of the filter', AB, 'clusters: ["a"]', { clusters: ['a'], groupByCluster: true, ...MULTI }],
    [
      'cluster and namespace',
      MIXED,
      'groupBy: { labels: ["team"] }',
      { clusters: ['a', 'b'], groupByCluster: true, groupByNamespace: true, groupByLabels: ['team'], ...MULTI },
    ],
    ['cluster and namespace without a cluster filter', SPACES, '', { groupByCluster: true, groupByNamespace: true }],
  ])('sums by %s', async (_what, entry, filter, expected) => {
    await using fixture = await startFixture({ ann: entry });
    const given = filter === '' ? '' : `(filter: { ${filter} })`;
    const response = await fixture.gateway.sendAs('ann', `{ aggregatedCosts${given} { totals { totalCost } } }`);
    expect(response.errors).toEqual([]);
    expect(fixture.requested()).toEqual([expected]);
  });

  test('a cluster and a namespace as entities', async () => {
    await using fixture = await startFixture({ ann: MIXED });
    const send = (query: string) => fixture.gateway.sendAs('ann', `{ ${query} { costs { ${NODES} } } }`);
    expect(placesOf((await send('kubernetesCluster(name: "b")')).data.kubernetesCluster.costs)).toEqual(['b/x']);
    expect(fixture.requested()).toEqual([{ clusterFilters: ['b'], namespaces: ['x'], ...MULTI }]);
    expect(
      placesOf((await send('kubernetesNamespace(clusterName: "a", name: "z")')).data.kubernetesNamespace.costs),
    ).toEqual(['a/z']);
    expect(fixture.requested()).toEqual([{ clusterFilters: ['a'], namespaces: ['z'], ...MULTI }]);
  });

  test('nothing, when the names are not permitted', async () => {
    await using fixture = await startFixture({ ann: MIXED });
    const response = await fixture.gateway.sendAs(
      'ann',
      `{
        one: workloadCosts(filter: { clusters: { names: ["a", "c"] } }) { clusters }
        two: workloadCosts(filter: { clusters: { names: ["b"] }, namespaces: { names: ["x", "y"] } }) { clusters }
        three: aggregatedCosts(filter: { clusters: ["c"] }) { clusters }
        four: kubernetesCluster(name: "c") { name costs { clusters } }
        five: kubernetesNamespace(clusterName: "b", name: "y") { name costs { clusters } }
        six: kubernetesWorkload(clusterName: "c", namespace: "x", type: "Deployment", name: "cart") { cost { id } }
        seven: kubernetesCluster(name: "a") { costs(filter: { clusters: { names: ["c"] } }) { clusters } }
        eight: _entities(representations: [{ __typename: "KubernetesCluster", name: "c" }, { __typename: "KubernetesCluster", name: "a" }]) {
          ... on KubernetesCluster { costs(filter: { last: "1d" }) { clusters } }
        }
      }`,
    );
    expect(response.status).toBe(200);
    expect(response.errors.map(({ path, message, extensions }) => [path?.join('.'), extensions.code, message])).toEqual(
      expect.arrayContaining([
        ['one', 'FORBIDDEN', 'You do not have access to the cluster in filter.clusters.names[1].'],
        ['two', 'FORBIDDEN', 'You do not have access to the namespace in filter.namespaces.names[1].'],
        ['three', 'FORBIDDEN', 'You do not have access to the cluster in filter.clusters[0].'],
        ['four.costs', 'FORBIDDEN', 'You do not have access to this cluster.'],
        ['five.costs', 'FORBIDDEN', 'You do not have access to this namespace.'],
        ['six.cost', 'FORBIDDEN', 'You do not have access to this cluster.'],
        ['seven.costs', 'FORBIDDEN', 'You do not have access to the cluster in filter.clusters.names[0].'],
        ['eight.0.costs', 'FORBIDDEN', 'You do not have access to this cluster.'],
      ]),
    );
    expect(response.errors).toHaveLength(8);
    expect(response.data).toEqual({
      one: null,
      two: null,
      three: null,
      four: { name: 'c', costs: null },
      five: { name: 'y', costs: null },
      six: { cost: null },
      seven: { costs: null },
      eight: [{ costs: null }, { costs: { clusters: ['a'] } }],
    });
    expect(fixture.requested()).toEqual([{ clusterFilters: ['a'], multiCluster: true, range: '1d' }]);
  });

  test('one report per set of permissions, which callers with the same set share', async () => {
    const callers = { ann: AB, bob: [{ clusters: ['a', 'b'] }], cleo: SPACES, dora: 'all', eve: 'all' } as const;
    await using fixture = await startFixture(callers, { env: MULTI_CLUSTER });
    for (const caller of Object.keys(callers)) {
      await fixture.gateway.sendAs(caller, `{ workloadCosts { ${NODES} } }`);
      await fixture.gateway.sendAs(caller, `{ workloadCosts { totals { totalCost } } }`);
    }
    expect(fixture.requested()).toEqual([
      { clusterFilters: ['a', 'b'], ...MULTI },
      { namespaces: ['x', 'y'], ...MULTI },
      { ...MULTI },
    ]);
    // The cached report of a caller with all permissions contains the others' entities too.
    const response = await fixture.gateway.sendAs('ann', `{ kubernetesCluster(name: "b") { costs { ${NODES} } } }`);
    expect(placesOf(response.data.kubernetesCluster.costs)).toEqual(['b/x', 'b/y', 'b/z']);
    expect(fixture.requested()).toEqual([]);
  });
});

describe('a caller with partial permissions', () => {
  const PART: Entry = [{ clusters: ['a'] }, { clusters: ['b'], namespaces: ['x'] }];
  const OWN = ['a/x', 'a/y', 'a/z', 'b/x'];

  test.each<[string, string]>([
    ['another case', 'A'],
    ['blanks around it', ' a'],
    ['a blank after it', 'a '],
    ['a null byte', 'a\u0000'],
    ['a line end', 'a\n'],
    ['a similar letter', '\u0430'],
    ['a full-width letter', '\uff41'],
    ['a soft hyphen', 'a\u00ad'],
    ['a combining mark', 'a\u0301'],
    ['several names in one text', 'a,b'],
    ['a pattern', 'a*'],
    ['a wildcard', '*'],
    ['the name of an object property', 'constructor'],
    ['a name outside the permissions', 'c'],
    ['an unpaired surrogate', '\ud83d'],
  ])('finds nothing by a name with %s', async (_what, name) => {
    // `where` matches names in any case: see the next test.
    const where = name === 'A' ? '' : 'where: workloadCosts { rows(where: { clusterNames: [$name] }) { totalCount } }';
    const rows = [...ROWS, row(name, 'x', { workloadName: 'canary-outside' })];
    await using fixture = await startFixture({ ann: [{ clusters: ['a'] }] }, { rows });
    const response = await fixture.gateway.sendAs(
      'ann',
      `query ($name: String!) {
        root: workloadCosts(filter: { clusters: { names: [$name] } }) { ${NODES} }
        sums: aggregatedCosts(filter: { clusters: [$name] }) { ${NODES} }
        kubernetesCluster(name: $name) { costs { ${NODES} } }
        kubernetesNamespace(clusterName: $name, name: "x") { costs { ${NODES} } }
        ${where}
      }`,
      { name },
    );
    expect(response.errors).toHaveLength(where === '' ? 4 : 5);
    for (const { extensions } of response.errors) expect(extensions.code).toMatch(/^(?:FORBIDDEN|BAD_USER_INPUT)$/);
    expect(response.text).not.toContain('canary');
    expect(response.text).not.toContain('totalCount');
  });

  test('finds only its own rows by a name in another case in `where`', async () => {
    const rows = [...ROWS, row('A', 'x', { workloadName: 'canary-outside' })];
    await using fixture = await startFixture({ ann: [{ clusters: ['a'] }] }, { rows });
    const response = await fixture.gateway.sendAs(
      'ann',
      '{ workloadCosts { rows(where: { clusterNames: ["A"], namespaces: ["X"] }) { nodes { clusterName namespace } } } }',
    );
    expect(response.errors).toEqual([]);
    expect(response.data.workloadCosts.rows.nodes).toEqual([{ clusterName: 'a', namespace: 'x' }]);
  });

  test('may exclude forbidden names and search for them, and gets only its own rows', async () => {
    await using fixture = await startFixture({ ann: PART });
    const response = await fixture.gateway.sendAs(
      'ann',
      `{
        out: workloadCosts(filter: { clusters: { names: ["c"], exclude: true }, namespaces: { names: ["q"], exclude: true } }) { ${NODES} }
        none: workloadCosts(filter: { clusters: { names: ["a", "b"], exclude: true } }) { clusters ${NODES} totals { rowCount totalCost } }
        search: workloadCosts { rows(where: { search: "c/" }) { totalCount } totals(where: { search: "c" }) { totalCost } }
      }`,
    );
    expect(response.errors).toEqual([]);
    expect(placesOf(response.data.out)).toEqual(OWN);
    expect(response.data.none).toEqual({
      clusters: [],
      rows: { totalCount: 0, nodes: [] },
      totals: { rowCount: 0, totalCost: 0 },
    });
    // "cart" contains a c, and each of its own rows costs 1.
    expect(response.data.search).toEqual({ rows: { totalCount: 0 }, totals: { totalCost: OWN.length } });
  });

  test('sees each of its rows once across pages, in both directions', async () => {
    await using fixture = await startFixture({ ann: PART, bob: 'all' }, { env: MULTI_CLUSTER });
    const page = async (caller: string, way: string): Promise<{ places: string[]; cursor: string; more: boolean }> => {
      const { data, errors } = await fixture.gateway.sendAs(
        caller,
        `{ workloadCosts { rows(orderBy: [{ field: NAMESPACE }], ${way}) {
          totalCount nodes { clusterName namespace } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }`,
      );
      expect(errors).toEqual([]);
      const { totalCount, pageInfo } = data.workloadCosts.rows;
      expect(totalCount).toBe(caller === 'bob' ? ROWS.length : OWN.length);
      const isBack = way.startsWith('last');
      return {
        places: placesOf(data.workloadCosts),
        cursor: (isBack ? pageInfo.startCursor : pageInfo.endCursor) as string,
        more: (isBack ? pageInfo.hasPreviousPage : pageInfo.hasNextPage) as boolean,
      };
    };
    for (const [size, from] of [
      ['first: 1', 'after'],
      ['first: 3', 'after'],
      ['last: 2', 'before'],
    ] as const) {
      const seen: string[] = [];
      let next = '';
      for (let more = true; more;) {
        const got = await page('ann', `${size}${next}`);
        seen.push(...got.places);
        next = `, ${from}: ${JSON.stringify(got.cursor)}`;
        ({ more } = got);
      }
      expect(seen.sort()).toEqual(OWN);
    }
    // A cursor of a caller with more permissions leads to permitted rows only, and vice versa.
    for (let place = 1; place <= ROWS.length; place += 1) {
      const { cursor } = await page('bob', `first: ${place}`);
      for (const way of [`first: 9, after: "${cursor}"`, `last: 9, before: "${cursor}"`]) {
        const { places } = await page('ann', way);
        expect(places.filter((each) => !OWN.includes(each))).toEqual([]);
      }
      await page('bob', `first: 2, after: ${JSON.stringify((await page('ann', 'first: 2')).cursor)}`);
    }
  });

  test('gets its rows when its permitted names are too many to send, or do not exist', async () => {
    const many = Array.from({ length: 1_500 }, (_, index) => `cluster-${index}`);
    const entry = [{ clusters: [...many, 'a'] }, { clusters: ['nowhere'], namespaces: ['x'] }];
    await using fixture = await startFixture({ ann: entry, bob: [{ clusters: ['nowhere'] }] });
    const response = await fixture.gateway.sendAs(
      'ann',
      `{ workloadCosts { clusters ${NODES} } aggregatedCosts { ${NODES} } }`,
    );
    expect(response.errors).toEqual([]);
    expect(response.data.workloadCosts.clusters).toEqual(['a']);
    expect(placesOf(response.data.workloadCosts)).toEqual(['a/x', 'a/y', 'a/z']);
    expect(response.data.aggregatedCosts.rows.totalCount).toBe(1);
    expect(fixture.requested()).toContainEqual({ multiCluster: true });
    const { data } = await fixture.gateway.sendAs(
      'bob',
      `{ workloadCosts { clusters ${NODES} totals { totalCost } } }`,
    );
    expect(data.workloadCosts).toEqual({
      clusters: [],
      rows: { totalCount: 0, nodes: [] },
      totals: { totalCost: 0 },
    });
  });

  test('gets its rows when a batch is too large and is repeated in halves', async () => {
    const long = 'l'.repeat(300);
    const rows = ['a', 'b', 'c', 'd'].flatMap((cluster) =>
      ['x', 'y'].map((space) => row(cluster, space, { services: [long] })),
    );
    await using fixture = await startFixture(
      { ann: [{ clusters: ['a', 'b', 'c'] }, { clusters: ['d'], namespaces: ['x'] }] },
      {
        rows,
        change: (config) => ({ ...config, upstream: { ...config.upstream, maxResponseBytes: 2_400 } }),
      },
    );
    const response = await fixture.gateway.sendAs(
      'ann',
      `{ _entities(representations: [${['a', 'b', 'c', 'd'].map((name) => `{ __typename: "KubernetesCluster", name: "${name}" }`).join()}]) {
        ... on KubernetesCluster { name costs { clusters ${NODES} } } } }`,
    );
    expect(response.errors).toEqual([]);
    const reports = response.data._entities as readonly { readonly costs: unknown }[];
    expect(reports.map(({ costs }) => placesOf(costs))).toEqual([
      ['a/x', 'a/y'],
      ['b/x', 'b/y'],
      ['c/x', 'c/y'],
      ['d/x'],
    ]);
    expect(fixture.requested().length).toBeGreaterThan(1);
  });

  test('sees nothing forbidden in errors and logs while ScaleOps fails, whatever is cached', async () => {
    await using fixture = await startFixture(
      { ann: PART, bob: 'all' },
      { env: { ...MULTI_CLUSTER, CACHE_STALE_IF_ERROR_SECONDS: '0', CACHE_STALE_SECONDS: '0' } },
    );
    await fixture.gateway.sendAs('bob', `{ workloadCosts { ${NODES} } }`);
    for (const status of [400, 401, 403, 404, 429, 500, 503]) {
      fixture.clock.advance(120_000);
      fixture.upstream.fail(status, JSON.stringify({ error: 'canary-of-c' }));
      const response = await fixture.gateway.sendAs(
        'ann',
        `{ workloadCosts { ${NODES} } kubernetesCluster(name: "a") { costs { ${NODES} } } }`,
      );
      expect(response.data).toEqual({ workloadCosts: null, kubernetesCluster: { costs: null } });
      expect(response.text).not.toContain('canary');
    }
    expect(JSON.stringify(fixture.gateway.log)).not.toContain('canary');
  });
});

describe('data outside the permissions of a caller', () => {
  /** Every text and number is unique, except for label keys, which operations contain. */
  const outside = (index: number): RawRow => ({
    id: `canary-id-${index}`,
    clusterName: `canary-cluster-${index % 3}`,
    namespace: `canary-namespace-${index % 2}`,
    workloadName: `canary-workload-${index}`,
    workloadType: `CanaryType${index}`,
    amountOfWorkloads: 7_654_321,
    totalCost: 98_765_432.125 + index,
    hourlyCost: 98_765_433.125,
    savingsAvailable: 98_765_434.125,
    savingsAvailableWithReplicas: 98_765_435.125,
    onDemandHours: 98_765_436.125,
    spotHours: 98_765_437.125,
    ownerCpuRequest: 98_765_438.125,
    ownerGpuRequest: 98_765_439.125,
    ownerMemoryRequest: 98_765_440.125,
    replicas: 98_765_441.125,
    labels: [{ key: 'team', value: 'canary-label' }],
    annotations: [{ key: 'outside-annotation', value: 'canary-value' }],
    ownerLabels: { team: 'canary-team', 'outside-key': 'x' },
    services: ['canary-service'],
  });
  const PART: Entry = [{ clusters: ['a'] }, { clusters: ['b'], namespaces: ['x'] }, { namespaces: ['only'] }];
  const QUERIES = [
    `{ workloadCosts(filter: { multiCluster: true }) { ...Report ...Nested } }`,
    `{ workloadCosts { ...Report ...Nested } }`,
    `{ workloadCosts(filter: { clusters: { names: ["a", "b"], exclude: true }, multiCluster: true }) { ...Report ...Nested } }`,
    `{ a: aggregatedCosts(filter: { groupBy: { cluster: true } }) { ...Report ...Nested }
       b: aggregatedCosts(filter: { multiCluster: true, groupBy: { labels: ["team", "outside-key"], annotations: ["outside-annotation"] } }) { ...Report ...Nested }
       c: aggregatedCosts(filter: { multiCluster: true, groupBy: { namespace: true } }) { ...Report ...Nested }
       d: aggregatedCosts(filter: { multiCluster: true }) { ...Report ...Nested } }`,
    `{ _entities(representations: [{ __typename: "KubernetesCluster", name: "a" }, { __typename: "KubernetesCluster", name: "b" },
        { __typename: "KubernetesNamespace", clusterName: "b", name: "x" }, { __typename: "KubernetesCluster", name: "CANARY-cluster-1" },
        { __typename: "KubernetesWorkload", clusterName: "a", namespace: "x", type: "Deployment", name: "cart" }]) {
        ... on KubernetesCluster { costs { ...Report ...Nested } } ... on KubernetesNamespace { costs { ...Report ...Nested } }
        ... on KubernetesWorkload { cost { ${ROW} } } } }`,
  ];
  const VARIABLES = [
    { by: [{ field: 'CLUSTER' }, { field: 'NAMESPACE' }], count: 3, orderBy: [{ field: 'TOTAL_COST' }] },
    { by: [{ label: 'team' }, { label: 'outside-key' }], count: 1, where: { search: 'anary' } },
    { by: [{ field: 'WORKLOAD_NAME' }, { field: 'WORKLOAD_TYPE' }], count: 2, where: { minTotalCost: 98_765_432 } },
    {
      by: [{ label: 'outside-annotation' }],
      count: 9,
      where: { dimensions: [{ by: { label: 'team' }, values: ['canary-team'] }] },
    },
  ];

  test.each([false, true])(
    'appears in no response, header or log line, with other callers at the same time (ScaleOps distinguishes case: %s)',
    async (isCaseSensitive) => {
      const own = ROWS.filter((each) => mayShow(PART, each));
      const rows = Array.from({ length: 12 }, (_, index) => [outside(index), own[index % own.length]!]).flat();
      await using fixture = await startFixture({
        ann: PART,
        bob: 'all',
        cleo: [{ namespaces: ['canary-namespace-1'] }],
      });
      const canary = /canary-|7654321|9876543|CanaryType/;
      for (const query of QUERIES) {
        for (const variables of VARIABLES) {
          fixture.clock.advance(FOREVER_MS);
          fixture.upstream.serve({ rows, isCaseSensitive, listsAllClusters: true });
          const text = `query ($where: CostRowsWhere, $orderBy: [CostRowOrder!], $count: Int, $by: [CostDimensionInput!]!) ${query} ${REPORT} ${NESTED}`;
          const asAnn = () =>
            fixture.gateway.sendAs('ann', text, variables, { 'apollo-federation-include-trace': 'ftv1' });
          const [first, other] = await Promise.all([
            asAnn(),
            fixture.gateway.sendAs('bob', text, variables),
            fixture.gateway.sendAs('cleo', text, variables),
          ]);
          // Otherwise the test proves nothing.
          expect(other.text).toMatch(query.startsWith('{ _entities') ? /data/ : canary);
          for (const response of [first, await asAnn()]) {
            const { trace, ...extensions } =
              (JSON.parse(response.text) as { extensions?: Record<string, unknown> }).extensions ?? {};
            const output = [
              JSON.stringify(response.data),
              JSON.stringify(response.errors),
              JSON.stringify([...response.headers]),
              JSON.stringify(extensions),
              Buffer.from(typeof trace === 'string' ? trace : '', 'base64').toString('latin1'),
            ].join('\n');
            // Cursors contain encoded texts.
            const cursors = [...response.text.matchAll(/[cC]ursor":"([^"]*)"/g)].map(([, each = '']) =>
              Buffer.from(each, 'base64url'),
            );
            expect(`${output}\n${cursors.map(String).join('\n')}`).not.toMatch(canary);
          }
        }
      }
      expect(JSON.stringify(fixture.gateway.log)).not.toMatch(canary);
    },
  );
});

describe.skipIf(isRedisSkipped)('two gateways on one Redis', () => {
  test('serve callers with different permissions their own rows, whichever caller fetched the report', async () => {
    await using redis = await startWatchedRedis();
    const fixture = { callers: fc.sample(anyEntry, { ...SEED, numRuns: 20 }) };
    const callers = Object.fromEntries(fixture.callers.map((entry, index) => [nameOfCaller(index), entry]));
    const env = { CACHE_REDIS_URL: redis.url };
    await using one = await startFixture(callers, { env });
    const two = startRestrictedGateway({
      url: one.upstream.url,
      callers: Object.keys(callers),
      permissions: { callers },
      env,
      clock: one.clock,
    });
    await vi.waitFor(() => {
      for (const { log } of [one.gateway, two]) expect(log.map(({ msg }) => msg)).toContain(CONNECTED);
    });
    for (const filter of [
      '',
      '(filter: { multiCluster: true })',
      '(filter: { namespaces: { names: ["q"], exclude: true } })',
    ]) {
      for (const [caller, entry] of Object.entries(callers)) {
        const responses = [];
        for (const gateway of [one.gateway, two]) {
          responses.push(
            await gateway.sendAs(caller, `{ workloadCosts${filter} { clusters ${NODES} totals { totalCost } } }`),
          );
          await redis.watch.settled();
        }
        for (const { data, errors } of responses) {
          expect(errors).toEqual([]);
          const isMulti = filter.includes('multi') || (entry !== 'all' && entry.every(({ clusters }) => clusters));
          const own = ROWS.filter((each) => mayShow(entry, each) && (isMulti || each.clusterName === 'a'));
          expect(placesOf(data.workloadCosts)).toEqual(own.map(placeOf));
          expect(data.workloadCosts.totals.totalCost).toBe(own.length);
          if (entry !== 'all')
            expect(data.workloadCosts.clusters).toEqual([...new Set(own.map((each) => each.clusterName))]);
        }
      }
    }
    // The replicas share the fetched report, not the part of one caller.
    const shared = [one.gateway, two].flatMap(({ log }) =>
      log.map(({ cache }) => (cache as { shared?: number } | undefined)?.shared ?? 0),
    );
    expect(shared.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(0);
    await two[Symbol.asyncDispose]();
  });
});
