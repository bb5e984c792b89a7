// Who may come in, by GATEWAY_AUTH, and what they may see.

import type { JWTPayload } from 'jose';

import type { Clock } from '../clock.js';
import { GatewayError } from '../errors.js';
import type { Permissions } from '../report/permissions/permissions.js';
import { createKeyFinder, type ApiKey } from './api-keys.js';
import type { JwtOptions, JwtSettings, JwtVerifier } from './jwt.js';
import type { Identity, Scopes } from './permissions.js';

/** Who has to say who they are, and how. With `forward` it is ScaleOps that looks at the caller's token. */
export type AccessSettings =
  | { readonly kind: 'none' | 'forward' }
  | { readonly kind: 'api-key'; readonly keys: readonly ApiKey[]; readonly scopes: Scopes | undefined }
  | ({
      readonly kind: 'jwt';
      readonly scopes: Scopes | undefined;
      /** The claim whose values the scopes are about. */
      readonly scopesClaim: string;
    } & JwtSettings);

/** Somebody who was let in. */
export interface Caller {
  /** For the log: the name of the API key, or the subject of the token. */
  readonly name: string;
  /** What it may see; undefined: everything. */
  readonly grants: Permissions | undefined;
}

/** The headers of a request, by names in small letters; null for what is not there. */
export type HeadersByName = Pick<Headers, 'get'>;

export interface Authentication {
  /**
   * Who sends a request with these headers.
   * @throws GatewayError UNAUTHENTICATED, FORBIDDEN for whom no scope names, OVERLOADED where it cannot be told.
   */
  authenticate(headers: HeadersByName): Promise<Caller>;
  /** Whether it can be told who anybody is. */
  isReady(): boolean;
}

export interface AuthenticationOptions {
  readonly clock: Clock;
  /** Fetches the signing keys; the global `fetch`, by default. */
  readonly fetch?: typeof fetch | undefined;
  readonly onKeys: (areThere: boolean) => void;
}

/** Its library is a twentieth of what the gateway loads, and most have no use for it. */
function loadVerifier(options: JwtOptions): JwtVerifier {
  const loading = import('./jwt.js').then(({ createJwtVerifier }) => createJwtVerifier(options));
  let loaded: JwtVerifier | undefined;
  let isAwaited = false;
  // Whoever asked for the keys before has them fetched.
  const onLoaded = (verifier: JwtVerifier): void => {
    loaded = verifier;
    if (isAwaited) verifier.isReady();
  };
  // A request meets the error; there is none but in a broken installation.
  loading.then(onLoaded).catch(() => undefined);
  return {
    isReady() {
      isAwaited = true;
      return loaded?.isReady() ?? false;
    },
    verify: async (token) => (await loading).verify(token),
  };
}

/** Undefined where nobody has to say who they are, or it is not for us to check. */
export function createAuthentication(
  settings: AccessSettings,
  options: AuthenticationOptions,
): Authentication | undefined {
  switch (settings.kind) {
    case 'api-key': {
      const { keys, scopes } = settings;
      const find = createKeyFinder(keys);
      return {
        isReady: () => true,
        // A function that may throw, as a promise.
        authenticate: (headers) =>
          Promise.resolve().then(() => admit({ name: findKey(headers, find), claims: [] }, scopes)),
      };
    }
    case 'jwt': {
      const { scopes, scopesClaim } = settings;
      const verifier = loadVerifier({ ...settings, ...options });
      return {
        isReady: verifier.isReady,
        async authenticate(headers) {
          const claims = await verifier.verify(readBearer(headers) ?? '');
          return admit({ name: claims.sub, claims: readClaim(claims, scopesClaim) }, scopes);
        },
      };
    }
    default:
      return undefined;
  }
}

/** The longest name that goes to the log. */
const MAX_NAME_LENGTH = 128;

function admit(identity: Identity, scopes: Scopes | undefined): Caller {
  const grants = scopes?.grantsOf(identity);
  if (grants === null) {
    const message = 'You are known, but no cluster and no namespace is yours to see. Ask who runs the gateway.';
    throw new GatewayError('FORBIDDEN', { message, reason: 'no scope' });
  }
  return { name: identity.name.slice(0, MAX_NAME_LENGTH), grants };
}

function findKey(headers: HeadersByName, find: (given: string) => string | undefined): string {
  const given = headers.get('x-api-key') ?? readBearer(headers);
  const name = given === undefined ? undefined : find(given);
  if (name !== undefined) return name;
  const message = 'An API key is required, as `x-api-key: …` or `authorization: Bearer …`.';
  throw new GatewayError('UNAUTHENTICATED', {
    message,
    reason: given === undefined ? 'no API key' : 'unknown API key',
  });
}

/** `Bearer` and one token (RFC 6750, section 2.1); two headers arrive as one text with a comma and a blank in it. */
const BEARER = /^bearer +([\x21-\x7e]+)$/i;

/** The bearer token among the headers of a request. */
export function readBearer(headers: HeadersByName): string | undefined {
  return BEARER.exec(headers.get('authorization')?.trim() ?? '')?.[1];
}

/** The texts of a claim: by its name, or by a path with dots into claims that are objects. */
function readClaim(claims: JWTPayload, name: string): readonly string[] {
  const value = Object.hasOwn(claims, name) ? claims[name] : name.split('.').reduce<unknown>(readOwn, claims);
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  const texts = values.filter((each) => typeof each === 'string');
  return SPACED.includes(name) ? texts.flatMap((text) => text.split(' ')) : texts;
}

/** Claims that hold several values as one text, separated by blanks (RFC 8693, section 4.2). */
const SPACED: readonly string[] = ['scope', 'scp'];

function readOwn(value: unknown, name: string): unknown {
  const isObject = typeof value === 'object' && value !== null && Object.hasOwn(value, name);
  return isObject ? (value as Record<string, unknown>)[name] : undefined;
}
