// Authenticates callers, by GATEWAY_AUTH, and finds their permissions.

import type { JWTPayload } from 'jose';

import { GatewayError } from '../errors.js';
import type { Permissions } from '../report/permissions/permissions.js';
import { createKeyFinder, type ApiKey } from './api-keys.js';
import type { JwtKeyOptions, JwtSettings, JwtVerifier } from './jwt.js';
import type { Identity, PermissionsFile } from './permissions.js';

/** How callers authenticate. With `forward` ScaleOps checks the caller's token. */
export type AccessSettings =
  | { readonly kind: 'none' | 'forward' }
  | { readonly kind: 'api-key'; readonly keys: readonly ApiKey[]; readonly permissions: PermissionsFile | undefined }
  | ({
      readonly kind: 'jwt';
      readonly permissions: PermissionsFile | undefined;
      /** The claim whose values the permissions name. */
      readonly permissionsClaim: string;
    } & JwtSettings);

/** An authenticated caller. */
interface Caller {
  /** For the log: the name of the API key, or the subject of the token. */
  readonly name: string;
  /** What the caller may see; undefined: everything. */
  readonly permissions: Permissions | undefined;
}

/** The headers of a request by lower-case name; null for a header that is absent. */
export type HeadersByName = Pick<Headers, 'get'>;

export interface Authentication {
  /**
   * The caller of a request with these headers.
   * @throws GatewayError UNAUTHENTICATED; FORBIDDEN for a caller without permissions; OVERLOADED without signing keys.
   */
  authenticate(headers: HeadersByName): Promise<Caller>;
  /** Whether callers can be authenticated now. */
  isReady(): boolean;
}

/** Loads the verifier lazily: its library is a twentieth of all code, and most gateways do not need it. */
function loadVerifier(settings: JwtSettings, options: JwtKeyOptions): JwtVerifier {
  const loading = import('./jwt.js').then(({ createJwtVerifier }) => createJwtVerifier(settings, options));
  let loaded: JwtVerifier | undefined;
  let isNeeded = false;
  // Starts the fetch of the keys if a readiness check came before the library was loaded.
  const onLoaded = (verifier: JwtVerifier): void => {
    loaded = verifier;
    if (isNeeded) verifier.isReady();
  };
  // Fails only in a broken installation; `verify` rejects with the error.
  loading.then(onLoaded).catch(() => undefined);
  return {
    isReady() {
      isNeeded = true;
      return loaded?.isReady() ?? false;
    },
    verify: async (token) => (await loading).verify(token),
  };
}

/** Undefined when callers do not authenticate, or ScaleOps authenticates them. */
export function createAuthentication(settings: AccessSettings, options: JwtKeyOptions): Authentication | undefined {
  switch (settings.kind) {
    case 'api-key': {
      const { keys, permissions } = settings;
      const findName = createKeyFinder(keys);
      return {
        isReady: () => true,
        authenticate: (headers) =>
          Promise.resolve().then(() => authorize({ name: findCaller(headers, findName), claims: [] }, permissions)),
      };
    }
    case 'jwt': {
      const { permissions, permissionsClaim } = settings;
      const verifier = loadVerifier(settings, options);
      return {
        isReady: verifier.isReady,
        async authenticate(headers) {
          const claims = await verifier.verify(readBearer(headers) ?? '');
          return authorize({ name: claims.sub, claims: readClaim(claims, permissionsClaim) }, permissions);
        },
      };
    }
    default:
      return undefined;
  }
}

/** Longer names are truncated for the log. */
const MAX_NAME_LENGTH = 128;

function authorize(identity: Identity, file: PermissionsFile | undefined): Caller {
  const permissions = file?.permissionsOf(identity);
  if (permissions === null) {
    const message =
      'You are authenticated but have no access to any cluster or namespace. Contact the gateway operator.';
    throw new GatewayError('FORBIDDEN', { message, reason: 'no permissions' });
  }
  return { name: identity.name.slice(0, MAX_NAME_LENGTH), permissions };
}

const NO_KEY = {
  message: 'An API key is required, as `x-api-key: …` or `authorization: Bearer …`.',
  reason: 'no API key',
};
const UNKNOWN_KEY = { message: 'The API key is not valid.', reason: 'unknown API key' };

function findCaller(headers: HeadersByName, findName: (key: string) => string | undefined): string {
  const key = headers.get('x-api-key') ?? readBearer(headers);
  if (key === undefined) throw new GatewayError('UNAUTHENTICATED', NO_KEY);
  const name = findName(key);
  if (name === undefined) throw new GatewayError('UNAUTHENTICATED', UNKNOWN_KEY);
  return name;
}

/** `Bearer` and one token (RFC 6750, section 2.1). Two headers are joined by a comma and a space, and do not match. */
const BEARER = /^bearer +([\x21-\x7e]+)$/i;

/** The bearer token of a request. */
export function readBearer(headers: HeadersByName): string | undefined {
  return BEARER.exec(headers.get('authorization')?.trim() ?? '')?.[1];
}

/** The string values of a claim, found by its name, or by a path with dots into claims that are objects. */
function readClaim(claims: JWTPayload, name: string): readonly string[] {
  const value = Object.hasOwn(claims, name) ? claims[name] : name.split('.').reduce<unknown>(readOwn, claims);
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  const texts = values.filter((each) => typeof each === 'string');
  return SPACE_SEPARATED.includes(name) ? texts.flatMap((text) => text.split(' ')) : texts;
}

/** Claims that hold several values in one string, separated by spaces (RFC 8693, section 4.2). */
const SPACE_SEPARATED: readonly string[] = ['scope', 'scp'];

function readOwn(value: unknown, name: string): unknown {
  const isObject = typeof value === 'object' && value !== null && Object.hasOwn(value, name);
  return isObject ? (value as Record<string, unknown>)[name] : undefined;
}
