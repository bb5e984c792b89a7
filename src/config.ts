// Configuration: every setting, read from environment variables by one pure function that names all problems at once.
// Values are never repeated in a message: any of them may be a secret in the wrong place.

import { closest, distance } from 'fastest-levenshtein';

import type { ReportKind } from './report/request.js';
import { isToken, type TokenSource } from './upstream/credentials.js';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

export interface Config {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly graphiql: boolean;
  /** The most rows that a page may have; undefined: no limit. */
  readonly maxPageRows: number | undefined;
  readonly logLevel: LogLevel;
  readonly upstream: {
    readonly url: string;
    readonly token: TokenSource;
    readonly paths: Readonly<Record<ReportKind, string>>;
    readonly multiClusterByDefault: boolean;
    readonly timeoutMs: number;
    readonly maxResponseBytes: number;
  };
  readonly cache: { readonly ttlMs: number; readonly maxBytes: number };
}

interface Setting {
  /** What stands in the README and in effect when the variable is not set; undefined: there is no default. */
  readonly default?: string;
  readonly meaning: string;
}

/** Every setting by its name. The README's table is compared with this one. */
export const SETTINGS = {
  SCALEOPS_URL: { meaning: 'Your ScaleOps host, such as `https://scaleops.example.com`. Required.' },
  SCALEOPS_TOKEN: { meaning: 'The bearer token for ScaleOps. Required, or `SCALEOPS_TOKEN_FILE`.' },
  SCALEOPS_TOKEN_FILE: { meaning: 'A file that holds the token; read again at each use.' },
  SCALEOPS_WORKLOADS_PATH: {
    default: '/detailedCostReport/getWorkloads',
    meaning: 'The path of the workload report.',
  },
  SCALEOPS_AGGREGATED_PATH: {
    default: '/detailedCostReport/getAggregatedWorkloads',
    meaning: 'The path of the aggregated report. An assumption: the vendor documents no path.',
  },
  SCALEOPS_MULTI_CLUSTER: { default: 'off', meaning: '`multiCluster` where the filter does not decide it: on or off.' },
  SCALEOPS_TIMEOUT_MS: {
    default: '30000',
    meaning: 'The deadline of one report, from the wait for a connection to the last byte, in milliseconds.',
  },
  SCALEOPS_MAX_RESPONSE_MB: { default: '256', meaning: 'The longest answer that is read, decoded, in MiB.' },
  CACHE_TTL_SECONDS: { default: '60', meaning: 'How long a report counts as fresh, in seconds; 0 keeps none.' },
  CACHE_MAX_MB: { default: '256', meaning: 'The memory that kept reports may take, in MiB.' },
  HOST: { default: '127.0.0.1', meaning: 'The address to listen on.' },
  PORT: { default: '4000', meaning: 'The port to listen on; 0 lets the system choose.' },
  GATEWAY_MAX_PAGE_ROWS: { default: 'off', meaning: 'The most rows that one page may have: a number, or off.' },
  GRAPHIQL: { default: 'on', meaning: 'The GraphiQL page at `/graphql`: on or off.' },
  LOG_LEVEL: { default: 'info', meaning: 'trace, debug, info, warn, error, fatal or silent.' },
} as const satisfies Record<string, Setting>;

type SettingName = keyof typeof SETTINGS;
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

/**
 * Reads the configuration; an empty variable counts as not set.
 * @returns the frozen configuration, and warnings about names that look like settings and are none.
 * @throws ConfigError with every problem found.
 */
export function readConfig(env: Environment): { readonly config: Config; readonly warnings: readonly string[] } {
  const problems: string[] = [];
  const read = createReader(env, problems);
  const MIB = 1_048_576;
  const config: Config = {
    host: read('HOST', isHost, String, 'must be an address or a host name'),
    port: read('PORT', isWhole(0, 65_535), Number, 'must be a whole number from 0 to 65535'),
    graphiql: read('GRAPHIQL', isSwitch, isOn, 'must be on or off'),
    maxPageRows: read('GATEWAY_MAX_PAGE_ROWS', isLimit, toLimit, 'must be off or a whole number from 1 to 1000000'),
    logLevel: read('LOG_LEVEL', isLogLevel, (text) => text as LogLevel, `must be one of ${LOG_LEVELS.join(', ')}`),
    upstream: {
      url: read('SCALEOPS_URL', isBaseUrl, String, 'must be an http or https URL without user, query or fragment'),
      token: readTokenSource(env, problems),
      paths: {
        workloads: read('SCALEOPS_WORKLOADS_PATH', isPath, String, PATH_RULE),
        aggregated: read('SCALEOPS_AGGREGATED_PATH', isPath, String, PATH_RULE),
      },
      multiClusterByDefault: read('SCALEOPS_MULTI_CLUSTER', isSwitch, isOn, 'must be on or off'),
      timeoutMs: read('SCALEOPS_TIMEOUT_MS', isWhole(1, 600_000), Number, 'must be a whole number from 1 to 600000'),
      maxResponseBytes:
        MIB * read('SCALEOPS_MAX_RESPONSE_MB', isWhole(1, 500), Number, 'must be a whole number from 1 to 500'),
    },
    cache: {
      ttlMs: 1000 * read('CACHE_TTL_SECONDS', isWhole(0, 86_400), Number, 'must be a whole number from 0 to 86400'),
      maxBytes: MIB * read('CACHE_MAX_MB', isWhole(1, 1_048_576), Number, 'must be a whole number from 1 to 1048576'),
    },
  };
  if (problems.length > 0) throw new ConfigError(problems);
  return { config: deepFreeze(config), warnings: findUnknownNames(env) };
}

type Reader = <T>(name: SettingName, accepts: (text: string) => boolean, to: (text: string) => T, rule: string) => T;

function createReader(env: Environment, problems: string[]): Reader {
  return (name, accepts, to, rule) => {
    const setting: Setting = SETTINGS[name];
    const text = env[name]?.trim() ?? '';
    const effective = text === '' ? setting.default : text;
    if (effective === undefined) problems.push(`${name} is not set. ${setting.meaning}`);
    else if (!accepts(effective)) problems.push(`${name} ${rule}.`);
    return to(effective ?? '');
  };
}

function readTokenSource(env: Environment, problems: string[]): TokenSource {
  const token = env.SCALEOPS_TOKEN?.trim() ?? '';
  const tokenFile = env.SCALEOPS_TOKEN_FILE?.trim() ?? '';
  if (token === '' && tokenFile === '') problems.push('SCALEOPS_TOKEN or SCALEOPS_TOKEN_FILE must be set.');
  if (token !== '' && tokenFile !== '') problems.push('SCALEOPS_TOKEN and SCALEOPS_TOKEN_FILE exclude each other.');
  if (token !== '' && !isToken(token)) problems.push('SCALEOPS_TOKEN must be visible ASCII characters without spaces.');
  return tokenFile === '' ? { token } : { tokenFile };
}

const LOG_LEVELS: readonly string[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];
const PATH_RULE = 'must be a path that begins with "/", without query or fragment';

const isLogLevel = (text: string): boolean => LOG_LEVELS.includes(text);
const isSwitch = (text: string): boolean => text === 'on' || text === 'off';
const isOn = (text: string): boolean => text === 'on';
const isLimit = (text: string): boolean => text === 'off' || isWhole(1, 1_000_000)(text);
const toLimit = (text: string): number | undefined => (text === 'off' ? undefined : Number(text));
const isHost = (text: string): boolean => /^[\w.:-]+$/.test(text);
const isPath = (text: string): boolean => /^\/[^\s?#]*$/.test(text);

function isWhole(min: number, max: number): (text: string) => boolean {
  return (text) => /^\d{1,9}$/.test(text) && Number(text) >= min && Number(text) <= max;
}

function isBaseUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, search, hash } = new URL(text);
  return /^https?:$/.test(protocol) && [username, password, search, hash].every((part) => part === '');
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

function deepFreeze<T extends object>(value: T): T {
  for (const each of Object.values(value)) if (typeof each === 'object' && each !== null) deepFreeze(each as object);
  return Object.freeze(value);
}
