// Reads the settings of authentication and permissions, and the files that they name. Secure by default: with its own
// ScaleOps credentials and without GATEWAY_AUTH, the gateway listens on loopback only.

import type { GraphQLSchema } from 'graphql';

import { parseApiKeys, type ApiKey } from '../../auth/api-keys.js';
import type { AccessSettings } from '../../auth/authentication.js';
import { isLoopback } from '../../auth/loopback.js';
import { parsePermissionsFile, type PermissionsFile } from '../../auth/permissions.js';
import { parseTrustedDocuments, type TrustedDocuments } from '../../auth/trusted-documents.js';
import { checkRequirements } from './requirements.js';
import type { Reader, Source } from './reader.js';
import type { SettingName } from './settings.js';

export function readAccess(source: Source): AccessSettings {
  const { read, problems } = source;
  const upstreamAuth = read('SCALEOPS_AUTH');
  const kind = read('GATEWAY_AUTH') ?? (upstreamAuth === 'forward' ? 'forward' : 'none');
  if ((kind === 'forward') !== (upstreamAuth === 'forward')) {
    problems.push(
      upstreamAuth === 'forward'
        ? 'GATEWAY_AUTH must be forward or not set with SCALEOPS_AUTH=forward: ScaleOps checks the tokens of callers.'
        : 'GATEWAY_AUTH can be forward only with SCALEOPS_AUTH=forward.',
    );
  }
  checkRequirements(source, 'GATEWAY_AUTH', kind);
  const permissions = readPermissionsFile(source, kind);
  if (kind === 'api-key') return { kind, keys: readKeys(source), permissions };
  if (kind === 'jwt') return { kind, ...readJwt(read), permissions, permissionsClaim: read('GATEWAY_SCOPES_CLAIM') };
  return { kind };
}

/** The operations that may run; undefined: all. */
export function readTrustedDocuments(source: Source, createSchema: () => GraphQLSchema): TrustedDocuments | undefined {
  const file = source.read('GATEWAY_TRUSTED_DOCUMENTS');
  if (file === undefined) return undefined;
  return parseFile(source, 'GATEWAY_TRUSTED_DOCUMENTS', file, (content, problems) =>
    parseTrustedDocuments(content, createSchema(), problems),
  );
}

function readKeys(source: Source): readonly ApiKey[] {
  const keys = source.read('GATEWAY_API_KEYS');
  const file = source.read('GATEWAY_API_KEYS_FILE');
  // Both, or neither, is a problem that checkRequirements reports.
  if ((keys === undefined) === (file === undefined)) return [];
  if (keys !== undefined) return parse(source, 'GATEWAY_API_KEYS', keys, parseApiKeys);
  return parseFile(source, 'GATEWAY_API_KEYS_FILE', file ?? '', parseApiKeys) ?? [];
}

function readJwt(read: Reader) {
  return {
    issuer: read('GATEWAY_JWT_ISSUER') ?? '',
    audiences: read('GATEWAY_JWT_AUDIENCE') ?? [],
    jwksUrl: read('GATEWAY_JWT_JWKS_URL') ?? '',
    algorithms: read('GATEWAY_JWT_ALGORITHMS'),
    clockSkewSeconds: read('GATEWAY_JWT_CLOCK_SKEW_SECONDS'),
  };
}

function readPermissionsFile(source: Source, kind: string): PermissionsFile | undefined {
  const file = source.read('GATEWAY_SCOPES');
  if (file === undefined) return undefined;
  // A problem, not a warning: the author of the file relies on it.
  if (kind !== 'api-key' && kind !== 'jwt') source.problems.push('GATEWAY_SCOPES needs GATEWAY_AUTH=api-key or jwt.');
  return parseFile(source, 'GATEWAY_SCOPES', file, parsePermissionsFile);
}

type Parse<T> = (content: string, problems: string[]) => T;

/** Undefined if the file that the setting names cannot be read, which is a problem. */
function parseFile<T>(source: Source, name: SettingName, file: string, parseContent: Parse<T>): T | undefined {
  const content = source.readFile(name, file);
  return content === undefined ? undefined : parse(source, name, content, parseContent);
}

/** The result of `parseContent`. Its problems begin with the name of the setting. */
function parse<T>({ problems }: Source, name: SettingName, content: string, parseContent: Parse<T>): T {
  const contentProblems: string[] = [];
  const value = parseContent(content, contentProblems);
  problems.push(...contentProblems.map((problem) => `${name} ${problem}`));
  return value;
}

/** The reason why the gateway listens on loopback instead of HOST; undefined if it listens on HOST. */
export function warnAboutLoopback(read: Reader, { kind }: AccessSettings): string | undefined {
  if (kind !== 'none' || read('GATEWAY_AUTH') === 'none' || isLoopback(read('HOST'))) return undefined;
  return (
    'HOST has no effect, the gateway listens on 127.0.0.1 only: without authentication, every client would see what the ' +
    "gateway's ScaleOps account sees. Set GATEWAY_AUTH to api-key or jwt; or to none, to allow every client."
  );
}

/** Warnings about callers without an API key, API keys without an entry, and claims that are not read. */
export function findUnusedPermissions(access: AccessSettings): string[] {
  if (access.kind !== 'api-key' || access.permissions === undefined) return [];
  // Without keys there is a problem about them.
  if (access.keys.length === 0) return [];
  const { callers, hasClaims } = access.permissions;
  const names = access.keys.map(({ name }) => name);
  const withoutKey = listMissing(callers, names);
  const withoutEntry = listMissing(names, callers);
  return [
    ...(withoutKey === '' ? [] : [`GATEWAY_SCOPES has callers without an API key of that name: ${withoutKey}.`]),
    ...(withoutEntry === ''
      ? []
      : [`GATEWAY_SCOPES has no entry for the API keys ${withoutEntry}: their callers see nothing.`]),
    ...(hasClaims ? ['GATEWAY_SCOPES has claims, which have no effect without GATEWAY_AUTH=jwt.'] : []),
  ];
}

/** The names that `others` lacks, as JSON, because a name in a file may have any characters. */
function listMissing(names: readonly string[], others: readonly string[]): string {
  return [...new Set(names)]
    .filter((name) => !others.includes(name))
    .map((name) => JSON.stringify(name))
    .join(', ');
}
