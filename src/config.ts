// Configuration: read from environment variables by one pure function that names all problems at once. Values are never
// repeated in a message: any of them may be a secret in the wrong place.

import { closest, distance } from 'fastest-levenshtein';

import type { Freshness } from './cache/freshness.js';
import type { ReportKind } from './report/request.js';
import type { LOG_LEVELS } from './settings/gateway.js';
import type { Setting } from './settings/setting.js';
import { SETTINGS, type SettingName } from './settings/settings.js';
import type { AuthSettings } from './upstream/credentials.js';
import type { ResilienceSettings } from './upstream/resilience.js';

export type LogLevel = (typeof LOG_LEVELS)[number];

export interface Config {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly graphiql: boolean;
  readonly schema: SchemaSettings;
  /** The most rows that a page may have; undefined: no limit. */
  readonly maxPageRows: number | undefined;
  /** The most rows and entities' reports of an answer; undefined: no limit. */
  readonly maxAnswerRows: number | undefined;
  readonly logLevel: LogLevel;
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
  readonly cache: Freshness & {
    readonly recheckMs: number;
    readonly maxBytes: number;
    readonly redisUrl: string | undefined;
  };
}

type Environment = Readonly<Record<string, string | undefined>>;

/** All that is wrong with an environment. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(['The configuration is not valid:', ...problems.map((problem) => `  - ${problem}`)].join('\n'));
    this.problems = problems;
  }
}

const MIB = 1_048_576;

/**
 * Reads the configuration; an empty variable counts as not set.
 * @returns the frozen configuration, and warnings: names that look like settings and are none, settings without effect.
 * @throws ConfigError with every problem found.
 */
export function readConfig(env: Environment): { readonly config: Config; readonly warnings: readonly string[] } {
  const problems: string[] = [];
  const read = createReader(env, problems);
  const auth = readAuth(read, problems);
  const config: Config = {
    host: read('HOST'),
    port: read('PORT'),
    graphiql: read('GRAPHIQL'),
    schema: readSchema(read),
    maxPageRows: read('GATEWAY_MAX_PAGE_ROWS'),
    maxAnswerRows: read('GATEWAY_MAX_ANSWER_ROWS'),
    logLevel: read('LOG_LEVEL'),
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
    cache: {
      ttlMs: 1000 * read('CACHE_TTL_SECONDS'),
      pastTtlMs: 1000 * read('CACHE_PAST_TTL_SECONDS'),
      staleMs: 1000 * read('CACHE_STALE_SECONDS'),
      staleIfErrorMs: 1000 * read('CACHE_STALE_IF_ERROR_SECONDS'),
      recheckMs: 1000 * read('CACHE_RECHECK_SECONDS'),
      maxBytes: MIB * read('CACHE_MAX_MB'),
      redisUrl: read('CACHE_REDIS_URL'),
    },
  };
  if (auth.kind === 'forward' && config.cacheControl === 'public') {
    problems.push('CACHE_CONTROL must be private with SCALEOPS_AUTH=forward: answers are of one caller.');
  }
  const { openMs, maxOpenMs } = config.upstream.resilience.breaker;
  if (maxOpenMs < openMs) {
    problems.push('SCALEOPS_BREAKER_MAX_OPEN_SECONDS must not be less than SCALEOPS_BREAKER_OPEN_SECONDS.');
  }
  // In the order of the README, whatever order they were met in.
  if (problems.length > 0) throw new ConfigError(sortBySetting(problems));
  return { config: deepFreeze(config), warnings: [...findUnknownNames(env), ...findIdleSettings(env, auth)] };
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

type ValueOf<S> = S extends { to: (text: string) => infer T }
  ? S extends { default: string } | { required: true }
    ? T
    : T | undefined
  : never;
type Reader = <N extends SettingName>(name: N) => ValueOf<(typeof SETTINGS)[N]>;

function createReader(env: Environment, problems: string[]): Reader {
  return (name) => {
    const setting: Setting<unknown> = SETTINGS[name];
    const text = env[name] ?? '';
    const effective = text.trim() === '' ? setting.default : setting.verbatim ? text : text.trim();
    if (effective === undefined) {
      if (setting.required) problems.push(`${name} is not set. ${setting.meaning}`);
      return undefined as never;
    }
    if (!setting.accepts(effective)) problems.push(`${name} ${setting.rule}.`);
    return setting.to(effective) as never;
  };
}

/** What each way to a token needs; of a list within, one and only one. */
const NEEDS: Readonly<Record<string, readonly (SettingName | readonly [SettingName, SettingName])[]>> = {
  token: [['SCALEOPS_TOKEN', 'SCALEOPS_TOKEN_FILE']],
  login: ['SCALEOPS_USERNAME', 'SCALEOPS_PASSWORD'],
  azure: ['SCALEOPS_AZURE_TENANT_ID', 'SCALEOPS_AZURE_CLIENT_ID', 'SCALEOPS_AZURE_CLIENT_SECRET'],
  forward: [],
};

function readAuth(read: Reader, problems: string[]): AuthSettings {
  const kind = read('SCALEOPS_AUTH');
  const authority = read('SCALEOPS_AZURE_AUTHORITY');
  const given = (name: SettingName): boolean => read(name) !== undefined;
  for (const need of NEEDS[kind] ?? []) {
    if (typeof need === 'string') {
      if (!given(need)) problems.push(`${need} must be set with SCALEOPS_AUTH=${kind}.`);
    } else if (need.every(given)) problems.push(`${need.join(' and ')} exclude each other.`);
    else if (!need.some(given)) problems.push(`${need.join(' or ')} must be set.`);
  }
  switch (kind) {
    case 'login':
      return { kind, username: read('SCALEOPS_USERNAME') ?? '', password: read('SCALEOPS_PASSWORD') ?? '' };
    case 'azure':
      return {
        kind,
        authority,
        tenantId: read('SCALEOPS_AZURE_TENANT_ID') ?? '',
        clientId: read('SCALEOPS_AZURE_CLIENT_ID') ?? '',
        clientSecret: read('SCALEOPS_AZURE_CLIENT_SECRET') ?? '',
      };
    case 'forward':
      return { kind };
    default: {
      const file = read('SCALEOPS_TOKEN_FILE');
      return { kind: 'token', source: file === undefined ? { token: read('SCALEOPS_TOKEN') ?? '' } : { file } };
    }
  }
}

function readResilience(read: Reader): ResilienceSettings {
  return {
    maxInFlight: read('SCALEOPS_MAX_IN_FLIGHT'),
    maxQueued: read('SCALEOPS_MAX_QUEUED'),
    maxQueueMs: read('SCALEOPS_MAX_QUEUE_MS'),
    maxAttempts: read('SCALEOPS_MAX_ATTEMPTS'),
    retryRatio: read('SCALEOPS_RETRY_PERCENT') / 100,
    minRetries: read('SCALEOPS_RETRY_MIN'),
    breaker: {
      failuresInARow: read('SCALEOPS_BREAKER_FAILURES'),
      failureRatio: read('SCALEOPS_BREAKER_PERCENT') / 100,
      minCalls: read('SCALEOPS_BREAKER_MIN_CALLS'),
      windowMs: 1000 * read('SCALEOPS_BREAKER_WINDOW_SECONDS'),
      openMs: 1000 * read('SCALEOPS_BREAKER_OPEN_SECONDS'),
      maxOpenMs: 1000 * read('SCALEOPS_BREAKER_MAX_OPEN_SECONDS'),
    },
  };
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

/** Credentials of another way than the chosen one: whoever set them expects them to be used. */
function findIdleSettings(env: Environment, { kind }: AuthSettings): string[] {
  const needed = NEEDS[kind]?.flat() ?? [];
  return Object.values(NEEDS)
    .flat(2)
    .filter((name) => !needed.includes(name) && (env[name]?.trim() ?? '') !== '')
    .map((name) => `${name} has no effect with SCALEOPS_AUTH=${kind}.`);
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
