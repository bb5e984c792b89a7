// Who may come in and what they may see, from the settings and the files that they name. Secure by default: a gateway
// that asks ScaleOps in its own name, and was not told who may come in, is heard by its own machine alone.

import type { GraphQLSchema } from 'graphql';

import { parseApiKeys } from '../../auth/api-keys.js';
import type { AccessSettings } from '../../auth/authentication.js';
import { isLoopback } from '../../auth/loopback.js';
import { parseScopes, type Scopes } from '../../auth/permissions.js';
import { parseTrustedDocuments, type TrustedDocuments } from '../../auth/trusted-documents.js';
import type { Environment, Reader, ReadText } from './reader.js';
import type { SettingName } from './settings.js';

/** Reads the file that a setting names; undefined, with a problem, where that cannot be done. */
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

/** @param upstreamAuth who asks ScaleOps, by SCALEOPS_AUTH. */
export function readAccess(read: Reader, upstreamAuth: string, readText: ReadText, problems: string[]): AccessSettings {
  const readFile = createFileReader(readText, problems);
  const kind = read('GATEWAY_AUTH') ?? (upstreamAuth === 'forward' ? 'forward' : 'none');
  if ((kind === 'forward') !== (upstreamAuth === 'forward')) {
    problems.push(
      upstreamAuth === 'forward'
        ? 'GATEWAY_AUTH must be forward or left out with SCALEOPS_AUTH=forward: ScaleOps looks at the tokens of callers.'
        : 'GATEWAY_AUTH can be forward only with SCALEOPS_AUTH=forward.',
    );
  }
  const scopes = readScopes(read, kind, readFile, problems);
  if (kind === 'api-key') return { kind, keys: readKeys(read, readFile, problems), scopes };
  if (kind === 'jwt') return { kind, ...readJwt(read, problems), scopes, scopesClaim: read('GATEWAY_SCOPES_CLAIM') };
  return { kind };
}

/** The operations that may be run; undefined: any. */
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
  return parse(name, problems, (own) => parseTrustedDocuments(content, createSchema(), own));
}

function readKeys(read: Reader, readFile: ReadFile, problems: string[]) {
  const given = read('GATEWAY_API_KEYS');
  const file = read('GATEWAY_API_KEYS_FILE');
  if ((given === undefined) === (file === undefined)) {
    problems.push(
      given === undefined
        ? 'GATEWAY_API_KEYS or GATEWAY_API_KEYS_FILE must be set with GATEWAY_AUTH=api-key.'
        : 'GATEWAY_API_KEYS and GATEWAY_API_KEYS_FILE exclude each other.',
    );
    return [];
  }
  const name = file === undefined ? 'GATEWAY_API_KEYS' : 'GATEWAY_API_KEYS_FILE';
  const content = file === undefined ? given : readFile(name, file);
  return content === undefined ? [] : parse(name, problems, (own) => parseApiKeys(content, own));
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
  // Whoever set it counts on it.
  if (kind !== 'api-key' && kind !== 'jwt') problems.push('GATEWAY_SCOPES needs GATEWAY_AUTH=api-key or jwt.');
  const content = readFile('GATEWAY_SCOPES', file);
  return content === undefined ? undefined : parse('GATEWAY_SCOPES', problems, (own) => parseScopes(content, own));
}

/** What `parseText` makes of a text; its problems begin with the name of the setting. */
function parse<T>(name: SettingName, problems: string[], parseText: (problems: string[]) => T): T {
  const own: string[] = [];
  const value = parseText(own);
  problems.push(...own.map((problem) => `${name} ${problem}`));
  return value;
}

/** Why the gateway listens on loopback, where it was told another address; undefined where it may. */
export function explainLoopback(read: Reader, { kind }: AccessSettings): string | undefined {
  if (kind !== 'none' || read('GATEWAY_AUTH') === 'none' || isLoopback(read('HOST'))) return undefined;
  return (
    'HOST has no effect, the gateway listens on 127.0.0.1 only: whoever reaches it sees what its own ScaleOps account ' +
    'sees. Set GATEWAY_AUTH to api-key or jwt; or to none, to let anyone in.'
  );
}

const NEEDED_BY: Readonly<Record<string, readonly SettingName[]>> = {
  'api-key': ['GATEWAY_API_KEYS', 'GATEWAY_API_KEYS_FILE'],
  jwt: ['GATEWAY_JWT_ISSUER', 'GATEWAY_JWT_AUDIENCE', 'GATEWAY_JWT_JWKS_URL'],
};

/** Credentials that nobody is asked for: whoever set them expects them to be. */
export function findIdleAccess(env: Environment, access: AccessSettings): string[] {
  const { kind } = access;
  const idle = Object.entries(NEEDED_BY)
    .filter(([of]) => of !== kind)
    .flatMap(([of, names]) => names.map((name) => ({ of, name })))
    .filter(({ name }) => (env[name]?.trim() ?? '') !== '')
    .map(({ of, name }) => `${name} has no effect without GATEWAY_AUTH=${of}.`);
  return [...idle, ...findIdleScopes(access)];
}

/** Entries that nobody has, and keys that no entry names: they may see nothing. */
function findIdleScopes(access: AccessSettings): string[] {
  if (access.kind !== 'api-key' || access.scopes === undefined) return [];
  const { callers, hasClaims } = access.scopes;
  const names = access.keys.map(({ name }) => name);
  return [
    ...(callers.every((name) => names.includes(name))
      ? []
      : ['GATEWAY_SCOPES has callers that no API key is named by.']),
    ...(names.every((name) => callers.includes(name))
      ? []
      : ['GATEWAY_SCOPES does not name each API key: whose name it lacks may see nothing.']),
    ...(hasClaims ? ['GATEWAY_SCOPES has claims, which have no effect without GATEWAY_AUTH=jwt.'] : []),
  ];
}
