// Reads the settings of authentication and permissions, and the files that they name. Secure by default: with its own
// ScaleOps credentials and without GATEWAY_AUTH, the gateway listens on loopback only.

import type { GraphQLSchema } from 'graphql';

import { parseApiKeys } from '../../auth/api-keys.js';
import type { AccessSettings } from '../../auth/authentication.js';
import { isLoopback } from '../../auth/loopback.js';
import { parseScopes, type Scopes } from '../../auth/permissions.js';
import { parseTrustedDocuments, type TrustedDocuments } from '../../auth/trusted-documents.js';
import type { Environment, Reader, ReadText } from './reader.js';
import type { SettingName } from './settings.js';

/** Reads the file that a setting names. Undefined, and a problem, if it cannot be read. */
type ReadFile = (name: SettingName, path: string) => string | undefined;

function createFileReader(readText: ReadText, problems: string[]): ReadFile {
  return (name, path) => {
    try {
      return readText(path);
    } catch {
      problems.push(`${name} names a file that cannot be read.`);
      return undefined;
    }
  };
}

/** @param upstreamAuth SCALEOPS_AUTH. */
export function readAccess(read: Reader, upstreamAuth: string, readText: ReadText, problems: string[]): AccessSettings {
  const readFile = createFileReader(readText, problems);
  const kind = read('GATEWAY_AUTH') ?? (upstreamAuth === 'forward' ? 'forward' : 'none');
  if ((kind === 'forward') !== (upstreamAuth === 'forward')) {
    problems.push(
      upstreamAuth === 'forward'
        ? 'GATEWAY_AUTH must be forward or not set with SCALEOPS_AUTH=forward: ScaleOps checks the tokens of callers.'
        : 'GATEWAY_AUTH can be forward only with SCALEOPS_AUTH=forward.',
    );
  }
  const scopes = readScopes(read, kind, readFile, problems);
  if (kind === 'api-key') return { kind, keys: readKeys(read, readFile, problems), scopes };
  if (kind === 'jwt') return { kind, ...readJwt(read, problems), scopes, scopesClaim: read('GATEWAY_SCOPES_CLAIM') };
  return { kind };
}

/** The operations that may run; undefined: all. */
export function readTrustedDocuments(
  read: Reader,
  readText: ReadText,
  createSchema: () => GraphQLSchema,
  problems: string[],
): TrustedDocuments | undefined {
  const name = 'GATEWAY_TRUSTED_DOCUMENTS';
  const file = read(name);
  const content = file === undefined ? undefined : createFileReader(readText, problems)(name, file);
  if (content === undefined) return undefined;
  return parse(name, problems, (fileProblems) => parseTrustedDocuments(content, createSchema(), fileProblems));
}

function readKeys(read: Reader, readFile: ReadFile, problems: string[]) {
  const keys = read('GATEWAY_API_KEYS');
  const file = read('GATEWAY_API_KEYS_FILE');
  if ((keys === undefined) === (file === undefined)) {
    problems.push(
      keys === undefined
        ? 'GATEWAY_API_KEYS or GATEWAY_API_KEYS_FILE must be set with GATEWAY_AUTH=api-key.'
        : 'GATEWAY_API_KEYS and GATEWAY_API_KEYS_FILE exclude each other.',
    );
    return [];
  }
  const name = file === undefined ? 'GATEWAY_API_KEYS' : 'GATEWAY_API_KEYS_FILE';
  const content = file === undefined ? keys : readFile(name, file);
  return content === undefined ? [] : parse(name, problems, (fileProblems) => parseApiKeys(content, fileProblems));
}

function readJwt(read: Reader, problems: string[]) {
  const needed = ['GATEWAY_JWT_ISSUER', 'GATEWAY_JWT_AUDIENCE', 'GATEWAY_JWT_JWKS_URL'] as const;
  for (const name of needed) {
    if (read(name) === undefined) problems.push(`${name} must be set with GATEWAY_AUTH=jwt.`);
  }
  return {
    issuer: read('GATEWAY_JWT_ISSUER') ?? '',
    audiences: read('GATEWAY_JWT_AUDIENCE') ?? [],
    jwksUrl: read('GATEWAY_JWT_JWKS_URL') ?? '',
    algorithms: read('GATEWAY_JWT_ALGORITHMS'),
    clockSkewSeconds: read('GATEWAY_JWT_CLOCK_SKEW_SECONDS'),
  };
}

function readScopes(read: Reader, kind: string, readFile: ReadFile, problems: string[]): Scopes | undefined {
  const file = read('GATEWAY_SCOPES');
  if (file === undefined) return undefined;
  // A problem, not a warning: the author of the file relies on it.
  if (kind !== 'api-key' && kind !== 'jwt') problems.push('GATEWAY_SCOPES needs GATEWAY_AUTH=api-key or jwt.');
  const content = readFile('GATEWAY_SCOPES', file);
  return content === undefined
    ? undefined
    : parse('GATEWAY_SCOPES', problems, (fileProblems) => parseScopes(content, fileProblems));
}

/** The result of `parseText`. Its problems begin with the name of the setting. */
function parse<T>(name: SettingName, problems: string[], parseText: (problems: string[]) => T): T {
  const fileProblems: string[] = [];
  const value = parseText(fileProblems);
  problems.push(...fileProblems.map((problem) => `${name} ${problem}`));
  return value;
}

/** Why the gateway listens on loopback in spite of HOST; undefined if it listens on HOST. */
export function warnAboutLoopback(read: Reader, { kind }: AccessSettings): string | undefined {
  if (kind !== 'none' || read('GATEWAY_AUTH') === 'none' || isLoopback(read('HOST'))) return undefined;
  return (
    'HOST has no effect, the gateway listens on 127.0.0.1 only: without authentication, every client would see what the ' +
    "gateway's ScaleOps account sees. Set GATEWAY_AUTH to api-key or jwt; or to none, to allow every client."
  );
}

const NEEDED_BY: Readonly<Record<string, readonly SettingName[]>> = {
  'api-key': ['GATEWAY_API_KEYS', 'GATEWAY_API_KEYS_FILE'],
  jwt: ['GATEWAY_JWT_ISSUER', 'GATEWAY_JWT_AUDIENCE', 'GATEWAY_JWT_JWKS_URL'],
};

/** Credentials that the chosen GATEWAY_AUTH does not use. */
export function findUnusedAccess(env: Environment, access: AccessSettings): string[] {
  const { kind } = access;
  const unused = Object.entries(NEEDED_BY)
    .filter(([of]) => of !== kind)
    .flatMap(([of, names]) => names.map((name) => ({ of, name })))
    .filter(({ name }) => (env[name]?.trim() ?? '') !== '')
    .map(({ of, name }) => `${name} has no effect without GATEWAY_AUTH=${of}.`);
  return [...unused, ...findUnusedScopes(access)];
}

/** Callers without an API key, and API keys without an entry: they may see nothing. */
function findUnusedScopes(access: AccessSettings): string[] {
  if (access.kind !== 'api-key' || access.scopes === undefined) return [];
  const { callers, hasClaims } = access.scopes;
  const names = access.keys.map(({ name }) => name);
  return [
    ...(callers.every((name) => names.includes(name))
      ? []
      : ['GATEWAY_SCOPES has callers without an API key of that name.']),
    ...(names.every((name) => callers.includes(name))
      ? []
      : ['GATEWAY_SCOPES has no entry for some API keys: their callers see nothing.']),
    ...(hasClaims ? ['GATEWAY_SCOPES has claims, which have no effect without GATEWAY_AUTH=jwt.'] : []),
  ];
}
