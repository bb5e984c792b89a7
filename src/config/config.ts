// The configuration, read from environment variables by one pure function that reports all problems at once. Messages
// never contain a value, because a secret may have been set in the wrong variable.

import { readFileSync } from 'node:fs';

import { createSchema } from '../graphql/schema.js';
import {
  excludeMentions,
  findConflicts,
  findSuspiciousCombinations,
  findUnknownNames,
  sortBySetting,
} from './checks.js';
import { deriveMemoryLimits, findMemoryProblems, type ProcessMemory, type MemoryLimits } from './memory.js';
import { findUnused } from './settings/requirements.js';
import { findUnusedPermissions, readAccess, readTrustedDocuments, warnAboutLoopback } from './settings/read-access.js';
import { findTracingWarnings, readTracing } from './settings/read-opentelemetry.js';
import { readProxy, readUpstream } from './settings/read-upstream.js';
import {
  ConfigError,
  createSource,
  type Environment,
  type Reader,
  type ReadText,
  type Source,
} from './settings/reader.js';

export type Config = Readonly<ReturnType<typeof readSettings>>;

const KIB = 1_024;
const MIB = 1_048_576;
const readUtf8: ReadText = (path) => readFileSync(path, 'utf8');
/** Large enough for all defaults. */
const LARGE_MACHINE: ProcessMemory = { availableBytes: 4096 * MIB, heapLimitBytes: 4096 * MIB };

/**
 * Reads the configuration; an empty variable counts as not set. Files named by settings are read by `readText`.
 * @param machine the memory of this process.
 * @returns the frozen configuration, and warnings: unknown names, settings without effect, suspicious combinations.
 * @throws ConfigError with every problem and the warnings.
 */
export function readConfig(
  env: Environment,
  readText: ReadText = readUtf8,
  machine: ProcessMemory = LARGE_MACHINE,
): { readonly config: Config; readonly warnings: readonly string[] } {
  const source = createSource(env, readText);
  const config = readSettings(source, machine);
  const unknown = findUnknownNames(env);
  const conflicts = [...source.problems, ...findConflicts(source.read, config.access)];
  const problems = [
    ...source.invalid.values(),
    ...unknown.problems,
    // A conflict with a setting that is invalid itself may not exist.
    ...excludeMentions(conflicts, [...source.invalid.keys()]),
  ];
  const namesWithProblem = problems.flatMap((problem) => /^\w+/.exec(problem) ?? []);
  const warnings = [...unknown.warnings, ...excludeMentions(findWarnings(source, config), namesWithProblem)];
  if (problems.length > 0) throw new ConfigError(sortBySetting(problems), warnings);
  return { config: deepFreeze(config), warnings };
}

function findWarnings(source: Source, config: Config): string[] {
  const { env, read } = source;
  const loopback = warnAboutLoopback(read, config.access);
  return [
    ...findUnused(env, 'SCALEOPS_AUTH', config.upstream.auth.kind),
    ...findUnused(env, 'GATEWAY_AUTH', config.access.kind),
    ...findUnusedPermissions(config.access),
    ...findTracingWarnings(source),
    ...findSuspiciousCombinations(read, config.access),
    ...findMemoryProblems(config.memory),
    ...(loopback === undefined ? [] : [loopback]),
  ];
}

/** Only the settings that the schema depends on, to print it. @throws ConfigError */
export function readSchemaSettings(env: Environment): Config['schema'] {
  const { read, invalid } = createSource(env, readUtf8);
  const settings = readSchema(read);
  if (invalid.size > 0) throw new ConfigError([...invalid.values()]);
  return settings;
}

function readSettings(source: Source, machine: ProcessMemory) {
  const { read } = source;
  const access = readAccess(source);
  const maxMib = read('CACHE_MAX_MB');
  const memory = deriveMemoryLimits(machine, maxMib === undefined ? undefined : MIB * maxMib);
  return {
    /** The address to listen on: HOST, or loopback unless GATEWAY_AUTH says how callers authenticate. */
    host: warnAboutLoopback(read, access) === undefined ? read('HOST') : '127.0.0.1',
    /** 0 lets the system choose. */
    port: read('PORT'),
    memory,
    access,
    /** The operations that may run; undefined: all. */
    trustedDocuments: readTrustedDocuments(source, () => createSchema(readSchema(read))),
    /** Whether clients may send the hash of an operation instead of its text. */
    persistedQueries: read('GATEWAY_APQ'),
    graphiql: read('GRAPHIQL'),
    schema: readSchema(read),
    /** The maximum number of rows per page; undefined: no limit. */
    maxPageRows: read('GATEWAY_MAX_PAGE_ROWS'),
    /** The maximum number of rows and entity reports per response; undefined: no limit. */
    maxResponseRows: read('GATEWAY_MAX_ANSWER_ROWS'),
    shutdown: {
      /** How long new requests are still accepted. */
      delayMs: 1000 * read('GATEWAY_SHUTDOWN_DELAY_SECONDS'),
      /** How long requests in flight may take once the port is closed. */
      limitMs: 1000 * read('GATEWAY_SHUTDOWN_LIMIT_SECONDS'),
    },
    protection: readProtection(read),
    logLevel: read('LOG_LEVEL'),
    /** The percentage of successful operations that are logged. */
    logSamplePercent: read('LOG_SAMPLE_PERCENT'),
    telemetry: {
      metrics: read('GATEWAY_METRICS'),
      operations: read('GATEWAY_METRICS_OPERATIONS') ?? [],
      tracing: readTracing(read),
    },
    /** The `Cache-Control` of fresh responses. */
    cacheControl: read('CACHE_CONTROL'),
    /** The proxy for ScaleOps, logins and signing keys; undefined: none. */
    proxy: readProxy(source),
    upstream: readUpstream(source),
    cache: readCache(read, memory),
  };
}

function readSchema(read: Reader) {
  return {
    federation: read('GATEWAY_FEDERATION'),
    access: read('GATEWAY_FEDERATION_ACCESS'),
    cacheTags: read('GATEWAY_FEDERATION_CACHE_TAGS'),
  };
}

/** Request limits and browser access. A limit that is undefined is off. */
function readProtection(read: Reader) {
  return {
    documents: {
      tokens: read('GATEWAY_MAX_TOKENS'),
      depth: read('GATEWAY_MAX_DEPTH'),
      aliases: read('GATEWAY_MAX_ALIASES'),
      rootFields: read('GATEWAY_MAX_ROOT_FIELDS'),
      directives: read('GATEWAY_MAX_DIRECTIVES'),
      fragments: read('GATEWAY_MAX_FRAGMENTS'),
      repeatedFields: read('GATEWAY_MAX_REPEATED_FIELDS'),
    },
    /** Of a request, decompressed. */
    maxBodyBytes: KIB * read('GATEWAY_MAX_BODY_KIB'),
    maxCost: read('GATEWAY_MAX_COST'),
    maxUpstreamCalls: read('GATEWAY_MAX_UPSTREAM_CALLS'),
    maxIntervals: read('GATEWAY_MAX_INTERVALS'),
    timeoutMs: read('GATEWAY_TIMEOUT_MS'),
    rateLimit: read('GATEWAY_RATE_LIMIT'),
    corsOrigins: read('GATEWAY_CORS_ORIGINS') ?? [],
    introspection: read('GATEWAY_INTROSPECTION'),
  };
}

function readCache(read: Reader, { reportCacheBytes, responseCacheBytes }: MemoryLimits) {
  return {
    ttlMs: 1000 * read('CACHE_TTL_SECONDS'),
    settlingTtlMs: 1000 * read('CACHE_SETTLING_TTL_SECONDS'),
    settledTtlMs: 1000 * read('CACHE_SETTLED_TTL_SECONDS'),
    settledAfterMs: 1000 * read('CACHE_SETTLED_AFTER_SECONDS'),
    staleMs: 1000 * read('CACHE_STALE_SECONDS'),
    staleIfErrorMs: 1000 * read('CACHE_STALE_IF_ERROR_SECONDS'),
    recheckMs: 1000 * read('CACHE_RECHECK_SECONDS'),
    /** The bounds of reports and of responses made of them. */
    maxBytes: reportCacheBytes,
    maxResponseBytes: responseCacheBytes,
    redisUrl: read('CACHE_REDIS_URL'),
  };
}

function deepFreeze<T extends object>(value: T): T {
  for (const member of Object.values(value)) {
    if (typeof member === 'object' && member !== null) deepFreeze(member as object);
  }
  return Object.freeze(value);
}
