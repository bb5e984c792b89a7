// Reads the settings of the cache.

import type { FreshnessSettings } from '../../cache/freshness.js';
import { deriveMemoryLimits, type Machine, type MemoryLimits } from '../memory.js';
import type { Reader } from './reader.js';

export interface CacheSettings extends FreshnessSettings {
  readonly recheckMs: number;
  /** The bounds of reports and of responses made of them. */
  readonly maxBytes: number;
  readonly maxResponseBytes: number;
  readonly redisUrl: string | undefined;
}

const MIB = 1_048_576;

export function readCache(read: Reader, { reportCacheBytes, responseCacheBytes }: MemoryLimits): CacheSettings {
  return {
    ttlMs: 1000 * read('CACHE_TTL_SECONDS'),
    pastTtlMs: 1000 * read('CACHE_PAST_TTL_SECONDS'),
    staleMs: 1000 * read('CACHE_STALE_SECONDS'),
    staleIfErrorMs: 1000 * read('CACHE_STALE_IF_ERROR_SECONDS'),
    recheckMs: 1000 * read('CACHE_RECHECK_SECONDS'),
    maxBytes: reportCacheBytes,
    maxResponseBytes: responseCacheBytes,
    redisUrl: read('CACHE_REDIS_URL'),
  };
}

export function readMemoryLimits(read: Reader, machine: Machine): MemoryLimits {
  const maxMib = read('CACHE_MAX_MB');
  return deriveMemoryLimits(machine, maxMib === undefined ? undefined : MIB * maxMib);
}
