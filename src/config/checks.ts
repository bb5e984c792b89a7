// Checks of the configuration as a whole: settings that contradict each other, probably do not do what was intended, or
// are misspelt.

import { closest, distance } from 'fastest-levenshtein';

import type { AccessSettings } from '../auth/authentication.js';
import type { ResilienceSettings } from '../upstream/client/resilience.js';
import type { Environment } from './settings/reader.js';
import { SETTINGS } from './settings/settings.js';

/** The settings that are compared with each other. */
interface ComparedSettings {
  readonly access: AccessSettings;
  readonly cacheControl: 'private' | 'public';
  readonly graphiql: boolean;
  readonly schema: { readonly federation: boolean; readonly access: unknown };
  readonly protection: { readonly timeoutMs: number | undefined; readonly introspection: boolean };
  readonly upstream: { readonly timeoutMs: number; readonly resilience: ResilienceSettings };
}

/** Settings that are valid alone and not together. */
export function findConflicts({ access, cacheControl, upstream }: ComparedSettings): string[] {
  const problems: string[] = [];
  if (access.kind !== 'none' && cacheControl === 'public') {
    const reason = access.kind === 'forward' ? 'SCALEOPS_AUTH=forward' : `GATEWAY_AUTH=${access.kind}`;
    problems.push(`CACHE_CONTROL must be private with ${reason}: each response belongs to one caller.`);
  }
  const { openMs, maxOpenMs } = upstream.resilience.breaker;
  if (maxOpenMs < openMs) {
    problems.push('SCALEOPS_BREAKER_MAX_OPEN_SECONDS must not be less than SCALEOPS_BREAKER_OPEN_SECONDS.');
  }
  return problems;
}

/** Settings that are valid together, and probably not what was intended. */
export function findSuspiciousCombinations(settings: ComparedSettings): string[] {
  const { access, graphiql, schema, protection, upstream } = settings;
  const warnings: string[] = [];
  if (schema.federation && schema.access !== undefined) {
    const open =
      access.kind === 'none' ? ' Without GATEWAY_AUTH, costs are open to every client that reaches the gateway.' : '';
    warnings.push(
      `GATEWAY_FEDERATION_ACCESS is enforced by routers alone, and not by every router: send yours a query without a token.${open}`,
    );
  }
  if (protection.timeoutMs !== undefined && protection.timeoutMs < upstream.timeoutMs) {
    warnings.push('GATEWAY_TIMEOUT_MS is less than SCALEOPS_TIMEOUT_MS: reports that take longer never arrive.');
  }
  if (graphiql && !protection.introspection) {
    warnings.push('GRAPHIQL is on, but without documentation and completion: GATEWAY_INTROSPECTION is off.');
  }
  return warnings;
}

/** Unknown variables with one of our prefixes. Kubernetes injects some, so they do not prevent the start. */
export function findUnknownNames(env: Environment): string[] {
  const ours = /^(?:SCALEOPS|CACHE|GATEWAY|GRAPHIQL|LOG)(?:_|$)/i;
  return Object.keys(env)
    .filter((name) => ours.test(name) && !Object.hasOwn(SETTINGS, name))
    .map((name) => `${name} is not a setting of the gateway${nameNearest(name)}`);
}

/** The end of a sentence about an unknown name: the name that was probably meant, if there is one. */
export function nameNearest(name: string): string {
  const known = Object.keys(SETTINGS);
  const upper = name.toUpperCase();
  // A name without its end, such as CACHE_TTL, is the likeliest mistake, and far from every name by edit distance.
  const completed = known.find((setting) => setting.startsWith(upper));
  const nearest = completed ?? closest(upper, known);
  const isNear = completed !== undefined || distance(upper, nearest) <= 4;
  return isNear ? `; did you mean ${nearest}?` : '.';
}

/** In the order of the settings, without duplicates. */
export function sortBySetting(problems: readonly string[]): string[] {
  const names = Object.keys(SETTINGS);
  const positionOf = (problem: string): number => names.indexOf(/^\w+/.exec(problem)?.[0] ?? '');
  return [...new Set(problems)].sort((a, b) => positionOf(a) - positionOf(b));
}
