// The configuration, read from environment variables by one pure function that reports all problems at once. Messages
// never contain a value, because a secret may have been set in the wrong variable.

import { readFileSync } from 'node:fs';

import type { AccessSettings } from '../auth/authentication.js';
import type { TrustedDocuments } from '../auth/trusted-documents.js';
import { createSchema } from '../graphql/schema.js';
import type { ReportKind } from '../report/request.js';
import type { AuthSettings } from '../upstream/auth/credentials.js';
import type { ResilienceSettings } from '../upstream/client/resilience.js';
import { findConflicts, findSuspiciousCombinations, findUnknownNames, sortBySetting } from './checks.js';
import { findMemoryProblems, type Machine, type MemoryLimits } from './memory.js';
import type { LOG_LEVELS } from './settings/gateway.js';
import { findUnusedAccess, readAccess, readTrustedDocuments, warnAboutLoopback } from './settings/read-access.js';
import { readCache, readMemoryLimits, type CacheSettings } from './settings/read-cache.js';
import { findTracingWarnings } from './settings/read-opentelemetry.js';
import { readProxy } from './settings/read-proxy.js';
import { readProtection } from './settings/read-protection.js';
import { readSchema, type SchemaSettings } from './settings/read-schema.js';
import { readTelemetry } from './settings/read-telemetry.js';
import { findUnusedCredentials, readAuth, readResilience } from './settings/read-upstream.js';
import { ConfigError, createReader, type Environment, type Reader, type ReadText } from './settings/reader.js';
import type { ProxySettings } from '../upstream/http/proxy.js';

export interface Config {
  /** The address to listen on: HOST, or loopback unless GATEWAY_AUTH says how callers authenticate. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly memory: MemoryLimits;
  readonly access: AccessSettings;
  /** The operations that may run; undefined: all. */
  readonly trustedDocuments: TrustedDocuments | undefined;
  /** Whether clients may send the hash of an operation instead of its text. */
  readonly persistedQueries: boolean;
  readonly graphiql: boolean;
  readonly schema: SchemaSettings;
  /** The maximum number of rows per page; undefined: no limit. */
  readonly maxPageRows: number | undefined;
  /** The maximum number of rows and entity reports per response; undefined: no limit. */
  readonly maxAnswerRows: number | undefined;
  readonly shutdown: ShutdownSettings;
  /** Request limits and browser access. */
  readonly protection: Readonly<ReturnType<typeof readProtection>>;
  readonly logLevel: (typeof LOG_LEVELS)[number];
  /** The percentage of successful operations that are logged. */
  readonly logSamplePercent: number;
  readonly telemetry: Readonly<ReturnType<typeof readTelemetry>>;
  /** The `Cache-Control` of fresh responses. */
  readonly cacheControl: 'private' | 'public';
  /** The proxy for ScaleOps, logins, signing keys and traces; undefined: none. */
  readonly proxy: ProxySettings | undefined;
  readonly upstream: {
    readonly url: string;
    readonly auth: AuthSettings;
    readonly paths: Readonly<Record<ReportKind, string>>;
    readonly multiClusterByDefault: boolean;
    readonly timeoutMs: number;
    readonly maxResponseBytes: number;
    readonly resilience: ResilienceSettings;
  };
  readonly cache: CacheSettings;
}

export interface ShutdownSettings {
  /** How long new requests are still accepted. */
  readonly delayMs: number;
  /** How long requests in flight may take once the port is closed. */
  readonly limitMs: number;
}

const MIB = 1_048_576;
const readUtf8: ReadText = (path) => readFileSync(path, 'utf8');
/** Large enough for all defaults. */
const LARGE_MACHINE: Machine = { availableBytes: 4096 * MIB, heapLimitBytes: 4096 * MIB };

/**
 * Reads the configuration; an empty variable counts as not set. Files named by settings are read by `readText`.
 * @param machine the memory of this process.
 * @returns the frozen configuration, and warnings: unknown names, settings without effect, suspicious combinations.
 * @throws ConfigError with every problem and the warnings.
 */
export function readConfig(
  env: Environment,
  readText: ReadText = readUtf8,
  machine: Machine = LARGE_MACHINE,
): { readonly config: Config; readonly warnings: readonly string[] } {
  const problems: string[] = [];
  const read = createReader(env, problems);
  const auth = readAuth(read, problems, readText);
  const access = readAccess(read, auth.kind, readText, problems);
  const loopback = warnAboutLoopback(read, access);
  const memory = readMemoryLimits(read, machine);
  const config: Config = {
    host: loopback === undefined ? read('HOST') : '127.0.0.1',
    port: read('PORT'),
    memory,
    access,
    trustedDocuments: readTrustedDocuments(read, readText, () => createSchema(readSchema(read)), problems),
    persistedQueries: read('GATEWAY_APQ'),
    graphiql: read('GRAPHIQL'),
    schema: readSchema(read),
    maxPageRows: read('GATEWAY_MAX_PAGE_ROWS'),
    maxAnswerRows: read('GATEWAY_MAX_ANSWER_ROWS'),
    shutdown: readShutdown(read),
    protection: readProtection(read),
    logLevel: read('LOG_LEVEL'),
    logSamplePercent: read('LOG_SAMPLE_PERCENT'),
    telemetry: readTelemetry(read),
    cacheControl: read('CACHE_CONTROL'),
    proxy: readProxy(env, problems),
    upstream: readUpstream(read, auth),
    cache: readCache(read, memory),
  };
  problems.push(...findConflicts(config));
  const warnings = [
    ...findUnknownNames(env),
    ...findUnusedCredentials(env, auth),
    ...findUnusedAccess(env, access),
    ...findTracingWarnings(env, read),
    ...findSuspiciousCombinations(config),
    ...findMemoryProblems(memory),
    ...(loopback === undefined ? [] : [loopback]),
  ];
  if (problems.length > 0) throw new ConfigError(sortBySetting(problems), warnings);
  return { config: deepFreeze(config), warnings };
}

/** The settings of the schema alone, for printing it. @throws ConfigError */
export function readSchemaSettings(env: Environment): SchemaSettings {
  const problems: string[] = [];
  const settings = readSchema(createReader(env, problems));
  if (problems.length > 0) throw new ConfigError(problems);
  return settings;
}

function readUpstream(read: Reader, auth: AuthSettings): Config['upstream'] {
  return {
    url: read('SCALEOPS_URL'),
    auth,
    paths: { workloads: read('SCALEOPS_WORKLOADS_PATH'), aggregated: read('SCALEOPS_AGGREGATED_PATH') },
    multiClusterByDefault: read('SCALEOPS_MULTI_CLUSTER'),
    timeoutMs: read('SCALEOPS_TIMEOUT_MS'),
    maxResponseBytes: MIB * read('SCALEOPS_MAX_RESPONSE_MB'),
    resilience: readResilience(read),
  };
}

function readShutdown(read: Reader): ShutdownSettings {
  return {
    delayMs: 1000 * read('GATEWAY_SHUTDOWN_DELAY_SECONDS'),
    limitMs: 1000 * read('GATEWAY_SHUTDOWN_LIMIT_SECONDS'),
  };
}

function deepFreeze<T extends object>(value: T): T {
  for (const member of Object.values(value)) {
    if (typeof member === 'object' && member !== null) deepFreeze(member as object);
  }
  return Object.freeze(value);
}
