// Tokens of an issuer that the gateway trusts: JSON Web Tokens (RFC 7519), checked by the keys that the issuer publishes.
// Keys that are known stay good while the issuer cannot be reached; new ones are looked for when a token names one.

import {
  createRemoteJWKSet,
  customFetch,
  errors,
  jwtVerify,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
  type JWTVerifyResult,
} from 'jose';

import type { Clock } from '../clock.js';
import { GatewayError } from '../errors.js';

export interface JwtSettings {
  readonly issuer: string;
  /** The token must be for one of these. */
  readonly audiences: readonly string[];
  readonly jwksUrl: string;
  readonly algorithms: readonly string[];
  readonly clockSkewSeconds: number;
}

export interface JwtVerifier {
  /** The claims of a good token. @throws GatewayError UNAUTHENTICATED; OVERLOADED where there are no keys to check it by. */
  verify(token: string): Promise<JWTPayload & { readonly sub: string }>;
  /** Whether there are keys. Where there are none yet it has them fetched. */
  isReady(): boolean;
}

export interface JwtOptions extends JwtSettings {
  readonly clock: Clock;
  /** Fetches the signing keys; the global `fetch`, by default. */
  readonly fetch?: typeof fetch | undefined;
  /** Told when keys cannot be had, and when they can again. */
  readonly onKeys: (areThere: boolean) => void;
}

/** A key that the issuer took back is no longer taken from then on. */
const REFRESH_MS = 600_000;
/** How long a gateway without keys waits until it asks again. */
const RETRY_MS = 5_000;
/** A token with a key that is not known makes the issuer be asked, at most so often. */
const COOLDOWN_MS = 30_000;
const TIMEOUT_MS = 5_000;
const JWKS_OPTIONS = { cacheMaxAge: Infinity, cooldownDuration: COOLDOWN_MS, timeoutDuration: TIMEOUT_MS };

/** What says that there are keys, and that this token is not made by one of them, or which of them is not said. */
const ABOUT_THE_TOKEN = [errors.JWKSNoMatchingKey, errors.JWKSMultipleMatchingKeys, errors.JOSENotSupported];

export function createJwtVerifier({ clock, onKeys, fetch: fetchKeys = fetch, ...settings }: JwtOptions): JwtVerifier {
  const keys = createKeys(settings.jwksUrl, { clock, onKeys, fetch: fetchKeys });
  const { issuer, audiences, algorithms, clockSkewSeconds } = settings;
  return {
    isReady: () => keys.areThere(),
    async verify(token) {
      const rules = {
        issuer,
        audience: [...audiences],
        algorithms: [...algorithms],
        clockTolerance: clockSkewSeconds,
        currentDate: new Date(clock.now()),
        requiredClaims: ['exp', 'sub'],
      };
      const { payload } = await verify(token, keys.find, rules).catch((error: unknown) => {
        throw error instanceof errors.JOSEError ? toRefusal(error) : error;
      });
      const { sub } = payload;
      if (typeof sub !== 'string' || sub === '') throw refuse('no subject');
      return { ...payload, sub };
    },
  };
}

async function verify(token: string, find: JWTVerifyGetKey, rules: JWTVerifyOptions): Promise<JWTVerifyResult> {
  try {
    return await jwtVerify(token, find, rules);
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    // Some issuers give their keys no names, or several the same.
    for await (const key of error) {
      const verified = await jwtVerify(token, key, rules).catch((reason: unknown) => {
        if (reason instanceof errors.JWSSignatureVerificationFailed) return undefined;
        throw reason;
      });
      if (verified !== undefined) return verified;
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
}

type KeyOptions = Required<Pick<JwtOptions, 'clock' | 'onKeys'>> & { readonly fetch: typeof fetch };

function createKeys(url: string, { clock, onKeys, fetch: fetchKeys }: KeyOptions) {
  let askedAt = -Infinity;
  let isFailing = false;
  const wasAsked = (withinMs: number): boolean => Math.abs(clock.now() - askedAt) < withinMs;
  const remote = createRemoteJWKSet(new URL(url), {
    ...JWKS_OPTIONS,
    // The cooldown begins with an answer: an issuer that gives none would be asked for each token with an unknown key.
    [customFetch]: (...request) => {
      if (isFailing && wasAsked(RETRY_MS)) throw new Error('the issuer failed a moment ago');
      askedAt = clock.now();
      return fetchKeys(...request);
    },
  });
  const tell = (isDown: boolean): void => {
    if (isDown !== isFailing) onKeys(!isDown);
    isFailing = isDown;
  };
  const refresh = async (afterMs: number): Promise<void> => {
    if (wasAsked(afterMs)) return;
    const isDown = remote.reload().then(
      () => false,
      () => true,
    );
    tell(await isDown);
  };
  const find: JWTVerifyGetKey = async (header, token) => {
    // The first after a while waits: the keys may have been taken back meanwhile. Not for an issuer that fails.
    if (isFailing) void refresh(RETRY_MS);
    else if (remote.fresh) await refresh(REFRESH_MS);
    try {
      const key = await remote(header, token);
      return key;
    } catch (error) {
      if (ABOUT_THE_TOKEN.some((kind) => error instanceof kind)) throw error;
      tell(true);
      throw new GatewayError('OVERLOADED', {
        message: 'The keys by which tokens are checked cannot be had at the moment.',
        reason: 'no signing keys',
        retryAfterMs: RETRY_MS,
      });
    }
  };
  return {
    find,
    areThere(): boolean {
      if (!remote.fresh) void refresh(RETRY_MS);
      return remote.fresh;
    },
  };
}

/** Says what the caller can do about it; what exactly was wrong is for the log. */
function toRefusal(error: errors.JOSEError): GatewayError {
  if (error instanceof errors.JWTExpired) return refuse('expired', 'The token has expired.');
  if (error instanceof errors.JWTClaimValidationFailed) return refuse(REASONS.get(error.claim) ?? 'another claim');
  return refuse(error.code);
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ['iss', 'another issuer'],
  ['aud', 'another audience'],
  ['nbf', 'not yet good'],
  ['exp', 'no end'],
  ['sub', 'no subject'],
]);

function refuse(
  reason: string,
  message = 'A good token of the issuer that the gateway trusts is required.',
): GatewayError {
  return new GatewayError('UNAUTHENTICATED', { message, reason });
}
