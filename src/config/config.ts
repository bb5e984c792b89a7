// Configuration: read from environment variables by one pure function that names all problems at once. Values are never
// repeated in a message: any of them may be a secret in the wrong place.

import { closest, distance } from 'fastest-levenshtein';
import { readFileSync } from 'node:fs';

import type { AccessSettings } from '../auth/authentication.js';
import type { TrustedDocuments } from '../auth/trusted-documents.js';
import type { FreshnessSettings } from '../cache/freshness.js';
import { createSchema } from '../graphql/schema.js';
import type { ReportKind } from '../report/request.js';
import type { LOG_LEVELS } from './settings/gateway.js';
import { explainLoopback, findIdleAccess, readAccess, readTrustedDocuments } from './settings/read-access.js';
import { findIdleHeaders, readTelemetry } from './settings/read-telemetry.js';
import { explainShares, readShare } from './settings/read-workers.js';
import { readProtection } from './settings/read-protection.js';
import { findIdleSettings, readAuth, readResilience } from './settings/read-upstream.js';
import { ConfigError, createReader, type Environment, type Reader, type ReadText } from './settings/reader.js';
import { SETTINGS } from './settings/settings.js';
import type { AuthSettings } from '../upstream/auth/credentials.js';
import type { ShutdownSettings } from '../app/shutdown.js';
import type { ResilienceSettings } from '../upstream/client/resilience.js';

export { ConfigError };

export type LogLevel = (typeof LOG_LEVELS)[number];

export interface Config {
  /** Where to listen: HOST, unless nobody has said who may come in. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** How many processes answer; what follows is for one of them. */
  readonly workers: number;
  readonly access: AccessSettings;
  /** The operations that may be run; undefined: any. */
  readonly trustedDocuments: TrustedDocuments | undefined;
  /** Whether clients may send the hash of an operation in its place. */
  readonly persistedQueries: boolean;
  readonly graphiql: boolean;
  readonly schema: SchemaSettings;
  /** The most rows that a page may have; undefined: no limit. */
  readonly maxPageRows: number | undefined;
  /** The most rows and entities' reports of an answer; undefined: no limit. */
  readonly maxAnswerRows: number | undefined;
  readonly shutdown: ShutdownSettings;
  /** What keeps out who asks for too much. */
  readonly protection: Readonly<ReturnType<typeof readProtection>>;
  readonly logLevel: LogLevel;
  /** How many percent of the operations that went well are logged. */
  readonly logSamplePercent: number;
  readonly telemetry: Readonly<ReturnType<typeof readTelemetry>>;
  /** Who may keep a fresh answer, by `Cache-Control`. */
  readonly cacheControl: 'private' | 'public';
  readonly upstream: {
    readonly url: string;
    readonly auth: AuthSettings;
    readonly paths: Readonly<Record<ReportKind, string>>;
    readonly multiClusterByDefault: boolean;
    readonly timeoutMs: number;
    readonly maxResponseBytes: number;
    readonly resilience: ResilienceSettings;
  };
  readonly cache: FreshnessSettings & {
    readonly recheckMs: number;
    readonly maxBytes: number;
    readonly maxResponseBytes: number;
    readonly redisUrl: string | undefined;
  };
}

const MIB = 1_048_576;
const readUtf8: ReadText = (path) => readFileSync(path, 'utf8');

/**
 * Reads the configuration; an empty variable counts as not set. Files that it names are read by `readText`.
 * @returns the frozen configuration, and warnings: names that look like settings and are none, settings without effect.
 * @throws ConfigError with every problem found, and the warnings.
 */
export function readConfig(
  env: Environment,
  readText: ReadText = readUtf8,
): { readonly config: Config; readonly warnings: readonly string[] } {
  const problems: string[] = [];
  const read = createReader(env, problems);
  const auth = readAuth(read, problems, readText);
  const access = readAccess(read, auth.kind, readText, problems);
  const loopback = explainLoopback(read, access);
  const config: Config = {
    host: loopback === undefined ? read('HOST') : '127.0.0.1',
    port: read('PORT'),
    workers: read('GATEWAY_WORKERS'),
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
    upstream: {
      url: read('SCALEOPS_URL'),
      auth,
      paths: { workloads: read('SCALEOPS_WORKLOADS_PATH'), aggregated: read('SCALEOPS_AGGREGATED_PATH') },
      multiClusterByDefault: read('SCALEOPS_MULTI_CLUSTER'),
      timeoutMs: read('SCALEOPS_TIMEOUT_MS'),
      maxResponseBytes: MIB * read('SCALEOPS_MAX_RESPONSE_MB'),
      resilience: readResilience(read),
    },
    cache: readCache(read),
  };
  problems.push(...findConflicts(config));
  const idle = [...findIdleSettings(env, auth), ...findIdleAccess(env, access), ...findIdleHeaders(env)];
  const warnings = [
    ...findUnknownNames(env),
    ...idle,
    ...findCrossPurposes(config),
    ...explainShares(read),
    ...(loopback === undefined ? [] : [loopback]),
  ];
  // In the order of the settings, whatever order they were met in.
  if (problems.length > 0) throw new ConfigError(sortBySetting(problems), warnings);
  return { config: deepFreeze(config), warnings };
}

/** What is right by itself, and cannot be together. */
function findConflicts({ access, cacheControl, upstream }: Config): string[] {
  const problems: string[] = [];
  if (access.kind !== 'none' && cacheControl === 'public') {
    const reason = access.kind === 'forward' ? 'SCALEOPS_AUTH=forward' : `GATEWAY_AUTH=${access.kind}`;
    problems.push(`CACHE_CONTROL must be private with ${reason}: answers are of one caller.`);
  }
  const { openMs, maxOpenMs } = upstream.resilience.breaker;
  if (maxOpenMs < openMs) {
    problems.push('SCALEOPS_BREAKER_MAX_OPEN_SECONDS must not be less than SCALEOPS_BREAKER_OPEN_SECONDS.');
  }
  return problems;
}

/** How long reports are kept, and where. */
function readCache(read: Reader): Config['cache'] {
  return {
    ttlMs: 1000 * read('CACHE_TTL_SECONDS'),
    pastTtlMs: 1000 * read('CACHE_PAST_TTL_SECONDS'),
    staleMs: 1000 * read('CACHE_STALE_SECONDS'),
    staleIfErrorMs: 1000 * read('CACHE_STALE_IF_ERROR_SECONDS'),
    recheckMs: 1000 * read('CACHE_RECHECK_SECONDS'),
    maxBytes: 0.75 * readShare(read)(MIB * read('CACHE_MAX_MB')),
    maxResponseBytes: 0.25 * readShare(read)(MIB * read('CACHE_MAX_MB')),
    redisUrl: read('CACHE_REDIS_URL'),
  };
}

/** The settings of the schema alone, for who wants to print it. @throws ConfigError */
export function readSchemaSettings(env: Environment): SchemaSettings {
  const problems: string[] = [];
  const settings = readSchema(createReader(env, problems));
  if (problems.length > 0) throw new ConfigError(problems);
  return settings;
}

/** What the schema says to routers. */
export type SchemaSettings = Readonly<ReturnType<typeof readSchema>>;

function readSchema(read: Reader) {
  return {
    federation: read('GATEWAY_FEDERATION'),
    access: read('GATEWAY_FEDERATION_ACCESS'),
    cacheTags: read('GATEWAY_FEDERATION_CACHE_TAGS'),
  };
}

function readShutdown(read: Reader): ShutdownSettings {
  return {
    delayMs: 1000 * read('GATEWAY_SHUTDOWN_DELAY_SECONDS'),
    limitMs: 1000 * read('GATEWAY_SHUTDOWN_LIMIT_SECONDS'),
  };
}

/** Settings that are right, each by itself, and together are probably not what was meant. */
function findCrossPurposes({ graphiql, protection, upstream }: Config): string[] {
  const isCut = protection.timeoutMs !== undefined && protection.timeoutMs < upstream.timeoutMs;
  const isBlind = graphiql && !protection.introspection;
  return [
    ...(isCut ? ['GATEWAY_TIMEOUT_MS is less than SCALEOPS_TIMEOUT_MS: reports that take longer never arrive.'] : []),
    ...(isBlind
      ? ['GRAPHIQL is on, and shows neither documentation nor completion with GATEWAY_INTROSPECTION=off.']
      : []),
  ];
}

/** Names with one of our prefixes that are no settings. Kubernetes injects some, so they are no reason to stop. */
function findUnknownNames(env: Environment): string[] {
  const known = Object.keys(SETTINGS);
  const ours = /^(?:SCALEOPS|CACHE|GATEWAY|GRAPHIQL|LOG)(?:_|$)/i;
  return Object.keys(env)
    .filter((name) => ours.test(name) && !known.includes(name))
    .map((name) => {
      const upper = name.toUpperCase();
      // The likeliest mistake leaves off the end, CACHE_TTL, which letter by letter is far from every name.
      const beginning = known.find((setting) => setting.startsWith(upper));
      const nearest = beginning ?? closest(upper, known);
      const isNear = beginning !== undefined || distance(upper, nearest) <= 4;
      return `${name} is not a setting of the gateway${isNear ? `; did you mean ${nearest}?` : '.'}`;
    });
}

function sortBySetting(problems: readonly string[]): string[] {
  const names = Object.keys(SETTINGS);
  const place = (problem: string): number => names.indexOf(/^\w+/.exec(problem)?.[0] ?? '');
  return [...new Set(problems)].sort((a, b) => place(a) - place(b));
}

function deepFreeze<T extends object>(value: T): T {
  for (const each of Object.values(value)) if (typeof each === 'object' && each !== null) deepFreeze(each as object);
  return Object.freeze(value);
}
