// What the resolvers of one request get: who asks, and loaders that remember for the length of the request.

import type { CacheAnswer, CacheResult, ReportCache } from './cache/report-cache.js';
import { createReportLoader, type LoadedReport, type ReportLoader } from './loaders/report-loader.js';
import { createScopeLoader, type ScopeLoader, type WiderReport } from './loaders/scope-loader.js';
import type { ReportRequest, WorkloadCostsRequest } from './report/request.js';
import { toFamilyKey } from './report/scope.js';
import type { Credentials } from './upstream/credentials.js';

export type { LoadedReport };

/** What came of the reports of one operation, for its log line and for how long its answer may be kept. */
export interface LoadStats {
  readonly cache: Record<CacheResult, number>;
  /** The longest upstream call that the operation waited for. */
  upstreamMs: number;
  /** Each report's time and how long it is fresh from then on, in milliseconds. */
  readonly reports: Pick<CacheAnswer, 'asOf' | 'freshMs' | 'isStale'>[];
  /** Why older reports were given. */
  readonly faults: NonNullable<CacheAnswer['fault']>[];
}

/** Long-lived parts that every request shares. */
export interface ContextParts {
  readonly cache: ReportCache;
  readonly credentials: Credentials;
  /** `multiCluster` where the filter does not decide it. */
  readonly multiClusterByDefault: boolean;
  /** The most rows that a page may have; undefined: no limit. */
  readonly maxPageRows: number | undefined;
}

/** Who asks, and how. */
export interface Caller {
  /** Aborts when the client has left. */
  readonly signal: AbortSignal;
  /** The bearer token that the client sent, where it is needed. */
  readonly token?: string | undefined;
  /** Whether the client wants reports anew, although there are fresh ones. */
  readonly anew?: boolean;
}

/** What a resolver sees. */
export interface GatewayContext {
  readonly loaders: { readonly report: ReportLoader; readonly scope: ScopeLoader };
  readonly stats: LoadStats;
  /** What `make` gives, made once a request for this place in the document. @throws what `make` throws, each time. */
  readonly once: <T>(place: object, make: () => T) => T;
  readonly multiClusterByDefault: boolean;
  readonly maxPageRows: number | undefined;
}

/** The context of one request. Its loaders close over its caller and are never shared. */
export function createContext(parts: ContextParts, { signal, token, anew = false }: Caller): GatewayContext {
  const { cache, credentials, multiClusterByDefault, maxPageRows } = parts;
  const stats = createStats();
  /** The workload reports of this operation so far. */
  const loaded: WiderReport[] = [];

  const report = createReportLoader(async (request: ReportRequest): Promise<LoadedReport> => {
    const answer = await cache.load(request, await credentials.principal(token), { signal, anew });
    count(stats, answer);
    if (request.report === 'workloads') loaded.push({ request, report: answer.report, take: () => answer });
    return { ...answer, request };
  });

  const findWider = async (base: WorkloadCostsRequest): Promise<readonly WiderReport[]> => {
    const family = toFamilyKey(base);
    // What the operation has already read comes first: all of its answer then speaks of the same data.
    const own = loaded.filter(({ request }) => toFamilyKey(request) === family);
    if (anew) return own;
    const kept = cache.findFamily(base, await credentials.principal(token)).map((each) => ({
      ...each,
      take() {
        const answer = each.take();
        count(stats, answer);
        loaded.push({ ...each, take: () => answer });
        return answer;
      },
    }));
    return [...own, ...kept];
  };

  const scope = createScopeLoader({ reports: report, findWider });
  return { loaders: { report, scope }, stats, once: createOnce(), multiClusterByDefault, maxPageRows };
}

function createStats(): LoadStats {
  return { cache: { hit: 0, stale: 0, shared: 0, collapsed: 0, miss: 0 }, upstreamMs: 0, reports: [], faults: [] };
}

function count(stats: LoadStats, answer: CacheAnswer): void {
  stats.cache[answer.cacheResult] += 1;
  stats.upstreamMs = Math.max(stats.upstreamMs, answer.upstreamMs);
  stats.reports.push(answer);
  if (answer.fault !== undefined) stats.faults.push(answer.fault);
}

function createOnce(): GatewayContext['once'] {
  const made = new WeakMap<object, () => unknown>();
  return <T>(place: object, make: () => T): T => {
    let known = made.get(place);
    if (known === undefined) made.set(place, (known = settle(make)));
    return known() as T;
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
