// Responses in the response cache: the bytes of a body, compressed as the client wanted it. A response is cached when its
// question comes for the second time, and for as long as all of its reports are cached and fresh.

import { crc32 } from 'node:zlib';

import type { ResponseStore } from '../../cache/memory/response-store.js';
import type { LoadStats } from '../../loaders/load-stats.js';
import type { GraphQLRequest } from '../graphql-request.js';
import type { Encoding } from '../response/format.js';
import type { CheckedVariables } from '../steps/check-variables.js';
import type { ResolvedOperation } from '../steps/resolve-operation.js';

export interface CachedResponse {
  readonly bytes: Buffer;
  readonly encoding: Encoding;
  /** Strong: it names these very bytes (RFC 9110, section 8.8.3). */
  readonly etag: string;
}

export interface CachedResponseHit {
  readonly response: CachedResponse;
  readonly stats: LoadStats;
}

/** Longer responses are not cached: each is many reports' worth. */
export const MAX_CACHED_BYTES = 8_388_608;
/** The object, the tag and the buffer that a response retains besides its bytes; the store weighs the key. */
const ENTRY_BYTES = 512;
/** How many keys the second-hit filter tells apart. */
const FILTER_SLOTS = 16_384;

export type CachedResponses = ReturnType<typeof createCachedResponses>;

export function createCachedResponses(store: ResponseStore) {
  const isSecondHit = createSecondHitFilter();
  const claimed = new Set<string>();
  return {
    get(key: string): CachedResponseHit | undefined {
      const found = store.get(key);
      if (found === undefined) return undefined;
      const reports = store.recordHit(found);
      const cache = { hit: reports.length, stale: 0, shared: 0, collapsed: 0, miss: 0 };
      const { validUntilMs } = found;
      const stats = { cache, waits: [], reports, faults: [], validUntilMs };
      return { response: found.value as CachedResponse, stats };
    },
    /** Whether a response under this key should be cached: from its second time on, and by one request at a time. */
    claim(key: string): boolean {
      if (claimed.has(key) || !isSecondHit(key)) return false;
      claimed.add(key);
      return true;
    },
    /** Ends the claim; caches the response, if there is one, with the reports that it is made of. */
    settle(key: string, response: CachedResponse | undefined, { reports, validUntilMs }: LoadStats): void {
      claimed.delete(key);
      if (response === undefined) return;
      const sources = reports.map(({ source }) => source);
      store.set(key, { value: response, bytes: ENTRY_BYTES + response.bytes.length, validUntilMs }, sources);
    },
  };
}

/**
 * The key of a response, by its encoding: everything that its bytes depend on. Callers with equal permissions of one
 * principal share responses.
 */
export function toResponseKey(
  { principal, permissions }: GraphQLRequest,
  operation: ResolvedOperation,
  variables: CheckedVariables,
): (encoding: Encoding) => string {
  const key = `${principal?.id ?? ''}\n${permissions?.key ?? ''}\n${operation.key}\n${variables.key}`;
  return (encoding) => `${encoding}\n${key}`;
}

/**
 * Tells whether a key came before. A table of checksums, each in a slot that the next key of the slot takes over: a wrong
 * answer caches a response too early or too late, and does no other harm.
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
