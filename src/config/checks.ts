// Checks of the configuration as a whole: contradictions, suspicious combinations, misspelt names.

import { closest, distance } from 'fastest-levenshtein';

import type { AccessSettings } from '../auth/authentication.js';
import { isSet, type Environment, type Reader } from './settings/reader.js';
import { SETTINGS } from './settings/settings.js';

/** Settings that are valid alone and not together. */
export function findConflicts(read: Reader, access: AccessSettings): string[] {
  const problems: string[] = [];
  if (access.kind !== 'none' && read('CACHE_CONTROL') === 'public') {
    const reason = access.kind === 'forward' ? 'SCALEOPS_AUTH=forward' : `GATEWAY_AUTH=${access.kind}`;
    problems.push(`CACHE_CONTROL must be private with ${reason}: each response belongs to one caller.`);
  }
  if (read('SCALEOPS_BREAKER_MAX_OPEN_SECONDS') < read('SCALEOPS_BREAKER_OPEN_SECONDS')) {
    problems.push('SCALEOPS_BREAKER_MAX_OPEN_SECONDS must not be less than SCALEOPS_BREAKER_OPEN_SECONDS.');
  }
  return problems;
}

/** Settings that are valid together, and probably not what was intended. */
export function findSuspiciousCombinations(read: Reader, access: AccessSettings): string[] {
  const warnings: string[] = [];
  if (read('GATEWAY_FEDERATION') && read('GATEWAY_FEDERATION_ACCESS') !== undefined) {
    const open =
      access.kind === 'none' ? ' Without GATEWAY_AUTH, costs are open to every client that reaches the gateway.' : '';
    warnings.push(
      `GATEWAY_FEDERATION_ACCESS is enforced only by routers, and not by every router: send yours a query without a token.${open}`,
    );
  }
  if ((read('GATEWAY_TIMEOUT_MS') ?? Infinity) < read('SCALEOPS_TIMEOUT_MS')) {
    warnings.push('GATEWAY_TIMEOUT_MS is less than SCALEOPS_TIMEOUT_MS: reports that take longer never arrive.');
  }
  if (read('GRAPHIQL') && !read('GATEWAY_INTROSPECTION')) {
    warnings.push('GRAPHIQL is on, but without documentation and completion: GATEWAY_INTROSPECTION is off.');
  }
  return warnings;
}

/** The texts that mention none of these settings. */
export function excludeMentions(texts: readonly string[], names: readonly string[]): string[] {
  return texts.filter((text) => !names.some((name) => new RegExp(`\\b${name}\\b`).test(text)));
}

const OUR_PREFIX = /^(?:SCALEOPS|CACHE|GATEWAY|GRAPHIQL|LOG)(?:_|$)/i;
/** The prefixes that no other program uses. */
const UNIQUE_PREFIX = /^(?:SCALEOPS|CACHE|GATEWAY)_/i;
/** Variables that Kubernetes sets for a service. https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables */
const SERVICE_LINK_NAME = /_SERVICE_(?:HOST|PORT(?:_\w+)?)$|_PORT_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?$/;
const SERVICE_LINK_VALUE = /^(?:tcp|udp|sctp):\/\//;

/** Unknown variables with our prefixes. A misspelt setting is a problem: without it the gateway may lack permissions. */
export function findUnknownNames(env: Environment) {
  const problems: string[] = [];
  const warnings: string[] = [];
  for (const name of Object.keys(env)) {
    if (!OUR_PREFIX.test(name) || Object.hasOwn(SETTINGS, name)) continue;
    const isServiceLink = SERVICE_LINK_NAME.test(name) || SERVICE_LINK_VALUE.test(env[name] ?? '');
    const nearest = isServiceLink ? undefined : findNearest(name);
    const isProblem = nearest !== undefined && UNIQUE_PREFIX.test(name) && isSet(env, name);
    (isProblem ? problems : warnings).push(`${name} is not a setting of the gateway${suggest(nearest)}`);
  }
  return { problems, warnings };
}

/** The end of a sentence about an unknown name: a suggestion, if a setting has a similar name. */
export function didYouMean(name: string): string {
  return suggest(findNearest(name));
}

function suggest(name: string | undefined): string {
  return name === undefined ? '.' : `; did you mean ${name}?`;
}

function findNearest(name: string): string | undefined {
  const names = Object.keys(SETTINGS);
  const upper = name.toUpperCase();
  const withoutPrefix = upper.replace(/^GATEWAY_/, '');
  if (names.includes(withoutPrefix)) return withoutPrefix;
  // A name without its end, such as CACHE_TTL, is the likeliest mistake, and far from every name by edit distance.
  const completed = names.find((setting) => setting.startsWith(upper));
  if (completed !== undefined) return completed;
  const nearest = closest(upper, names);
  // A third of the letters after the prefix: GATEWAY_NAME is not GATEWAY_AUTH.
  const part = upper.slice(upper.indexOf('_') + 1);
  return distance(upper, nearest) <= Math.max(2, Math.min(4, Math.floor(part.length / 3))) ? nearest : undefined;
}

/** In the order of the settings, without duplicates. */
export function sortBySetting(problems: readonly string[]): string[] {
  const names = Object.keys(SETTINGS);
  const positionOf = (problem: string): number => names.indexOf(/^\w+/.exec(problem)?.[0] ?? '');
  return [...new Set(problems)].sort((a, b) => positionOf(a) - positionOf(b));
}
