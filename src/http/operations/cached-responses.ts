// Cached responses: compressed bodies. A response is cached when its key comes for the second time, and for as long as all of
// its reports are cached and fresh.

import { crc32 } from 'node:zlib';

import type { ResponseStore } from '../../cache/memory/response-store.js';
import type { LoadStats } from '../../loaders/load-stats.js';
import type { GraphQLRequest } from '../graphql-request.js';
import { byteLength } from '../http-message.js';
import type { EncodedBody } from '../response/compress.js';
import type { Encoding } from '../response/format.js';
import type { CheckedVariables } from '../steps/check-variables.js';
import type { ResolvedOperation } from '../steps/resolve-operation.js';

export interface CachedResponse extends EncodedBody {
  readonly body: readonly Buffer[];
  /** A strong entity tag (RFC 9110, section 8.8.3). */
  readonly etag: string;
}

/** Longer responses are not cached: each would displace many reports. */
export const MAX_CACHED_BYTES = 8_388_608;
/** What a response retains besides its bytes and its key. */
const ENTRY_BYTES = 512;
/** The number of keys that the second-hit filter remembers. */
const FILTER_SLOTS = 16_384;

export type CachedResponses = ReturnType<typeof createCachedResponses>;

export function createCachedResponses(store: ResponseStore) {
  const isSecondHit = createSecondHitFilter();
  const claimed = new Set<string>();
  return {
    get(key: string): { readonly response: CachedResponse; readonly stats: LoadStats } | undefined {
      const entry = store.get(key);
      if (entry === undefined) return undefined;
      const reports = store.recordHit(entry);
      const cache = { hit: reports.length, stale: 0, shared: 0, collapsed: 0, miss: 0 };
      const stats = { cache, waits: [], reports, faults: [], validUntilMs: entry.validUntilMs };
      return { response: entry.value as CachedResponse, stats };
    },
    /** Whether to cache the response of this key: from the second time on, and by one request at a time. */
    tryStart(key: string): boolean {
      if (claimed.has(key) || !isSecondHit(key)) return false;
      claimed.add(key);
      return true;
    },
    /** Ends the claim; caches the response, if there is one, with the reports that it contains. */
    settle(key: string, response: CachedResponse | undefined, { reports, validUntilMs }: LoadStats): void {
      claimed.delete(key);
      if (response === undefined) return;
      const sources = reports.map(({ source }) => source);
      store.set(key, { value: response, bytes: ENTRY_BYTES + byteLength(response.body), validUntilMs }, sources);
    },
  };
}

/** The key of a response, by its encoding. Callers with equal permissions and the same principal share responses. */
export function toResponseKey(
  { principal, permissions }: GraphQLRequest,
  operation: ResolvedOperation,
  variables: CheckedVariables,
): (encoding: Encoding) => string {
  const key = `${principal?.id ?? ''}\n${permissions?.key ?? ''}\n${operation.key}\n${variables.key}`;
  return (encoding) => `${encoding}\n${key}`;
}

/**
 * Returns a function that tells whether a key came before, by a table of checksums. Collisions only cache a response too early
 * or too late.
 */
function createSecondHitFilter(): (key: string) => boolean {
  const checksums = new Uint32Array(FILTER_SLOTS);
  return (key) => {
    const checksum = crc32(key);
    const slot = checksum % FILTER_SLOTS;
    const isSecondHit = checksums[slot] === checksum;
    checksums[slot] = isSecondHit ? 0 : checksum;
    return isSecondHit;
  };
}
