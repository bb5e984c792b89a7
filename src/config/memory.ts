// Derives memory limits from the memory of the process, so that the gateway refuses work (OVERLOADED) before the kernel
// ends it.

/** The memory of this process, in bytes. */
export interface ProcessMemory {
  /** The limit of the container; without one, the memory of the machine. */
  readonly availableBytes: number;
  /** V8's heap limit: `v8.getHeapStatistics().heap_size_limit`. */
  readonly heapLimitBytes: number;
}

export type MemoryLimits = ReturnType<typeof deriveMemoryLimits>;

const MIB = 1_048_576;
const MAX_CACHE_BYTES = 256 * MIB;
const MIN_CACHE_BYTES = 16 * MIB;
const MAX_CONCURRENT = 4;

// Measured on 2026-11-30 with Node 20.20: RSS of the built server, the simulator's fleet of 100,000 workloads (a body of
// 70.9 MB). An idle server has 90 MiB; after 1, 2 and 3 cold reports at once 309, 414 and 523 MiB. So the parser thread
// and its garbage cost 118 MiB once, and each further report 107 MiB. A response of all rows (36 MB) costs 16 to 40 MiB,
// and as JavaScript objects, where rows cannot be copied from columns, up to 128 MiB of V8's heap.
const PROCESS_BYTES = 208 * MIB;
const LARGE_BODY_BYTES = 108 * MIB;
const LARGE_RESPONSE_BYTES = 48 * MIB;
/** The rest is lost to fragmentation: five cold reports at once were killed at 512 MiB without it. */
const USABLE_SHARE = 0.9;
const HEAP_BASE_BYTES = 96 * MIB;
const LARGE_RESPONSE_HEAP_BYTES = 128 * MIB;

/** The memory that the process may use. @param containerBytes the container's limit; 0, or a huge number, for none. */
export function availableMemory(containerBytes: number, machineBytes: number): number {
  return containerBytes > 0 && containerBytes < machineBytes ? containerBytes : machineBytes;
}

/**
 * Unless `cacheMaxBytes` is set, the cache gets a quarter of the memory, at most 256 MiB, and less if one large body and one
 * large response need the rest. A quarter of the cache is for responses. Large bodies come before large responses, which
 * are made of them. One of each is always allowed, even if `spareBytes` is then negative.
 */
export function deriveMemoryLimits({ availableBytes, heapLimitBytes }: ProcessMemory, cacheMaxBytes?: number) {
  const reservedBytes = PROCESS_BYTES + LARGE_BODY_BYTES + LARGE_RESPONSE_BYTES;
  const quarterBytes = Math.min(availableBytes / 4, USABLE_SHARE * availableBytes - reservedBytes);
  const defaultBytes = MIB * Math.floor(Math.max(availableBytes / 8, quarterBytes) / MIB);
  const cacheBytes = cacheMaxBytes ?? clamp(MIN_CACHE_BYTES, defaultBytes, MAX_CACHE_BYTES);
  const responseCacheBytes = Math.floor(cacheBytes / 4);
  const workBytes = availableBytes - PROCESS_BYTES - cacheBytes;
  const largeBodies = toCount((workBytes - LARGE_RESPONSE_BYTES) / LARGE_BODY_BYTES);
  const restBytes = workBytes - largeBodies * LARGE_BODY_BYTES;
  const responsesInHeap = (heapLimitBytes - HEAP_BASE_BYTES) / LARGE_RESPONSE_HEAP_BYTES;
  const largeResponses = toCount(Math.min(restBytes / LARGE_RESPONSE_BYTES, responsesInHeap));
  return {
    availableBytes,
    reportCacheBytes: cacheBytes - responseCacheBytes,
    /** For cached responses and the JSON of rows. */
    responseCacheBytes,
    /** How many bodies of more than 4 MiB are read and parsed at once. */
    largeBodies,
    /** How many large responses are created at once. */
    largeResponses,
    /** The memory that remains for everything else; negative if the limits do not fit. */
    spareBytes: restBytes - largeResponses * LARGE_RESPONSE_BYTES,
  };
}

/** The derived limits, for `--check-config`. */
export function describeMemoryLimits(limits: MemoryLimits): string {
  const { availableBytes, reportCacheBytes, responseCacheBytes, largeBodies, largeResponses } = limits;
  return [
    `Memory limits, derived from ${toMib(availableBytes)} MiB:`,
    `  cached reports: ${toMib(reportCacheBytes)} MiB`,
    `  cached responses: ${toMib(responseCacheBytes)} MiB`,
    `  large ScaleOps responses parsed at once: ${largeBodies}`,
    `  large responses at once: ${largeResponses}`,
    '',
  ].join('\n');
}

/** A warning if the limits do not fit into the memory. */
export function findMemoryProblems({ availableBytes, spareBytes }: MemoryLimits): string[] {
  if (spareBytes >= 0) return [];
  const missing = toMib(-spareBytes);
  return [
    `The memory limit of ${toMib(availableBytes)} MiB is about ${missing} MiB too small for large reports: the process may be killed. Raise the limit, or lower CACHE_MAX_MB.`,
  ];
}

function clamp(min: number, value: number, max: number): number {
  return Math.min(max, Math.max(min, value));
}

function toCount(value: number): number {
  return clamp(1, Math.floor(value), MAX_CONCURRENT);
}

function toMib(bytes: number): number {
  return Math.round(bytes / MIB);
}
