// What the resolvers of one request get: who asks, and loaders that remember for the length of the request. Aliases of
// one report in an operation become one load.

import DataLoader from 'dataloader';

import type { CacheAnswer, CacheResult, ReportCache } from './cache/report-cache.js';
import { toRequestKey, type ReportRequest } from './report/request.js';
import type { Credentials } from './upstream/credentials.js';

/** A report as a resolver gets it. `key` names what was asked for, the same for requests that mean the same. */
export interface LoadedReport extends Pick<CacheAnswer, 'report' | 'asOf' | 'isStale'> {
  readonly key: string;
}

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
  readonly loaders: { readonly report: DataLoader<ReportRequest, LoadedReport, string> };
  readonly stats: LoadStats;
  readonly multiClusterByDefault: boolean;
  readonly maxPageRows: number | undefined;
}

/** The context of one request. Its loader closes over its caller and is never shared. */
export function createContext(parts: ContextParts, { signal, token, anew = false }: Caller): GatewayContext {
  const stats: LoadStats = {
    cache: { hit: 0, stale: 0, shared: 0, collapsed: 0, miss: 0 },
    upstreamMs: 0,
    reports: [],
    faults: [],
  };
  const loadReport = async (request: ReportRequest): Promise<LoadedReport> => {
    const principal = await parts.credentials.principal(token);
    const answer = await parts.cache.load(request, principal, { signal, anew });
    stats.cache[answer.cacheResult] += 1;
    stats.upstreamMs = Math.max(stats.upstreamMs, answer.upstreamMs);
    stats.reports.push(answer);
    if (answer.fault !== undefined) stats.faults.push(answer.fault);
    return { ...answer, key: toRequestKey(request) };
  };
  const report = new DataLoader<ReportRequest, LoadedReport, string>(
    // Reports are loaded one by one: the REST API has no call for several. An error fails only its own report.
    (requests) => Promise.all(requests.map((request) => loadReport(request).catch(toError))),
    { cacheKeyFn: toRequestKey },
  );
  const { multiClusterByDefault, maxPageRows } = parts;
  return { loaders: { report }, stats, multiClusterByDefault, maxPageRows };
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error('a report failed without an error');
}
