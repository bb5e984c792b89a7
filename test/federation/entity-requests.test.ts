// Parts of entity loading: planned calls for many entities, reports that cover an entity, parts that are cut from a
// report, and related reports of a cache. Compared with plain models, written independently of the code.

import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';

import type { PrincipalIndex } from '../../src/cache/memory/principal-index.js';
import type { ReportLookup } from '../../src/cache/report-lookup.js';
import { UpstreamError } from '../../src/errors.js';
import { planCalls, type PlannedCall } from '../../src/report/entities/plan-calls.js';
import { decodeReport } from '../../src/report/parse/json-parser.js';
import { toRequestKey, type ReportRequest, type WorkloadCostsRequest } from '../../src/report/request.js';
import {
  estimateBreadth,
  createCoverage,
  createEntityRequests,
  relatedKey,
  toRootRequest,
  type EntityRef,
  type EntityRequest,
} from '../../src/report/entities/entity-request.js';
import type { FetchedReport } from '../../src/upstream/client/client.js';
import type { Principal } from '../../src/upstream/principal.js';
import { createManualClock } from '../kit/time/clock.js';
import { settle } from '../kit/time/deferred.js';
import { principalOf } from '../kit/identity/principal.js';
import { createTestCache } from '../kit/report-cache.js';
import { anyReport, NAMES, SUMMED, type UpstreamReport } from '../kit/reference.js';
import { readReport, type SyncReport } from '../kit/report.js';

const FLEET: WorkloadCostsRequest = { report: 'workloads', range: '7d', multiCluster: true };

const isDefined = <T>(value: T | undefined): value is T => value !== undefined;
const sameCase = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

/** The names that `request` includes, without the names that its own conditions exclude. */
function entityRequestsOf(entities: readonly EntityRef[], request = FLEET): EntityRequest[] {
  return entities.map(createEntityRequests(request)).filter(isDefined);
}

function plan(entities: readonly EntityRef[], request = FLEET): PlannedCall[] {
  const entityRequests = entityRequestsOf(entities, request);
  return planCalls(entityRequests[0]?.base ?? request, entityRequests);
}

/** The lists of each call, for inspection. */
const lists = (calls: readonly PlannedCall[]) =>
  calls.map(({ request: { clusterFilters, namespaces } }) => [clusterFilters, namespaces]);

const cluster = (at: number): string => `cluster-${at}`;
const namespace = (at: number): string => `namespace-${at}`;
const place = (of: number, at: number): EntityRef => ({ clusterName: cluster(of), namespace: namespace(at) });
const inCapitals = ({ clusterName, namespace: name }: EntityRef): EntityRef => ({
  clusterName: clusterName.toUpperCase(),
  namespace: name?.toUpperCase(),
});
const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

/** `count` entities of workloads, over limited numbers of clusters and namespaces. */
const anySpread = (count: number, maxClusters: number, maxNamespaces: number): fc.Arbitrary<EntityRef[]> =>
  fc
    .tuple(fc.integer({ min: 1, max: maxClusters }), fc.integer({ min: 1, max: maxNamespaces }))
    .chain(([clusters, namespaces]) =>
      fc.array(
        fc.tuple(fc.nat({ max: clusters - 1 }), fc.nat({ max: namespaces - 1 })).map(([of, at]) => place(of, at)),
        { minLength: count, maxLength: count },
      ),
    );

/** Entities of one operation: mostly namespaces, some whole clusters, some names in capitals. */
const anyEntities = (capitals = 0.05): fc.Arbitrary<EntityRef[]> =>
  fc
    .record({
      clusters: fc.integer({ min: 1, max: 60 }),
      namespaces: fc.integer({ min: 1, max: 3_000 }),
      wholes: fc.constantFrom(0, 0, 0.02, 0.5),
      count: fc.integer({ min: 0, max: 2_500 }),
      seed: fc.nat(),
    })
    .map(({ clusters, namespaces, wholes, count, seed }) => {
      const random = createRandom(seed);
      const below = (limit: number): number => Math.floor(random() * random() * limit);
      return range(count).map(() => {
        const spell = (text: string): string => (random() < capitals ? text.toUpperCase() : text);
        const entity = { clusterName: spell(cluster(below(clusters))) };
        return random() < wholes ? entity : { ...entity, namespace: spell(namespace(below(namespaces))) };
      });
    });

/** Seeded random numbers in [0, 1) (mulberry32), because thousands of them are slow in fast-check. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Whether the response to `request` has the whole entity, by the vendor's documentation: lists are of exact names. */
function admits(request: WorkloadCostsRequest, { base, entity }: EntityRequest): boolean {
  const isIn = (names: readonly string[] | undefined, name: string): boolean => names?.includes(name) ?? true;
  if (!isIn(request.clusterFilters, entity.clusterName) || request.isClusterExclude === true) return false;
  return entity.namespace === undefined
    ? request.namespaces === base.namespaces && request.isNamespaceExclude === base.isNamespaceExclude
    : isIn(request.namespaces, entity.namespace) && request.isNamespaceExclude !== true;
}

/** Names as they are sent: in lower case as well, because ScaleOps may distinguish case. */
const spelled = (names: readonly string[]): Set<string> => new Set(names.flatMap((name) => [name, name.toLowerCase()]));

/** The limit of unneeded namespaces per saved call, as documented in batch.ts. */
const SPARED_CALL = 400;
const MAX_NAMES = 1_000;

describe('planned calls', () => {
  test('cover each entity exactly once and name nothing that was not requested', () => {
    fc.assert(
      fc.property(anyEntities(), (entities) => {
        const entityRequests = entityRequestsOf(entities);
        const calls = planCalls(FLEET, entityRequests);
        const carried = calls.flatMap((call) => call.entityRequests);
        expect(carried).toHaveLength(entityRequests.length);
        expect(new Set(carried)).toEqual(new Set(entityRequests));
        for (const { request, entityRequests: own } of calls) {
          expect(own.filter((each) => !admits(request, each))).toEqual([]);
          const { clusterFilters = [], namespaces, ...rest } = request;
          expect(rest).toEqual(FLEET);
          expect(new Set(clusterFilters)).toEqual(spelled(own.map(({ entity }) => entity.clusterName)));
          if (namespaces === undefined) continue;
          expect(new Set(namespaces)).toEqual(spelled(own.map(({ entity }) => entity.namespace!)));
        }
      }),
      { numRuns: 60 },
    );
  });

  test('name at most 1,000 clusters and 1,000 namespaces each, each name once', () => {
    fc.assert(
      fc.property(anyEntities(), (entities) => {
        for (const [clusters = [], namespaces = []] of lists(plan(entities))) {
          for (const names of [clusters, namespaces]) {
            expect(names.length).toBeLessThanOrEqual(MAX_NAMES);
            expect(new Set(names).size).toBe(names.length);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  test('read at most 400 unneeded namespaces per saved call', () => {
    fc.assert(
      fc.property(anyEntities(0), (entities) => {
        const wholes = new Set(
          entities.filter((entity) => entity.namespace === undefined).map((each) => each.clusterName),
        );
        const wanted = new Map<string, Set<string>>();
        for (const { clusterName, namespace: name } of entities) {
          if (name === undefined || wholes.has(clusterName)) continue;
          wanted.set(clusterName, (wanted.get(clusterName) ?? new Set()).add(name));
        }
        const count = sum([...wanted.values()].map((names) => names.size));
        // Without batching: one call per cluster, or several when it has more namespaces than a list may have.
        const oneByOne = sum([...wanted.values()].map((names) => Math.ceil(names.size / MAX_NAMES)));
        const narrow = lists(plan(entities)).filter(([, namespaces]) => namespaces !== undefined);
        const read = sum(narrow.map(([clusters, namespaces]) => clusters!.length * namespaces!.length));
        expect(narrow.length).toBeLessThanOrEqual(oneByOne);
        expect(read - count).toBeLessThanOrEqual(SPARED_CALL * (oneByOne - narrow.length));
      }),
      { numRuns: 60 },
    );
  });

  test('are the same for the same entities', () => {
    fc.assert(
      fc.property(anyEntities(), (entities) => {
        expect(plan(structuredClone(entities))).toEqual(plan(entities));
      }),
      { numRuns: 30 },
    );
  });

  test('are no calls without entities', () => {
    expect(planCalls(FLEET, [])).toEqual([]);
  });

  test('are one call for 1,000 workloads in 5 clusters and 40 namespaces', () => {
    fc.assert(
      fc.property(anySpread(1_000, 5, 40), (entities) => {
        const calls = plan(entities);
        expect(calls).toHaveLength(1);
        expect(calls[0]!.request.clusterFilters!.length).toBeLessThanOrEqual(5);
        expect(calls[0]!.request.namespaces!.length).toBeLessThanOrEqual(40);
      }),
      { numRuns: 50 },
    );
  });

  test('are one call for a page of 200 workloads', () => {
    fc.assert(
      fc.property(anySpread(200, 200, 200), (entities) => {
        expect(plan(entities)).toHaveLength(1);
      }),
      { numRuns: 300 },
    );
  });

  // The order of clusters follows the page.
  test.each<[string, EntityRef[]]>([
    ['each in a different cluster and namespace', range(200).map((at) => place(at, at))],
    ['each in a different namespace of one cluster', range(200).map((at) => place(0, at))],
    ['each in a different cluster, in one namespace', range(200).map((at) => place(at, 0))],
    ['half of them in one cluster, which comes first', range(200).map((at) => place(Math.max(0, at - 99), at))],
    ['half of them in one cluster, which comes last', range(200).map((at) => place(Math.min(at, 100), at))],
    ['20 clusters of one, and then one of 20', range(40).map((at) => place(Math.min(at, 20), at))],
    ['each in a different cluster and namespace, in capitals', range(200).map((at) => inCapitals(place(at, at)))],
    ['a small cluster and a larger one by turns', range(200).map((at) => place(at % 2 === 0 ? 0 : at, at))],
  ])('are one call for a page of workloads, %s', (_name, entities) => {
    expect(plan(entities)).toHaveLength(1);
  });

  test('name a name in capitals in lower case as well, each once', () => {
    expect(lists(plan([{ clusterName: 'Prod', namespace: 'Api' }]))).toEqual([
      [
        ['Prod', 'prod'],
        ['Api', 'api'],
      ],
    ]);
    const wholes = ['PROD', 'Prod', 'prod', 'eu'].map((clusterName) => ({ clusterName }));
    expect(lists(plan(wholes))).toEqual([[['PROD', 'prod', 'Prod', 'eu'], undefined]]);
  });

  test('name one cluster and one namespace for one workload', () => {
    expect(plan([place(3, 7)])).toEqual([
      {
        request: { ...FLEET, clusterFilters: [cluster(3)], namespaces: [namespace(7)] },
        entityRequests: entityRequestsOf([place(3, 7)]),
      },
    ]);
  });

  test('are two calls for a whole cluster and a namespace of another cluster', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([{ clusterName: cluster(1) }, place(2, 7)], { minLength: 2 }), (entities) => {
        expect(new Set(lists(plan(entities)))).toEqual(
          new Set([
            [[cluster(1)], undefined],
            [[cluster(2)], [namespace(7)]],
          ]),
        );
      }),
    );
  });

  test('are one call for a whole cluster and its namespaces', () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray([{ clusterName: cluster(1) }, place(1, 7), place(1, 8)], { minLength: 3 }),
        (entities) => {
          expect(lists(plan(entities))).toEqual([[[cluster(1)], undefined]]);
        },
      ),
    );
  });

  test('are one call for 1,000 whole clusters, and two for 1,001', () => {
    const wholes = range(1_001).map((at) => ({ clusterName: cluster(at) }));
    expect(plan(wholes.slice(1)).map(({ entityRequests }) => entityRequests.length)).toEqual([1_000]);
    expect(plan(wholes).map(({ entityRequests }) => entityRequests.length)).toEqual([1_000, 1]);
  });

  test('are one call for 1,000 namespaces of a cluster, and two for 1,001', () => {
    const parts = range(1_001).map((at) => place(1, at));
    expect(plan(parts.slice(1)).map(({ request }) => request.namespaces!.length)).toEqual([1_000]);
    const calls = plan(parts);
    expect(calls.map(({ request }) => request.namespaces!.length)).toEqual([1_000, 1]);
    expect(calls.map(({ request }) => request.clusterFilters)).toEqual([[cluster(1)], [cluster(1)]]);
  });

  test('are two calls when names in capitals, which are sent twice, exceed the maximum of a list', () => {
    const parts = range(501).map((at): EntityRef => ({ clusterName: 'c', namespace: `NAMESPACE-${at}` }));
    expect(plan(parts.slice(1)).map(({ request }) => request.namespaces!.length)).toEqual([1_000]);
    expect(plan(parts).map(({ request }) => request.namespaces!.length)).toEqual([1_000, 2]);
  });

  test('are one call for a namespace of 1,000 clusters, and two for 1,001', () => {
    const parts = range(1_001).map((at) => place(at, 1));
    expect(plan(parts.slice(1))).toHaveLength(1);
    expect(plan(parts).map(({ request }) => request.clusterFilters!.length)).toEqual([1_000, 1]);
  });

  test('are several calls when one call would read too many unneeded namespaces', () => {
    const [one, other] = [range(100), range(100).map((at) => at + 100)];
    // 200 clusters with 200 namespaces each would read 20,000 unneeded namespaces.
    const entities = [...one, ...other].flatMap((at) =>
      (at < 100 ? one : other).map((name): EntityRef => ({ clusterName: cluster(at), namespace: namespace(name) })),
    );
    expect(plan(entities).map(({ request }) => [request.clusterFilters!.length, request.namespaces!.length])).toEqual([
      [100, 100],
      [100, 100],
    ]);
  });

  test('are one call while it reads at most 400 unneeded namespaces', () => {
    // 250 namespaces in one cluster and others in another: each is read in both.
    const fork = (others: number): number =>
      plan([...range(250).map((at) => place(0, at)), ...range(others).map((at) => place(1, at + 500))]).length;
    expect([fork(150), fork(151)]).toEqual([1, 2]);
  });

  test('group clusters with the same namespaces', () => {
    // 201 namespaces each: the first two clusters share none, and the third shares one with the first.
    const names = [range(201), range(201).map((at) => at + 500), [...range(200), 500]];
    const entities = names.flatMap((own, of) => own.map((at) => place(of, at)));
    expect(lists(plan(entities)).map(([clusters, namespaces]) => [clusters, namespaces?.length])).toEqual([
      [[cluster(0), cluster(2)], 202],
      [[cluster(1)], 201],
    ]);
  });

  test('have the namespace condition of whole clusters', () => {
    const request = { ...FLEET, namespaces: ['kube-system'], isNamespaceExclude: true };
    expect(plan([{ clusterName: cluster(1) }, { clusterName: cluster(2) }], request)).toMatchObject([
      { request: { ...request, clusterFilters: [cluster(1), cluster(2)] } },
    ]);
  });
});

const SPELLINGS = ['api', 'Api', 'API', 'web', 'WEB', 'db'];
const anyName = fc.constantFrom(...SPELLINGS);
const anyNames = fc.array(anyName, { minLength: 1, maxLength: 3 });
const orAbsent = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(values, { nil: undefined });
const anyEntity: fc.Arbitrary<EntityRef> = fc.record({ clusterName: anyName, namespace: orAbsent(anyName) });
const anyRequest: fc.Arbitrary<WorkloadCostsRequest> = fc.record({
  report: fc.constant('workloads'),
  clusterFilters: orAbsent(anyNames),
  isClusterExclude: orAbsent(fc.boolean()),
  namespaces: orAbsent(anyNames),
  isNamespaceExclude: orAbsent(fc.boolean()),
  multiCluster: orAbsent(fc.boolean()),
  range: orAbsent(fc.constantFrom('1d', '7d')),
  workloadTypes: orAbsent(fc.constantFrom(['Deployment'], ['Job', 'CronJob'])),
});

describe('an entity request', () => {
  test('equals the request of a root query, and is absent when a filter excludes the entity', () => {
    const isIn = (names: readonly string[] | undefined, isExclude: boolean | undefined, name: string): boolean =>
      // An absent list includes everything.
      names?.some((each) => sameCase(each, name)) !== (isExclude ?? false);
    fc.assert(
      fc.property(anyRequest, anyEntity, (request, entity) => {
        const { clusterFilters, isClusterExclude, namespaces, isNamespaceExclude, ...rest } = request;
        const isRequested =
          isIn(clusterFilters, isClusterExclude, entity.clusterName) &&
          (entity.namespace === undefined || isIn(namespaces, isNamespaceExclude, entity.namespace));
        const entityRequest = createEntityRequests(request)(entity);
        expect(entityRequest !== undefined).toBe(isRequested);
        if (entityRequest === undefined) return;
        const condition = entity.namespace === undefined ? { namespaces, isNamespaceExclude } : {};
        expect([entityRequest.base, entityRequest.entity]).toEqual([{ ...rest, ...condition }, entity]);
        expect(entityRequest.baseKey).toBe(toRequestKey(entityRequest.base));
        const requested = entity.namespace === undefined ? condition : { namespaces: [entity.namespace] };
        expect(toRequestKey(toRootRequest(entityRequest))).toBe(
          toRequestKey({ ...rest, clusterFilters: [entity.clusterName], ...requested }),
        );
      }),
      { numRuns: 2_000 },
    );
  });

  test('has the same base key exactly when the conditions mean the same', () => {
    const keyOf = (request: Partial<WorkloadCostsRequest>, entity: EntityRef = place(1, 1)) =>
      createEntityRequests({ report: 'workloads', range: '7d', ...request })(entity)?.baseKey;
    const plain = keyOf({});
    expect(keyOf({ multiCluster: false, isLabelExclude: false, logicalLabel: 'OR' })).toBe(plain);
    expect(keyOf({ namespaces: [namespace(1)] })).toBe(plain);
    expect(keyOf({ clusterFilters: ['another'], isClusterExclude: true })).toBe(plain);
    expect(keyOf({}, { clusterName: 'another' })).toBe(plain);
    expect(keyOf({ workloadTypes: ['a', 'b'] })).toBe(keyOf({ workloadTypes: ['b', 'a', 'a'] }));
    const others: Partial<WorkloadCostsRequest>[] = [
      { range: '30d' },
      { multiCluster: true },
      { workloadTypes: ['a'] },
      { shouldIgnoreWorkloads: true },
      { labels: ['a=b'] },
    ];
    expect(new Set([plain, ...others.map((other) => keyOf(other))]).size).toBe(others.length + 1);
    // A condition on namespaces matters to a cluster, not to one of its namespaces.
    expect(keyOf({ namespaces: ['a'] }, { clusterName: 'another' })).not.toBe(plain);
  });
});

describe('the related key', () => {
  const request: WorkloadCostsRequest = { report: 'workloads', range: '7d' };

  test.each<Partial<WorkloadCostsRequest>>([
    { clusterFilters: ['a'] },
    { clusterFilters: ['a'], isClusterExclude: true },
    { namespaces: ['a'] },
    { namespaces: ['a'], isNamespaceExclude: true },
    { multiCluster: true },
    { multiCluster: false, logicalLabel: 'OR', isLabelExclude: false },
  ])('is the same for %o', (more) => {
    expect(relatedKey({ ...request, ...more })).toBe(relatedKey(request));
  });

  test.each<Partial<WorkloadCostsRequest>>([
    { range: '1d' },
    { range: undefined },
    { workloadTypes: ['Job'] },
    { workloadTypes: ['Job'], isWorkloadTypeExclude: true },
    { labels: ['a=b'] },
    { labels: ['a=b'], isLabelExclude: true },
    { labels: ['a=b', 'c=d'], logicalLabel: 'AND' },
    { annotations: ['a=b'] },
    { annotations: ['a=b'], isAnnotationExclude: true },
    { annotations: ['a=b', 'c=d'], logicalAnnotation: 'AND' },
    { shouldIgnoreWorkloads: true },
  ])('differs for %o', (more) => {
    const { labels, annotations, workloadTypes } = more;
    expect(relatedKey({ ...request, ...more })).not.toBe(relatedKey(request));
    // Includes and excludes are different conditions.
    const list = { ...request, ...(labels && { labels }), ...(annotations && { annotations }) };
    if (Object.keys(more).length > 1 && workloadTypes === undefined) {
      expect(relatedKey({ ...request, ...more })).not.toBe(relatedKey(list));
    }
  });

  test('ranks broader requests higher', () => {
    const widestFirst: Partial<WorkloadCostsRequest>[] = [
      {},
      { clusterFilters: ['a', 'b', 'c'] },
      { clusterFilters: ['a'] },
      { clusterFilters: ['a', 'b'], namespaces: ['x', 'y'] },
      { clusterFilters: ['a'], namespaces: ['x', 'y', 'z'] },
      { clusterFilters: ['a'], namespaces: ['x'] },
    ];
    const breadths = widestFirst.map((more) => estimateBreadth({ ...request, ...more }));
    expect(breadths).toEqual([...new Set(breadths)].sort((a, b) => b - a));
    // An exclusion does not limit the size.
    for (const exclude of [true, false]) {
      expect(estimateBreadth({ ...request, namespaces: ['x'], isNamespaceExclude: true })).toBe(
        estimateBreadth(request),
      );
      expect(
        estimateBreadth({ ...request, clusterFilters: ['x'], isClusterExclude: exclude }) === estimateBreadth(request),
      ).toBe(exclude);
    }
  });
});

/** A ScaleOps with one row per namespace, which responds as documented. */
interface ModelUpstream {
  /** `cluster/namespace`. */
  readonly rows: readonly string[];
  /** The cluster of the host, the only one without multiCluster. */
  readonly home: string;
  /** Whether names that differ in case are the same: ScaleOps does not document it. */
  readonly isCaseInsensitive?: boolean;
}

function selectResponseRows(
  { rows, home, isCaseInsensitive = false }: ModelUpstream,
  request: WorkloadCostsRequest,
): string[] {
  const isSame = isCaseInsensitive ? sameCase : Object.is;
  const isIn = (names: readonly string[] | undefined, isExclude = false, name: string): boolean =>
    names?.some((each) => isSame(each, name)) !== isExclude;
  return rows.filter((row) => {
    const [clusterName = '', name = ''] = row.split('/');
    return (
      (request.multiCluster === true || clusterName === home) &&
      isIn(request.clusterFilters, request.isClusterExclude, clusterName) &&
      isIn(request.namespaces, request.isNamespaceExclude, name)
    );
  });
}

function reportOfRows(rows: readonly string[]): SyncReport {
  const toRow = (row: string): object => ({
    id: row,
    clusterName: row.split('/')[0],
    namespace: row.split('/')[1],
    workloadName: 'w',
    totalCost: 1,
  });
  return readReport({ aggregatedWorkloads: rows.map(toRow) });
}

const idsOf = (report: SyncReport | undefined): string[] =>
  report?.selectRows({}).rows.map(({ scaleOpsId }) => scaleOpsId!) ?? [];
/** The part of a report for this entity. */
const partOf = (report: SyncReport, entity: EntityRef): SyncReport | undefined => report.split([entity]).get(entity);

type Condition = Pick<WorkloadCostsRequest, 'namespaces' | 'isNamespaceExclude'>;

/** All conditions on these names: none, and each list as include and exclude. */
function conditionsOn(names: readonly [string, string]): Condition[] {
  const namesLists = [[names[0]], [names[1]], [...names]];
  return [{}, ...namesLists.flatMap((list) => [{ namespaces: list }, { namespaces: list, isNamespaceExclude: true }])];
}

const asClusters = ({ namespaces, isNamespaceExclude }: Condition): Partial<WorkloadCostsRequest> => ({
  ...(namespaces && { clusterFilters: namespaces }),
  ...(isNamespaceExclude && { isClusterExclude: true }),
});

const MULTI = [undefined, false, true].map((multiCluster) => ({ ...(multiCluster !== undefined && { multiCluster }) }));

describe('a cached report', () => {
  const CLUSTERS = ['home', 'far'] as const;
  const NAMESPACES = ['a', 'b'] as const;
  const PLACES = CLUSTERS.flatMap((of) => NAMESPACES.map((name) => `${of}/${name}`));
  const WIDE = conditionsOn(CLUSTERS).flatMap((clusters) =>
    conditionsOn(NAMESPACES).flatMap((namespaces) =>
      MULTI.map((multi): WorkloadCostsRequest => ({
        report: 'workloads',
        ...asClusters(clusters),
        ...namespaces,
        ...multi,
      })),
    ),
  );
  /** Entities of a cluster, with any condition on its namespaces, and of a namespace. */
  const WANTED = MULTI.flatMap((multi) =>
    CLUSTERS.flatMap((clusterName) => [
      ...conditionsOn(NAMESPACES).flatMap((condition) =>
        entityRequestsOf([{ clusterName }], { report: 'workloads', ...condition, ...multi }),
      ),
      ...entityRequestsOf(
        NAMESPACES.map((name) => ({ clusterName, namespace: name })),
        { report: 'workloads', ...multi },
      ),
    ]),
  );

  test('covers an entity only when it has exactly the rows of a request for it', () => {
    const wrong: object[] = [];
    let covered = 0;
    // Every fleet: each of the four namespaces exists or not.
    for (const fleet of range(2 ** PLACES.length)) {
      const upstream = { rows: PLACES.filter((_, at) => (fleet >> at) % 2 === 1), home: 'home' };
      for (const request of WIDE) {
        const report = reportOfRows(selectResponseRows(upstream, request));
        const covers = createCoverage(request, report);
        for (const wanted of WANTED.filter(covers)) {
          covered += 1;
          const expected = selectResponseRows(upstream, toRootRequest(wanted));
          const got = idsOf(partOf(report, wanted.entity));
          if (got.join() !== expected.join()) wrong.push({ upstream, request, wanted, expected, got });
        }
      }
    }
    expect(wrong.slice(0, 3)).toEqual([]);
    // At least a twentieth is covered, otherwise the test proves little.
    expect(covered).toBeGreaterThan((2 ** PLACES.length * WIDE.length * WANTED.length) / 20);
  });

  const inFar = entityRequestsOf([{ clusterName: 'far' }], FLEET)[0]!;
  const inFarA = entityRequestsOf([{ clusterName: 'far', namespace: 'a' }], FLEET)[0]!;
  const inHome = entityRequestsOf([{ clusterName: 'home' }], FLEET)[0]!;
  const withoutB = { namespaces: ['b'], isNamespaceExclude: true };
  const farWithoutB = entityRequestsOf([{ clusterName: 'far' }], { ...FLEET, ...withoutB })[0]!;
  const alone = { ...FLEET, multiCluster: undefined };

  test.each<[string, Partial<WorkloadCostsRequest>, EntityRequest]>([
    ['a cluster is in the fleet', {}, inFar],
    ['a namespace is in the fleet', {}, inFarA],
    ['a cluster is one of the named ones', { clusterFilters: ['far', 'home'] }, inFar],
    ['a namespace is in a named cluster', { clusterFilters: ['far'] }, inFarA],
    ['a namespace is named with its cluster', { clusterFilters: ['home', 'far'], namespaces: ['b', 'a'] }, inFarA],
    ['a cluster is not excluded', { clusterFilters: ['home'], isClusterExclude: true }, inFar],
    ['a namespace is not excluded', withoutB, inFarA],
    ['a cluster has the same excluded namespaces', withoutB, farWithoutB],
    ["it is the host's own cluster in a report without multiCluster", { multiCluster: undefined }, inHome],
    ["it is the host's own cluster in a report with multiCluster: false", { multiCluster: false }, inHome],
    [
      "both requests are for the host's own cluster only",
      { multiCluster: false },
      entityRequestsOf([{ clusterName: 'home' }], alone)[0]!,
    ],
  ])('covers the entity when %s', (_name, more, wanted) => {
    const request = { ...FLEET, ...more };
    expect(
      createCoverage(request, reportOfRows(selectResponseRows({ rows: PLACES, home: 'home' }, request)))(wanted),
    ).toBe(true);
  });

  test.each<[string, Partial<WorkloadCostsRequest>, EntityRequest]>([
    ['another cluster is named', { clusterFilters: ['home'] }, inFar],
    ['the cluster is excluded', { clusterFilters: ['far'], isClusterExclude: true }, inFar],
    ['another namespace is named', { namespaces: ['b'] }, inFarA],
    ['the namespace is excluded', { namespaces: ['a'], isNamespaceExclude: true }, inFarA],
    ['the report has only some namespaces of the cluster', { namespaces: ['a', 'b'] }, inFar],
    ['the entity excludes namespaces that the report contains', {}, farWithoutB],
    ['it is another cluster in a report without multiCluster', { multiCluster: undefined }, inFar],
    ['it is another cluster in a report with multiCluster: false', { multiCluster: false }, inFarA],
    [
      "the entity is requested from the host's own cluster only",
      {},
      entityRequestsOf([{ clusterName: 'far' }], alone)[0]!,
    ],
  ])('does not cover the entity when %s', (_name, more, wanted) => {
    const request = { ...FLEET, ...more };
    expect(
      createCoverage(request, reportOfRows(selectResponseRows({ rows: PLACES, home: 'home' }, request)))(wanted),
    ).toBe(false);
  });

  // A case-sensitive ScaleOps returns nothing for a list in another case.
  test('does not cover an entity that a name in another case may exclude', () => {
    const anySpelling = (name: string): fc.Arbitrary<string> => fc.constantFrom(name, name.toUpperCase());
    const anyOf = (first: string, second: string): fc.Arbitrary<string> =>
      fc.oneof(anySpelling(first), anySpelling(second));
    const anyListOf = (first: string, second: string): fc.Arbitrary<readonly string[] | undefined> =>
      orAbsent(fc.array(anyOf(first, second), { minLength: 1, maxLength: 2 }));
    const anyWide: fc.Arbitrary<WorkloadCostsRequest> = fc.record({
      report: fc.constant('workloads'),
      clusterFilters: anyListOf('home', 'far'),
      isClusterExclude: orAbsent(fc.boolean()),
      namespaces: anyListOf('a', 'b'),
      isNamespaceExclude: orAbsent(fc.boolean()),
      multiCluster: orAbsent(fc.boolean()),
    });
    // One spelling per name: no fleet has two clusters that differ only in case.
    const anyUpstream = fc
      .tuple(anySpelling('home'), anySpelling('far'), anySpelling('a'), anySpelling('b'), fc.boolean())
      .map(([home, far, a, b, isCaseInsensitive]) => ({
        rows: [home, far].flatMap((of) => [`${of}/${a}`, `${of}/${b}`]),
        home,
        isCaseInsensitive,
      }));
    fc.assert(
      fc.property(
        anyUpstream,
        anyWide,
        fc.record({ clusterName: anyOf('home', 'far'), namespace: orAbsent(anyOf('a', 'b')) }),
        fc.boolean(),
        (upstream, request, entity, multiCluster) => {
          const wanted = entityRequestsOf([entity], { report: 'workloads', multiCluster })[0]!;
          const report = reportOfRows(selectResponseRows(upstream, request));
          if (!createCoverage(request, report)(wanted)) return;
          // The request for the entity alone.
          const expected = selectResponseRows(upstream, planCalls(wanted.base, [wanted])[0]!.request);
          // With a case-sensitive ScaleOps that uses capitals, an exclusion returns more rows, never fewer.
          const got = idsOf(partOf(report, entity));
          expect(expected.filter((id) => !got.includes(id))).toEqual([]);
          const isSpelled = (name: string | undefined, part: 0 | 1): boolean =>
            name === undefined ||
            upstream.rows.some((row) => [name, name.toLowerCase()].includes(row.split('/')[part]!));
          const isSpelledAlike = isSpelled(entity.clusterName, 0) && isSpelled(entity.namespace, 1);
          if (isSpelledAlike || upstream.isCaseInsensitive) expect(got).toEqual(expected);
        },
      ),
      { numRuns: 5_000 },
    );
  });
});

/** All query results of a report, so equal results mean equal columns. */
function resultsOf(report: SyncReport): object {
  const everyRow = report.selectRows({});
  const ordered = [...NAMES, ...SUMMED].map((field) =>
    report.selectRows({ orderBy: [{ field, direction: 'DESC' }], first: 5 }).rows.map(({ id }) => id),
  );
  const sumsOf = (totals: ReturnType<SyncReport['sumRows']>) => [
    totals.rowCount,
    ...SUMMED.map((field) => totals.sum(field)),
  ];
  const groups = [...NAMES.map((field) => ({ field })), { label: 'team' }, { label: '__proto__' }].map((dimension) => {
    const { totals, ...rest } = report.breakDown({ by: [dimension], orderBy: { field: 'key', direction: 'ASC' } });
    return [sumsOf(totals), rest.groups.map((group) => [group.keys, group.share(), sumsOf(group.totals)])];
  });
  const withLabel = report
    .selectRows({ where: { dimensions: [{ by: { label: 'team' }, values: ['a'], exclude: false }] } })
    .rows.map(({ id }) => id);
  return {
    window: report.window,
    clusters: report.clusters,
    rows: everyRow.rows,
    cursors: range(everyRow.rowCount).map((at) => everyRow.cursorOf(at)),
    ordered,
    totals: sumsOf(report.sumRows()),
    groups,
    withLabel,
  };
}

describe('a part of a report', () => {
  const WINDOW = { startTime: '2026-01-24T00:00:00', endTime: '2026-01-31T00:00:00' };
  const PLACE_NAMES = ['a', 'A', 'É', 'constructor', '__proto__', '\ud83d'];
  const anyPlaceName = fc.constantFrom(...PLACE_NAMES, '', null);
  const anyPlace = fc.record({ clusterName: anyPlaceName, namespace: anyPlaceName });
  /** Any rows, of few clusters and namespaces, so that each has several. */
  const anyFleet: fc.Arbitrary<UpstreamReport> = fc
    .tuple(anyReport(30), fc.array(anyPlace, { minLength: 30, maxLength: 30 }))
    .map(([{ aggregatedWorkloads }, places]) => ({
      aggregatedWorkloads: aggregatedWorkloads?.map((row, at) => ({ ...row, ...places[at] })) ?? null,
    }));
  // In other spellings too, and one that does not exist.
  const anyPartName = fc.constantFrom(...PLACE_NAMES, 'é', 'CONSTRUCTOR', '__PROTO__', 'no');
  const anyPart: fc.Arbitrary<EntityRef> = fc.record({ clusterName: anyPartName, namespace: orAbsent(anyPartName) });
  /** The upstream's response for the entity alone. */
  const respondAbout = (json: UpstreamReport, { clusterName, namespace: name }: EntityRef) => {
    const rows = (json.aggregatedWorkloads ?? []).filter(
      (row) =>
        sameCase(row.clusterName ?? '', clusterName) && (name === undefined || sameCase(row.namespace ?? '', name)),
    );
    return { aggregatedWorkloads: rows, clusters: [...new Set(rows.map((row) => row.clusterName))], window: WINDOW };
  };

  test('equals the report of its rows alone, and is absent without rows', () => {
    let parts = 0;
    fc.assert(
      fc.property(anyFleet, fc.array(anyPart, { minLength: 5, maxLength: 10 }), (json, entities) => {
        const split = readReport({ ...json, window: WINDOW }).split(entities);
        expect([...split.keys()].filter((entity) => !entities.includes(entity))).toEqual([]);
        for (const entity of entities) {
          const alone = respondAbout(json, entity);
          const part = split.get(entity);
          expect(part === undefined).toBe(alone.aggregatedWorkloads.length === 0);
          if (part === undefined) continue;
          parts += 1;
          expect(resultsOf(part)).toEqual(resultsOf(readReport(alone)));
        }
      }),
      { numRuns: 300 },
    );
    // Otherwise the test proves little.
    expect(parts).toBeGreaterThan(300);
  });

  test('can be split again with the same result', () => {
    fc.assert(
      fc.property(anyFleet, anyPart, (json, entity) => {
        const report = readReport(json);
        const whole = partOf(report, { clusterName: entity.clusterName });
        const [again, direct] = [whole && partOf(whole, entity), partOf(report, entity)];
        expect(again && resultsOf(again)).toEqual(direct && resultsOf(direct));
      }),
      { numRuns: 200 },
    );
  });

  test('has sums that depend on its own rows alone', () => {
    const cheap = range(10).map((at) => ({ id: `${at}`, clusterName: 'cheap', totalCost: 0.1 }));
    const extreme = [1e100, 1 / 3, -1e100].map((totalCost, at) => ({
      id: `wild ${at}`,
      clusterName: 'wild',
      totalCost,
    }));
    const report = readReport({ aggregatedWorkloads: [...cheap, ...extreme] });
    const part = partOf(report, { clusterName: 'CHEAP' })!;
    // As doubles, ten tenths are 0.9999999999999999 when added in turn, and slightly more than 1 exactly.
    expect(part.sumRows().sum('totalCost')).toBe(1);
    expect(part.selectRows({}).rows.map(({ share }) => share)).toEqual(Array(10).fill(0.1));
  });

  test('does not change the report', () => {
    fc.assert(
      fc.property(anyFleet, fc.array(anyPart, { minLength: 1, maxLength: 4 }), (json, entities) => {
        const report = readReport(json);
        const before = resultsOf(report);
        for (const part of report.split(entities).values()) resultsOf(part);
        expect(resultsOf(report)).toEqual(before);
      }),
      { numRuns: 50 },
    );
  });

  test('finds clusters and the first row of a workload without regard to case', () => {
    const row = (id: string, type: string | null, name: string | null, clusterName = 'Prod') => ({
      id,
      clusterName,
      namespace: 'n',
      workloadType: type,
      workloadName: name,
    });
    const report = readReport({
      aggregatedWorkloads: [
        row('1', 'Deployment', 'api'),
        row('2', 'StatefulSet', 'api'),
        row('3', 'deployment', 'API'),
        row('4', null, 'api'),
        row('5', 'Deployment', ''),
        row('6', 'Deployment', 'api', 'other'),
      ],
    });
    expect(['prod', 'PROD', 'Prod', 'pro', ''].map((name) => report.hasCluster(name))).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
    const part = partOf(report, { clusterName: 'pROD', namespace: 'N' })!;
    const find = (type: string, name: string) => part.findWorkload(type, name)?.scaleOpsId ?? null;
    // Two rows, in any order.
    expect(['1', '3']).toContain(find('DEPLOYMENT', 'Api'));
    expect(find('statefulset', 'api')).toBe('2');
    expect([find('Deployment', ''), find('', 'api'), find('Job', 'api')]).toEqual([null, null, null]);
    expect(part.hasCluster('other')).toBe(false);
    expect(part.clusters).toEqual(['Prod']);
    expect(partOf(report, { clusterName: 'OTHER' })!.findWorkload('deployment', 'api')!.scaleOpsId).toBe('6');
  });
});

// Leaked index entries are visible only in the index itself.
const indexes = vi.hoisted((): PrincipalIndex[] => []);
vi.mock('../../src/cache/memory/principal-index.js', async (importOriginal) => {
  const original = await importOriginal<{ PrincipalIndex: typeof PrincipalIndex }>();
  class ObservedIndex extends original.PrincipalIndex {
    constructor() {
      super();
      indexes.push(this);
    }
  }
  return { ...original, PrincipalIndex: ObservedIndex };
});

describe('the related reports of a cache', () => {
  const ANN = principalOf('ann');
  const BOB = principalOf('bob');
  const BASE: WorkloadCostsRequest = { report: 'workloads', range: '7d', multiCluster: true };
  const of = (name: string, more: Partial<WorkloadCostsRequest> = {}): WorkloadCostsRequest => ({
    ...BASE,
    ...more,
    clusterFilters: [name],
  });

  interface IndexFixtureOptions {
    readonly maxBytes?: number;
    readonly ttlMs?: number;
    readonly staleMs?: number;
    readonly staleIfErrorMs?: number;
  }

  /** A cache on a client with prepared responses; each report has the number of its call as its cluster. */
  function createFixture(options: IndexFixtureOptions = {}) {
    const clock = createManualClock();
    let calls = 0;
    const nextReport = { byteSize: 1_000, error: undefined as Error | undefined };
    const fetchReport = (): Promise<FetchedReport> => {
      calls += 1;
      if (nextReport.error !== undefined) return Promise.reject(nextReport.error);
      const own = `call ${calls}`;
      const { report: empty } = decodeReport({ aggregatedWorkloads: null });
      const hasCluster = (name: string): boolean => name === own;
      const report = Object.assign(empty, { hasCluster, byteSize: nextReport.byteSize });
      return Promise.resolve({ report, body: Buffer.from('') });
    };
    const cache = createTestCache(fetchReport, options, clock);
    const index = indexes.at(-1)!;
    const load = (request: ReportRequest, principal = ANN, noCache = false): Promise<ReportLookup> =>
      cache.load(request, principal, { noCache });
    return {
      cache,
      clock,
      nextReport,
      load,
      calls: () => calls,
      /** The offered reports, by the number of their call. */
      offered: (principal = ANN, base = BASE) =>
        cache
          .findRelated(base, principal)
          .map((kept) =>
            Array.from({ length: calls }, (_, at) => `call ${at + 1}`).find((name) => kept.hasCluster(name))!,
          ),
      /** The content of the index, offered or not. */
      indexed: (principal: Principal = ANN, base = BASE) =>
        [...index.relatedTo(principal.id, base)].map(({ request }) => String(request.clusterFilters)),
    };
  }

  test('offer reports of the same base and principal, widest first, without a call', async () => {
    const fixture = createFixture();
    await fixture.load(of('a', { namespaces: ['x'] }));
    await fixture.load({ ...BASE, clusterFilters: ['a', 'b'], multiCluster: undefined });
    await fixture.load(BASE);
    await fixture.load(of('a'), BOB);
    await fixture.load({ ...BASE, range: '8d' });
    const aggregated = { report: 'aggregated', range: '7d', multiCluster: true } as const;
    await fixture.load(aggregated);
    expect(fixture.offered()).toEqual(['call 3', 'call 2', 'call 1']);
    expect(fixture.offered(BOB)).toEqual(['call 4']);
    expect(fixture.offered(ANN, { ...BASE, range: '8d', clusterFilters: ['z'] })).toEqual(['call 5']);
    expect(fixture.offered(principalOf('carol'))).toEqual([]);
    // Aggregated reports differ from workload reports, so nothing is offered.
    expect(fixture.indexed(ANN, aggregated as never)).toEqual([]);
    expect(fixture.calls()).toBe(6);
    expect(fixture.cache.findRelated(BASE, ANN)[1]!.use()).toMatchObject({ cacheStatus: 'hit', isStale: false });
    expect(fixture.calls()).toBe(6);
  });

  test('do not offer evicted reports; a lookup does not mark a report as used, its use does', async () => {
    const fixture = createFixture({ maxBytes: 7_000 });
    const others = { ...BASE, range: '8d' };
    await fixture.load(of('a'));
    for (const name of ['b', 'c']) await fixture.load(of(name, others));
    expect(fixture.offered()).toEqual(['call 1']);
    await fixture.load(of('d', others));
    expect([fixture.offered(), fixture.indexed()]).toEqual([[], []]);
    fixture.cache
      .findRelated(others, ANN)
      .find(({ request }) => request.clusterFilters![0] === 'b')!
      .use();
    await fixture.load(of('e', others));
    expect(fixture.offered(ANN, others).sort()).toEqual(['call 2', 'call 4', 'call 5']);
    expect(fixture.indexed(ANN, others).sort()).toEqual(['b', 'd', 'e']);
    expect(fixture.calls()).toBe(5);
  });

  test('do not offer reports of a refused principal, but still offer others', async () => {
    for (const code of ['UPSTREAM_UNAUTHENTICATED', 'UPSTREAM_FORBIDDEN', 'UNAUTHENTICATED'] as const) {
      const fixture = createFixture();
      for (const principal of [ANN, BOB]) await fixture.load(of('a'), principal);
      fixture.nextReport.error = new UpstreamError(code);
      await expect(fixture.load({ report: 'aggregated' })).rejects.toThrow(fixture.nextReport.error);
      expect([fixture.offered(ANN), fixture.offered(BOB)]).toEqual([[], ['call 2']]);
      expect([fixture.indexed(ANN), fixture.indexed(BOB)]).toEqual([[], ['a']]);
      expect(fixture.calls()).toBe(3);
    }
  });

  test('offer the newer of two equal reports, once', async () => {
    const fixture = createFixture();
    await fixture.load(of('a'));
    fixture.clock.advance(5_000);
    await fixture.load(of('a'), ANN, true);
    expect([fixture.offered(), fixture.indexed()]).toEqual([['call 2'], ['a']]);
    expect(fixture.cache.findRelated(BASE, ANN)[0]!.use()).toMatchObject({ asOf: fixture.clock.now() });
    expect(fixture.calls()).toBe(2);
  });

  test('do not offer stale reports, and offer them again after a refresh', async () => {
    const fixture = createFixture({ staleMs: 60_000, staleIfErrorMs: 60_000 });
    await fixture.load(of('a'));
    fixture.clock.advance(59_999);
    expect(fixture.offered()).toEqual(['call 1']);
    fixture.clock.advance(1);
    expect(fixture.offered()).toEqual([]);
    expect(await fixture.load(of('a'))).toMatchObject({ isStale: true });
    await settle();
    expect(fixture.offered()).toEqual(['call 2']);
    expect(fixture.indexed()).toEqual(['a']);
    fixture.clock.advance(-3_600_000);
    // Fetched before the clock was set back, so its age is unknown.
    expect(fixture.offered()).toEqual([]);
    expect(fixture.calls()).toBe(2);
  });

  test('drop expired reports on lookup', async () => {
    const fixture = createFixture();
    await fixture.load(of('a'));
    fixture.clock.advance(60_000);
    fixture.nextReport.error = new UpstreamError('UPSTREAM_UNAVAILABLE');
    await expect(fixture.load(of('a'))).rejects.toThrow(fixture.nextReport.error);
    expect([fixture.offered(), fixture.indexed()]).toEqual([[], []]);
    expect(fixture.calls()).toBe(2);
  });

  test('drop a report that was replaced by one too large to cache', async () => {
    const fixture = createFixture({ maxBytes: 100_000 });
    for (const name of ['a', 'b']) await fixture.load(of(name));
    fixture.clock.advance(5_000);
    fixture.nextReport.byteSize = 100_001;
    await fixture.load(of('a'), ANN, true);
    expect(fixture.offered()).toEqual(['call 2']);
    expect(fixture.indexed()).toEqual(['b']);
    await fixture.load(of('b'), ANN, true);
    expect([fixture.offered(), fixture.indexed()]).toEqual([[], []]);
    expect(fixture.calls()).toBe(4);
  });

  test('are empty when caching is off', async () => {
    const fixture = createFixture({ ttlMs: 0 });
    await fixture.load(of('a'));
    expect([fixture.offered(), fixture.indexed()]).toEqual([[], []]);
    expect(fixture.calls()).toBe(1);
  });

  test('do not offer reports of a caller whose token no longer counts as valid', async () => {
    const fixture = createFixture({ ttlMs: 3_600_000 });
    const caller = principalOf('caller', { isCaller: true });
    await fixture.load(of('a'), caller);
    fixture.clock.advance(59_999);
    expect(fixture.offered(caller)).toEqual(['call 1']);
    fixture.clock.advance(1);
    expect(fixture.offered(caller)).toEqual([]);
    expect(fixture.calls()).toBe(1);
  });

  test('offer at most 256 reports, newest first, and widest first at the same time', async () => {
    const fixture = createFixture();
    for (const at of range(300)) {
      if (at % 2 === 0) fixture.clock.advance(1);
      await fixture.load({ ...BASE, clusterFilters: range(1 + (at % 3)).map((each) => `c${at}-${each}`) });
    }
    const offered = fixture.cache.findRelated(BASE, ANN).map(({ request }) => request.clusterFilters!);
    expect(offered).toHaveLength(256);
    const moments = offered.map(([first]) => Math.floor(Number(/\d+/.exec(first!)![0]) / 2));
    expect(moments).toEqual(range(256).map((at) => 149 - Math.floor(at / 2)));
    for (const at of range(128)) {
      expect(offered[2 * at]!.length).toBeGreaterThanOrEqual(offered[2 * at + 1]!.length);
    }
    expect(fixture.calls()).toBe(300);
  });

  // Some 15,000 loads of 10,000 requests, some with no-cache, too large or refused: the index equals the cache.
  test('contain exactly the reports in the cache, after any sequence of changes', async () => {
    const GROUPS = 400;
    const MEMBERS = 25;
    const PRINCIPALS = [ANN, BOB];
    const baseOf = (at: number): WorkloadCostsRequest => ({ ...BASE, range: `${at + 1}d` });
    const requestOf = (at: number): WorkloadCostsRequest => ({
      ...baseOf(at % GROUPS),
      clusterFilters: [`c${Math.floor(at / GROUPS)}`],
    });
    const fixture = createFixture({ maxBytes: 500_000, ttlMs: 3_600_000, staleMs: 60_000 });
    const random = createRandom(1);
    const below = (limit: number): number => Math.floor(random() * limit);
    for (let next = 0; next < GROUPS * MEMBERS;) {
      const event = below(1_000);
      fixture.nextReport.byteSize = event < 50 ? 600_000 : 500 + below(1_000);
      fixture.nextReport.error = event > 997 ? new UpstreamError('UPSTREAM_FORBIDDEN') : undefined;
      if (event % 50 === 0) fixture.clock.advance(5_000);
      // Each report, and a recent one in between.
      const request = requestOf(below(3) === 0 ? Math.max(0, next - below(300)) : next++);
      await fixture.load(request, PRINCIPALS[below(2)], below(3) === 0).catch((error: unknown) => {
        if (error !== fixture.nextReport.error) throw error;
      });
    }
    // From now on calls fail: every report comes from the cache.
    fixture.nextReport.error = new UpstreamError('UPSTREAM_REJECTED');
    const [held, known]: [string[], string[]] = [[], []];
    for (const principal of PRINCIPALS) {
      for (const number of range(GROUPS * MEMBERS)) {
        const isHeld = await fixture.load(requestOf(number), principal).then(
          () => true,
          () => false,
        );
        if (isHeld) held.push(JSON.stringify([principal.id, requestOf(number)]));
      }
      for (const base of range(GROUPS).map(baseOf)) {
        for (const name of fixture.indexed(principal, base)) {
          known.push(JSON.stringify([principal.id, { ...base, clusterFilters: [name] }]));
        }
        expect(fixture.offered(principal, base).length).toBeLessThanOrEqual(fixture.indexed(principal, base).length);
      }
    }
    const [inCache, inIndex] = [new Set(held), new Set(known)];
    expect(known.filter((each) => !inCache.has(each)).slice(0, 5)).toEqual([]);
    expect(held.filter((each) => !inIndex.has(each)).slice(0, 5)).toEqual([]);
    expect(inIndex.size).toBe(known.length);
    // A few hundred of them: otherwise nothing was evicted, or nothing was cached.
    expect(held.length).toBeGreaterThan(50);
    expect(held.length).toBeLessThan(500);
    expect(fixture.calls()).toBeGreaterThan(10_000);
  });
});
