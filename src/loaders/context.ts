// What the resolvers of one request get: who asks, and loaders that remember for the length of the request.

import type { ResponseStore } from '../cache/memory/response-store.js';
import type { CachedReport } from '../cache/memory/find-related.js';
import type { CacheStatus, ReportLookup } from '../cache/report-lookup.js';
import { createBreathing } from '../concurrency/yielding.js';
import type { Cancellation } from '../concurrency/cancellation.js';
import { createTurns } from '../concurrency/semaphore.js';
import { createReportLoader, type LoadedReport, type ReportLoader } from './report-loader.js';
import { createScopeLoader, type ScopeLoader, type WiderReport } from './entity-loader.js';
import { createGrantedReports, type Reports } from './authorized-reports.js';
import type { UpstreamError } from '../errors.js';
import type { Grants } from '../report/permissions/permissions.js';
import type { Group } from '../report/columns/group-by.js';
import type { ReportRequest, WorkloadCostsRequest } from '../report/request.js';
import type { RowTextMemory } from '../report/write/row-json-cache.js';
import { createCoverage, toFamilyKey, type ScopedRequest } from '../report/scopes/scope.js';
import type { Credentials } from '../upstream/auth/credentials.js';
import type { Principal } from '../upstream/principal.js';

export type { LoadedReport, Principal };

/** What came of the reports of one operation, for its log line and for how long its answer may be kept. */
export interface LoadStats {
  readonly cache: Record<CacheStatus, number>;
  /** The longest upstream call that the operation waited for. */
  upstreamMs: number;
  /** Each report's time and how long it is fresh from then on, in milliseconds. */
  readonly reports: Pick<ReportLookup, 'asOf' | 'freshMs' | 'isStale' | 'source'>[];
  /** Why older reports were given. */
  readonly faults: NonNullable<ReportLookup['fault']>[];
}

/** Long-lived parts that every request shares. */
export interface ContextParts {
  readonly cache: Reports;
  /** What keeps what is made of reports; undefined: nothing does. */
  readonly responses?: Pick<ResponseStore, 'rowJsonCacheFor'>;
  readonly credentials: Credentials;
  /** How many reports one operation may wait for at the same time: with more it would take the turns of others. */
  readonly maxReportsAtOnce: number;
  /** `multiCluster` where the filter does not decide it. */
  readonly multiClusterByDefault: boolean;
  /** The most rows that a page may have; undefined: no limit. */
  readonly maxPageRows: number | undefined;
  /** The most rows and entities' reports of an answer; undefined: no limit. */
  readonly maxAnswerRows: number | undefined;
  /** The most fields that an answer may write and rows that it may read, together; undefined: no limit. */
  readonly maxCost: number | undefined;
}

/** Who asks, and how. */
export interface Caller {
  /** Aborts when the client has left, or its time is up. Looked at only where something has to be waited for. */
  readonly signal: Cancellation;
  /** The bearer token that the client sent, where it is needed. */
  readonly token?: string | undefined;
  /** Whose reports it gets, where that was found out before. */
  readonly principal?: Principal | undefined;
  /** What of the fleet it may see; undefined: all that the gateway sees. */
  readonly grants?: Grants | undefined;
  /** Resolves when the request may put a large answer together; at once, by default. */
  readonly awaitTurn?: () => Promise<void>;
  /** Whether the client wants reports anew, although there are fresh ones. */
  readonly noCache?: boolean;
}

/** A list that is written into the text of the answer as it is: where it stands, and its JSON in pieces. */
export interface WrittenList {
  readonly path: readonly (string | number)[];
  /** Each is made when it is asked for. */
  readonly pieces: Iterable<Buffer>;
}

/** What a resolver sees. */
export interface GatewayContext {
  readonly loaders: { readonly report: ReportLoader; readonly scope: Pick<ScopeLoader, 'load'> };
  readonly stats: LoadStats;
  /** What `make` gives, made once a request for these things together. @throws what `make` throws, each time. */
  readonly once: <T>(of: readonly object[], make: () => T) => T;
  /** What the answer may still have: entities lead to rows and rows to entities, so that a short document may ask for any. */
  readonly budget: { rows: number; cost: number };
  /** Resolves when a large answer may be put together. */
  readonly awaitTurn: () => Promise<void>;
  /** Lists that whoever writes the answer puts in the place of an empty one; undefined: all are to be resolved. */
  lists: WrittenList[] | undefined;
  /** Runs a long work so that others have a turn before it. */
  readonly breathe: <T>(work: () => T) => Promise<T>;
  /** Where texts of the report's rows may be kept; undefined: nowhere. */
  readonly textsOf: (loaded: LoadedReport) => RowTextMemory | undefined;
  readonly multiClusterByDefault: boolean;
  readonly maxPageRows: number | undefined;
  /** What the caller may see. Its reports have nothing else; who names more is told so. */
  readonly grants: Grants | undefined;
}

/** The context of one request. Its loaders close over its caller and are never shared. */
export function createContext(parts: ContextParts, caller: Caller): GatewayContext {
  const { grants, awaitTurn = () => Promise.resolve() } = caller;
  const { maxPageRows, maxAnswerRows = Infinity, maxCost = Infinity } = parts;
  const stats = createStats();
  return {
    loaders: createLoaders(parts, caller, stats),
    stats,
    once: createOnce(),
    budget: { rows: maxAnswerRows, cost: maxCost },
    breathe: createBreathing(),
    awaitTurn,
    textsOf: ({ source }) => source && parts.responses?.rowJsonCacheFor(source),
    lists: [],
    // Who may see some clusters means those, as if the filter had named them.
    multiClusterByDefault: parts.multiClusterByDefault || grants?.clusters !== undefined,
    maxPageRows,
    grants,
  };
}

/** Made when they are needed: most operations are answered from what is at hand. */
function createLoaders(parts: ContextParts, caller: Caller, stats: LoadStats): GatewayContext['loaders'] {
  const { token, principal, noCache = false, grants } = caller;
  const { credentials } = parts;
  // The one way to reports: there is none around what the caller may see.
  const cache = grants === undefined ? parts.cache : createGrantedReports(parts.cache, grants);
  const own = createOwnReports();
  let inTurn: ReturnType<typeof createTurns> | undefined;

  const report = createReportLoader({
    loadAtOnce(request) {
      if (principal === undefined || noCache) return undefined;
      const answer = cache.loadAtOnce(request, principal);
      if (answer === undefined) return undefined;
      if (request.report === 'workloads') own.add(request, answer);
      return toLoaded(stats, answer, request);
    },
    load(request) {
      inTurn ??= createTurns(parts.maxReportsAtOnce);
      const answer = inTurn(async () => cache.load(request, await credentials.principal(token), caller));
      if (request.report === 'workloads') own.begin(request, answer);
      return answer.then((loaded) => toLoaded(stats, loaded, request));
    },
  });

  const findKept = async (base: WorkloadCostsRequest, fault?: UpstreamError): Promise<readonly WiderReport[]> => {
    const family = cache.findRelated(base, await credentials.principal(token), fault);
    return family.map((kept) => ({ ...kept, take: () => takeKept(kept, stats, own) }));
  };
  const openScopes = (): ScopeLoader =>
    createScopeLoader({
      reports: report,
      async findWider(wanted) {
        const [{ base }] = wanted;
        // What the operation reads anyway comes first: all of its answer then speaks of the same data.
        const read = await own.find(wanted);
        return noCache ? read : [...read, ...(await findKept(base))];
      },
      findOlder: ([{ base }], fault) => findKept(base, fault),
    });
  let scopes: ScopeLoader | undefined;
  return { report, scope: { load: (scoped) => (scopes ??= openScopes()).load(scoped) } };
}

function takeKept(kept: CachedReport, stats: LoadStats, own: ReturnType<typeof createOwnReports>): ReportLookup {
  const answer = kept.use();
  count(stats, answer);
  own.add(kept.request, answer);
  return answer;
}

function toLoaded(stats: LoadStats, answer: ReportLookup, request: ReportRequest): LoadedReport {
  count(stats, answer);
  const { report, asOf, isStale, source } = answer;
  // Not by a spread: V8 gives each such copy a hidden class of its own, and with it a life until the next full collection.
  return { report, asOf, isStale, source, request };
}

/** The workload reports that one operation reads, those that are under way among them. */
function createOwnReports() {
  const underWay = new Map<Promise<ReportLookup>, WorkloadCostsRequest>();
  const read: WiderReport[] = [];
  const add = (request: WorkloadCostsRequest, answer: ReportLookup): void => {
    read.push({ request, hasCluster: (name) => answer.report.hasCluster(name), take: () => answer });
  };
  return {
    add,
    begin(request: WorkloadCostsRequest, answer: Promise<ReportLookup>): void {
      underWay.set(answer, request);
      const end = () => underWay.delete(answer);
      answer.then((loaded) => {
        end();
        add(request, loaded);
      }, end);
    },
    /** Those of the same family, after those that may have something of what is wanted. */
    async find(wanted: Group<ScopedRequest>): Promise<readonly WiderReport[]> {
      const familyKey = toFamilyKey(wanted[0].base);
      const isOfUse = { hasCluster: () => true };
      const awaited = [...underWay].filter(
        ([, request]) => toFamilyKey(request) === familyKey && wanted.some(createCoverage(request, isOfUse)),
      );
      await Promise.allSettled(awaited.map(([answer]) => answer));
      return read.filter(({ request }) => toFamilyKey(request) === familyKey);
    },
  };
}

function createStats(): LoadStats {
  return { cache: { hit: 0, stale: 0, shared: 0, collapsed: 0, miss: 0 }, upstreamMs: 0, reports: [], faults: [] };
}

function count(stats: LoadStats, answer: ReportLookup): void {
  stats.cache[answer.cacheStatus] += 1;
  stats.upstreamMs = Math.max(stats.upstreamMs, answer.upstreamMs);
  stats.reports.push(answer);
  if (answer.fault !== undefined) stats.faults.push(answer.fault);
}

function createOnce(): GatewayContext['once'] {
  interface Node {
    next?: Map<object, Node>;
    made?: () => unknown;
  }
  const root: Node = {};
  return <T>(of: readonly object[], make: () => T): T => {
    let node = root;
    for (const each of of) {
      const known: Map<object, Node> = (node.next ??= new Map());
      let next = known.get(each);
      if (next === undefined) known.set(each, (next = {}));
      node = next;
    }
    return (node.made ??= settle(make))() as T;
  };
}

function settle<T>(make: () => T): () => T {
  try {
    const value = make();
    return () => value;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}
