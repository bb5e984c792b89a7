// Verifies JSON Web Tokens (RFC 7519) of the trusted issuer, with the signing keys that it publishes. Known keys stay valid
// while the issuer cannot be reached; unknown ones are fetched when a token names them.

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
  /** A token must have one of these in `aud`. */
  readonly audiences: readonly string[];
  readonly jwksUrl: string;
  readonly algorithms: readonly string[];
  readonly clockSkewSeconds: number;
}

/** How signing keys are fetched. */
export interface JwtKeyOptions {
  readonly clock: Clock;
  /** Fetches the signing keys; the global `fetch`, by default. */
  readonly fetch?: typeof fetch | undefined;
  /** Called when the signing keys cannot be fetched, with a reason that does not name the host, and when they can again. */
  readonly onKeysAvailabilityChange: (areAvailable: boolean, reason?: string) => void;
}

export type JwtVerifier = ReturnType<typeof createJwtVerifier>;

/** A key that the issuer has withdrawn is accepted for at most this time. */
const REFRESH_MS = 600_000;
/** The delay between two fetches while there are no keys. */
const RETRY_MS = 5_000;
/** A token with an unknown key triggers a fetch, at most this often. */
const COOLDOWN_MS = 30_000;
const TIMEOUT_MS = 5_000;
const JWKS_OPTIONS = { cacheMaxAge: Infinity, cooldownDuration: COOLDOWN_MS, timeoutDuration: TIMEOUT_MS };

/** The keys were fetched, but none fits the token. */
const TOKEN_ERRORS = [errors.JWKSNoMatchingKey, errors.JWKSMultipleMatchingKeys, errors.JOSENotSupported];

export function createJwtVerifier(settings: JwtSettings, options: JwtKeyOptions) {
  const keys = new SigningKeys(settings.jwksUrl, options);
  const { issuer, audiences, algorithms, clockSkewSeconds } = settings;
  return {
    /** Whether there are signing keys; fetches them if there are none. */
    isReady: () => keys.areAvailable(),
    /** The claims of a valid token. @throws GatewayError UNAUTHENTICATED; OVERLOADED when there are no signing keys. */
    async verify(token: string): Promise<JWTPayload & { readonly sub: string }> {
      const rules = {
        issuer,
        audience: [...audiences],
        algorithms: [...algorithms],
        clockTolerance: clockSkewSeconds,
        currentDate: new Date(options.clock.now()),
        requiredClaims: ['exp', 'sub'],
      };
      const { payload } = await verify(token, keys.find, rules).catch((error: unknown) => {
        throw error instanceof errors.JOSEError ? toRejection(error) : error;
      });
      const { sub } = payload;
      if (typeof sub !== 'string' || sub === '') throw createRejection('no subject');
      return { ...payload, sub };
    },
  };
}

async function verify(token: string, find: JWTVerifyGetKey, rules: JWTVerifyOptions): Promise<JWTVerifyResult> {
  try {
    return await jwtVerify(token, find, rules);
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    // Some issuers publish keys without ids, or several with the same.
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

/** The signing keys of the issuer, fetched when they are needed. */
class SigningKeys {
  readonly #options: JwtKeyOptions;
  readonly #remote: ReturnType<typeof createRemoteJWKSet>;
  #fetchedAt = -Infinity;
  #isFailing = false;
  #refreshing: Promise<void> | undefined;
  /** The status of the last response; undefined before it. */
  #status: number | undefined;

  constructor(url: string, options: JwtKeyOptions) {
    this.#options = options;
    const { clock, fetch: fetchKeys = fetch } = options;
    this.#remote = createRemoteJWKSet(new URL(url), {
      ...JWKS_OPTIONS,
      // jose's cooldown starts with a response: without this, each unknown key would cause a request to a failing issuer.
      [customFetch]: async (...request) => {
        if (this.#isFailing && this.#wasFetched(RETRY_MS)) throw new Error('the issuer failed a moment ago');
        this.#fetchedAt = clock.now();
        this.#status = undefined;
        const response = await fetchKeys(...request);
        this.#status = response.status;
        return response;
      },
    });
  }

  areAvailable(): boolean {
    if (!this.#remote.fresh) void this.#refresh(RETRY_MS);
    return this.#remote.fresh;
  }

  readonly find: JWTVerifyGetKey = async (header, token) => {
    // After a while tokens wait for a refresh: their key may have been withdrawn. Not if the issuer fails.
    if (this.#isFailing) void this.#refresh(RETRY_MS);
    else if (this.#remote.fresh) await this.#refresh(REFRESH_MS);
    try {
      return await this.#remote(header, token);
    } catch (error) {
      if (TOKEN_ERRORS.some((kind) => error instanceof kind)) throw error;
      this.#setFailing(true, error);
      // OVERLOADED is the code with status 503 that allows a retry.
      throw new GatewayError('OVERLOADED', {
        message: 'The keys of the issuer cannot be fetched; try again later.',
        reason: 'no signing keys',
        retryAfterMs: RETRY_MS,
      });
    }
  };

  /** Concurrent callers wait for one refresh. */
  async #refresh(afterMs: number): Promise<void> {
    if (this.#refreshing === undefined && this.#wasFetched(afterMs)) return;
    this.#refreshing ??= this.#reload().finally(() => (this.#refreshing = undefined));
    await this.#refreshing;
  }

  async #reload(): Promise<void> {
    try {
      await this.#remote.reload();
      this.#setFailing(false);
    } catch (error) {
      this.#setFailing(true, error);
    }
  }

  #wasFetched(withinMs: number): boolean {
    return Math.abs(this.#options.clock.now() - this.#fetchedAt) < withinMs;
  }

  #setFailing(isFailing: boolean, error?: unknown): void {
    if (isFailing === this.#isFailing) return;
    this.#isFailing = isFailing;
    this.#options.onKeysAvailabilityChange(!isFailing, isFailing ? toReason(error, this.#status) : undefined);
  }
}

/** Why the keys could not be fetched, without the message of the error, which may name the host. */
function toReason(error: unknown, status: number | undefined): string {
  if (error instanceof errors.JWKSTimeout) return 'no response in time';
  if (status !== undefined) return status === 200 ? 'not a key set' : `HTTP ${status}`;
  // The cause is the error of the socket, or of the proxy, which has a reason.
  const cause = error instanceof Error ? error.cause : undefined;
  const { reason, code } = (cause ?? {}) as { readonly reason?: string; readonly code?: string };
  return reason ?? code ?? 'no response';
}

/** The exact cause is only logged. */
function toRejection(error: errors.JOSEError): GatewayError {
  if (error instanceof errors.JWTExpired) return createRejection('expired', 'The token has expired.');
  if (error instanceof errors.JWTClaimValidationFailed)
    return createRejection(REASONS.get(error.claim) ?? 'invalid claim');
  return createRejection(error.code);
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ['iss', 'wrong issuer'],
  ['aud', 'wrong audience'],
  ['nbf', 'not yet valid'],
  ['exp', 'no exp'],
  ['sub', 'no subject'],
]);

function createRejection(
  reason: string,
  message = 'A valid token of the issuer that the gateway trusts is required.',
): GatewayError {
  return new GatewayError('UNAUTHENTICATED', { message, reason });
}
