// GATEWAY_SCOPES: a file with the clusters and namespaces that each caller may see, by the caller's name or the values of a claim
// in its token. A caller without an entry may see nothing.

import { isObject, parseJsonFile } from './strict-json.js';
import { createPermissions, type PermissionRule, type Permissions } from '../report/permissions/permissions.js';

/** An authenticated caller. */
export interface Identity {
  /** The name of an API key, or the subject of a token. */
  readonly name: string;
  /** The values of the configured claim. */
  readonly claims: readonly string[];
}

export type PermissionsFile = ReturnType<typeof createPermissionsFile>;

type Section = ReadonlyMap<string, readonly PermissionRule[]>;

/**
 * Parses the file: `{"callers": {name: entry}, "claims": {value: entry}}`, where an entry is "all" or a list of
 * `{"clusters": [names], "namespaces": [names]}`, of which one may be left out.
 * @param problems receives what is wrong, by the path and without a value.
 */
export function parsePermissionsFile(text: string, problems: string[]): PermissionsFile {
  const root = parseJsonFile(text, problems) ?? {};
  const unknown = Object.keys(root).filter((name) => name !== 'callers' && name !== 'claims');
  if (unknown.length > 0) problems.push('may hold `callers` and `claims` and nothing else.');
  const callers = parseSection(root, 'callers', problems);
  const claims = parseSection(root, 'claims', problems);
  if (problems.length === 0 && callers.size + claims.size === 0) problems.push('must have at least one entry.');
  return createPermissionsFile(callers, claims);
}

function createPermissionsFile(callers: Section, claims: Section) {
  const cache = new Map<string, Permissions | undefined>();
  return {
    /** The names of callers that have an entry. */
    callers: [...callers.keys()],
    /** Whether there are entries for claims. */
    hasClaims: claims.size > 0,
    /** What a caller may see: the union of its entries. Undefined: everything; null: nothing. */
    permissionsOf({ name, claims: values }: Identity): Permissions | undefined | null {
      const listed = [...new Set(values)].filter((value) => claims.has(value)).sort();
      const rules = [callers.get(name), ...listed.map((value) => claims.get(value))].flatMap((entry) => entry ?? []);
      if (rules.length === 0) return null;
      // Callers with the same entries share their permissions.
      const key = JSON.stringify([callers.has(name) ? name : null, listed]);
      if (!cache.has(key)) {
        if (cache.size >= MAX_CACHED) cache.clear();
        cache.set(key, createPermissions(rules));
      }
      return cache.get(key);
    },
  };
}

/** The number of cached permissions; a list of 1,000 names takes about 100 kB. */
const MAX_CACHED = 1_000;

function parseSection(root: Readonly<Record<string, unknown>>, name: string, problems: string[]): Section {
  const section = root[name] ?? {};
  if (!isObject(section)) {
    problems.push(`must have an object as \`${name}\`.`);
    return new Map();
  }
  return new Map(
    Object.entries(section).map(([key, entry], index) => [
      key,
      parseEntry(entry, `entry ${index + 1} of \`${name}\``, problems),
    ]),
  );
}

function parseEntry(entry: unknown, path: string, problems: string[]): readonly PermissionRule[] {
  if (entry === 'all') return [{}];
  if (!Array.isArray(entry) || entry.length === 0 || !entry.every(isRule)) {
    problems.push(
      `${path} must be "all" or a list of objects with \`clusters\`, \`namespaces\` or both, each a list of names.`,
    );
    return [];
  }
  return entry;
}

function isRule(value: unknown): value is PermissionRule {
  if (!isObject(value)) return false;
  const lists = Object.entries(value);
  return lists.length > 0 && lists.every(([name, names]) => LISTS.includes(name) && isNames(names));
}

const LISTS: readonly string[] = ['clusters', 'namespaces'];

function isNames(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every((name) => typeof name === 'string' && name !== '');
}
