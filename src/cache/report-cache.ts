// The memory of the process: reports by whose they are and what was asked, bounded in bytes, fresh for a while. Equal
// requests that come at the same time share one upstream call; errors are not remembered.

import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';

import type { Clock } from '../clock.js';
import type { Report } from '../report/report.js';
import { toRequestKey, type ReportRequest } from '../report/request.js';
import type { ScaleOpsClient } from '../upstream/client.js';
import type { Principal } from '../upstream/credentials.js';
import { createSingleFlight } from './single-flight.js';

export interface ReportCacheOptions {
  readonly client: Pick<ScaleOpsClient, 'fetchReport'>;
  /** Names the upstream in the keys. */
  readonly upstream: string;
  /** How long a report counts as fresh; 0 remembers nothing. */
  readonly ttlMs: number;
  readonly maxBytes: number;
  readonly clock: Clock;
}

/** Where a report came from: memory, an upstream call made for it, or one that was already under way. */
export type CacheResult = 'hit' | 'miss' | 'shared';

export interface CacheAnswer {
  readonly report: Report;
  /** When the upstream gave it, in milliseconds since the Unix epoch. */
  readonly asOf: number;
  readonly isStale: boolean;
  readonly cacheResult: CacheResult;
  /** How long the upstream call took; 0 for a hit. */
  readonly upstreamMs: number;
}

export interface ReportCache {
  /** @throws UpstreamError as the client does; the reason of `signal` when that aborts first. */
  load(request: ReportRequest, principal: Principal, signal?: AbortSignal): Promise<CacheAnswer>;
}

interface Entry {
  readonly report: Report;
  readonly asOf: number;
  readonly upstreamMs: number;
}

/** What an entry takes beside its report: the key, the list node, the entry itself. */
const ENTRY_BYTES = 512;

export function createReportCache({ client, upstream, ttlMs, maxBytes, clock }: ReportCacheOptions): ReportCache {
  const entries = new LRUCache<string, Entry>({
    maxSize: maxBytes,
    sizeCalculation: ({ report }) => report.byteSize + ENTRY_BYTES,
  });
  const flights = createSingleFlight<Entry>();

  const fetchEntry = async (key: string, request: ReportRequest, principal: Principal, signal: AbortSignal) => {
    const startedAt = clock.now();
    const report = await client.fetchReport(request, principal, signal);
    const asOf = clock.now();
    const entry: Entry = { report, asOf, upstreamMs: asOf - startedAt };
    if (ttlMs > 0) entries.set(key, entry);
    return entry;
  };

  return {
    async load(request, principal, signal) {
      const key = toCacheKey(upstream, request, principal);
      const kept = entries.get(key);
      if (kept !== undefined && clock.now() - kept.asOf < ttlMs) return toAnswer(kept, 'hit');
      const cacheResult = flights.has(key) ? 'shared' : 'miss';
      // The flight closes over this principal alone, and the key holds its id: nobody else can board it.
      const entry = await flights.join(key, (abort) => fetchEntry(key, request, principal, abort), signal);
      return toAnswer(entry, cacheResult);
    },
  };
}

function toAnswer({ report, asOf, upstreamMs }: Entry, cacheResult: CacheResult): CacheAnswer {
  return { report, asOf, isStale: false, cacheResult, upstreamMs: cacheResult === 'hit' ? 0 : upstreamMs };
}

/** A hash, so that a key never shows whose data it is or what was asked, and has one length. */
function toCacheKey(upstream: string, request: ReportRequest, principal: Principal): string {
  return createHash('sha256')
    .update(JSON.stringify([upstream, principal.id, toRequestKey(request)]))
    .digest('base64url');
}
