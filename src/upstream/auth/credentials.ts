// The principal of each request, by SCALEOPS_AUTH: the gateway itself, with a configured token, the token of a login or no
// token, or each caller with its own token.

import { scrypt } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { promisify } from 'node:util';

import { GatewayError, UpstreamError } from '../../errors.js';
import { createAzureLogin, type AzureSettings } from './azure-login.js';
import { NOOP_INSTRUMENTATION, type UpstreamInstrumentation } from '../instrumentation.js';
import { parseExpiry } from './jwt-expiry.js';
import { createScaleOpsLogin, type LoginSettings } from './scaleops-login.js';
import { TokenCache, type Login } from './token-cache.js';
import type { LoginTransport } from './token-endpoint.js';
import { createPrincipal, createRejectionError, isToken, type Principal, type TokenProvider } from '../principal.js';

/** A token, or a file with a token that may change while the gateway runs. */
type TokenSource = { readonly token: string } | { readonly file: string };

export type AuthSettings =
  | { readonly kind: 'token'; readonly source: TokenSource }
  | ({ readonly kind: 'login' } & LoginSettings)
  | ({ readonly kind: 'azure' } & AzureSettings)
  | { readonly kind: 'forward' }
  | { readonly kind: 'none' };

export interface Credentials {
  /**
   * The principal of a request. Synchronous except while the first login key is derived.
   * @param callerToken the bearer token of the caller.
   * @throws GatewayError UNAUTHENTICATED when the caller must send a token; UpstreamError UPSTREAM_UNAUTHENTICATED when
   *   the gateway has none.
   */
  principal(callerToken?: string): Principal | Promise<Principal>;
  close(): Promise<void>;
}

interface CredentialsOptions extends LoginTransport {
  readonly auth: AuthSettings;
  /** The ScaleOps host. */
  readonly url: string;
  readonly instrumentation?: Pick<UpstreamInstrumentation, 'login'> | undefined;
}

export function createCredentials(options: CredentialsOptions): Credentials {
  const { auth, url } = options;
  switch (auth.kind) {
    case 'token':
      return createTokenCredentials(auth.source);
    case 'forward':
      return forwardedCredentials;
    case 'none':
      return createAnonymousCredentials(url);
    case 'login': {
      const names = [url, auth.username];
      return createAccountCredentials(options, { names, password: auth.password }, createScaleOpsLogin(auth, options));
    }
    case 'azure': {
      const names = [auth.authority, auth.tenantId, auth.clientId];
      return createAccountCredentials(options, { names, password: auth.clientSecret }, createAzureLogin(auth, options));
    }
  }
}

/** Provides a token that cannot be renewed. */
function createStaticToken(token: string | undefined, rejectionError: TokenProvider['rejectionError']): TokenProvider {
  return {
    token: () => Promise.resolve(token),
    renew: () => Promise.resolve(undefined),
    recordRejection: () => undefined,
    rejectionError,
  };
}

/**
 * The principal is the account, not its token, so that cached reports outlive a token.
 * @param account `names` are the host and the name, which identify it.
 */
function createAccountCredentials(
  { clock, instrumentation = NOOP_INSTRUMENTATION }: CredentialsOptions,
  { names, password }: { readonly names: readonly string[]; readonly password: string },
  login: Login,
): Credentials {
  const obtain = (signal: AbortSignal) => instrumentation.login(() => login.obtain(signal));
  const tokens = new TokenCache(obtain, clock, login.rejectionError);
  // scrypt makes it expensive to guess a password, should the id ever leak.
  const derive = promisify<string, string, number, Buffer>(scrypt);
  let principal: Principal | Promise<Principal> = derive(password, JSON.stringify(names), 32).then(
    (secret) => (principal = createPrincipal(secret, { isCaller: false, expiresAt: undefined, tokens })),
  );
  return { principal: () => principal, close: () => login.close() };
}

function createTokenCredentials(source: TokenSource): Credentials {
  const rejectionError = createRejectionError('Check SCALEOPS_TOKEN or SCALEOPS_TOKEN_FILE.');
  const readToken = 'token' in source ? () => source.token : createFileReader(source.file);
  let latest: { readonly token: string; readonly principal: Principal } | undefined;
  const find = (): Principal => {
    const token = readToken();
    if (latest?.token !== token) {
      const rest = { isCaller: false, expiresAt: parseExpiry(token), tokens: createStaticToken(token, rejectionError) };
      latest = { token, principal: createPrincipal(token, rest) };
    }
    return latest.principal;
  };
  return { principal: find, close: () => Promise.resolve() };
}

/** One principal for all callers. Without a token nothing is secret, so the host identifies the principal. */
function createAnonymousCredentials(url: string): Credentials {
  const rejectionError = createRejectionError('It asks for a token: set SCALEOPS_AUTH to token or login.');
  const tokens = createStaticToken(undefined, rejectionError);
  const principal = createPrincipal(url, { isCaller: false, expiresAt: undefined, tokens });
  return { principal: () => principal, close: () => Promise.resolve() };
}

/** Each caller is a principal, identified by its token. */
const forwardedCredentials: Credentials = {
  principal(token) {
    if (token === undefined || !isToken(token)) {
      throw new GatewayError('UNAUTHENTICATED', { reason: 'no bearer token' });
    }
    return createPrincipal(token, {
      isCaller: true,
      expiresAt: parseExpiry(token),
      tokens: createStaticToken(token, (reason) => new UpstreamError('UNAUTHENTICATED', { reason })),
    });
  },
  close: () => Promise.resolve(),
};

/** File systems round times: a second change within this time may look like the first. */
const TIME_STEP_MS = 100;

/** Returns the token in a file, which is read again when it has changed: Kubernetes replaces mounted secrets. */
function createFileReader(path: string): () => string {
  let latest: { readonly version: string; readonly token: string } | undefined;
  return () => {
    try {
      // Synchronous: microseconds, without the thread pool. The inode changes when a link is moved to another file.
      const { mtimeMs, ctimeMs, ino, size } = statSync(path);
      const version = [mtimeMs, ctimeMs, ino, size].join();
      // Not `clock`: the times of files are those of the machine.
      const isSettled = Date.now() - mtimeMs > TIME_STEP_MS;
      if (!isSettled || latest?.version !== version) latest = { version, token: readFileSync(path, 'utf8').trim() };
    } catch {
      latest = undefined;
    }
    if (latest !== undefined && isToken(latest.token)) return latest.token;
    throw new UpstreamError('UPSTREAM_UNAUTHENTICATED', {
      message:
        'The gateway has no token for ScaleOps: the file cannot be read or holds none. Check SCALEOPS_TOKEN_FILE.',
      reason: 'no token in the token file',
    });
  };
}
