// The principal of each request, by SCALEOPS_AUTH: the gateway itself, with a given token, one from a login or none, or each
// caller with a token of its own.

import { scrypt } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { promisify } from 'node:util';

import type { Clock } from '../../clock.js';
import { GatewayError, UpstreamError } from '../../errors.js';
import { createAzureLogin, type AzureSettings } from './azure-login.js';
import { UNINSTRUMENTED, type UpstreamInstrumentation } from '../instrumentation.js';
import type { ProxySettings } from '../http/proxy.js';
import { readExpiry } from './jwt-expiry.js';
import { createScaleOpsLogin, type LoginSettings } from './scaleops-login.js';
import { TokenCache, type Login } from './token-cache.js';
import { createPrincipal, isToken, type Principal, type TokenProvider } from '../principal.js';

/** A given token, or a file that holds one and may be replaced while the gateway runs. */
type TokenSource = { readonly token: string } | { readonly file: string };

export type AuthSettings =
  | { readonly kind: 'token'; readonly source: TokenSource }
  | ({ readonly kind: 'login' } & LoginSettings)
  | ({ readonly kind: 'azure' } & AzureSettings)
  | { readonly kind: 'forward' }
  | { readonly kind: 'none' };

export interface Credentials {
  /**
   * The principal of a request. Synchronous when it is known already.
   * @param callerToken the bearer token of the caller.
   * @throws GatewayError UNAUTHENTICATED when the caller must send a token; UpstreamError UPSTREAM_UNAUTHENTICATED when
   *   the gateway has none.
   */
  principal(callerToken?: string): Principal | Promise<Principal>;
  close(): Promise<void>;
}

interface CredentialsOptions {
  readonly auth: AuthSettings;
  /** The ScaleOps host. */
  readonly url: string;
  readonly timeoutMs: number;
  readonly proxy?: ProxySettings | undefined;
  readonly clock: Clock;
  readonly instrumentation?: Pick<UpstreamInstrumentation, 'login'> | undefined;
}

export function createCredentials(options: CredentialsOptions): Credentials {
  const { auth, url, timeoutMs, proxy, clock } = options;
  switch (auth.kind) {
    case 'token':
      return createTokenCredentials(auth.source);
    case 'forward':
      return forwardedCredentials;
    case 'none':
      return createOpenCredentials(url);
    case 'login':
      return createAccountCredentials(options, {
        names: [url, auth.username],
        password: auth.password,
        hint: 'Check SCALEOPS_USERNAME and SCALEOPS_PASSWORD.',
        createLogin: (rejectionError) => createScaleOpsLogin(auth, { url, timeoutMs, proxy, clock }, rejectionError),
      });
    case 'azure':
      return createAccountCredentials(options, {
        names: [auth.authority, auth.tenantId, auth.clientId],
        password: auth.clientSecret,
        hint: 'Check SCALEOPS_AZURE_TENANT_ID, _CLIENT_ID and _CLIENT_SECRET.',
        createLogin: (rejectionError) => createAzureLogin(auth, { timeoutMs, proxy, clock }, rejectionError),
      });
  }
}

function createRejectionError(hint: string): TokenProvider['rejectionError'] {
  return (reason) => new UpstreamError('UPSTREAM_UNAUTHENTICATED', { reason, hint });
}

/** A token that cannot be renewed. */
function staticToken(token: string | undefined, rejectionError: TokenProvider['rejectionError']): TokenProvider {
  return {
    token: () => Promise.resolve(token),
    renew: () => Promise.resolve(undefined),
    reject: () => undefined,
    rejectionError,
  };
}

interface Account {
  /** What identifies the account: its host and its name. */
  readonly names: readonly string[];
  readonly password: string;
  /** Which settings to check when ScaleOps rejects the account. */
  readonly hint: string;
  readonly createLogin: (rejectionError: TokenProvider['rejectionError']) => Login;
}

/** The principal is the account, not its token, so that cached reports outlive a token. */
function createAccountCredentials(
  { clock, instrumentation = UNINSTRUMENTED }: CredentialsOptions,
  { names, password, hint, createLogin }: Account,
): Credentials {
  const rejectionError = createRejectionError(hint);
  const login = createLogin(rejectionError);
  const obtain = (signal: AbortSignal) => instrumentation.login(() => login.obtain(signal));
  const tokens = new TokenCache(obtain, clock, rejectionError);
  // A password can be guessed; scrypt makes each guess expensive, should the id ever leak.
  const derive = promisify<string, string, number, Buffer>(scrypt);
  let principal: Principal | Promise<Principal> = derive(password, JSON.stringify(names), 32).then(
    (secret) => (principal = createPrincipal(secret, { isCaller: false, expiresAt: undefined, tokens })),
  );
  return { principal: () => principal, close: () => login.close() };
}

function createTokenCredentials(source: TokenSource): Credentials {
  const rejectionError = createRejectionError('Check SCALEOPS_TOKEN or SCALEOPS_TOKEN_FILE.');
  const read = 'token' in source ? () => source.token : createFileReader(source.file);
  let latest: { readonly token: string; readonly principal: Principal } | undefined;
  const find = (): Principal => {
    const token = read();
    if (latest?.token !== token) {
      const rest = { isCaller: false, expiresAt: readExpiry(token), tokens: staticToken(token, rejectionError) };
      latest = { token, principal: createPrincipal(token, rest) };
    }
    return latest.principal;
  };
  return {
    principal: find,
    close: () => Promise.resolve(),
  };
}

/** One principal for all. Nothing is secret where ScaleOps asks for no token, so the host alone identifies it. */
function createOpenCredentials(url: string): Credentials {
  const tokens = staticToken(
    undefined,
    createRejectionError('It asks for a token: set SCALEOPS_AUTH to token or login.'),
  );
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
      expiresAt: readExpiry(token),
      tokens: staticToken(token, (reason) => new UpstreamError('UNAUTHENTICATED', { reason })),
    });
  },
  close: () => Promise.resolve(),
};

const TIME_STEP_MS = 100;

/** Returns the token in a file, which is read again when it has changed: Kubernetes replaces mounted secrets. */
function createFileReader(path: string): () => string {
  let read: { readonly version: string; readonly token: string } | undefined;
  return () => {
    try {
      // Synchronous: microseconds, without the thread pool. The inode changes when a link is moved to another file.
      const { mtimeMs, ctimeMs, ino, size } = statSync(path);
      const version = [mtimeMs, ctimeMs, ino, size].join();
      // File systems round times: a second change within one step looks like the first. Their times are the machine's.
      const isSettled = Date.now() - mtimeMs > TIME_STEP_MS;
      if (!isSettled || read?.version !== version) read = { version, token: readFileSync(path, 'utf8').trim() };
    } catch {
      read = undefined;
    }
    if (read !== undefined && isToken(read.token)) return read.token;
    throw new UpstreamError('UPSTREAM_UNAUTHENTICATED', {
      message:
        'The gateway has no token for ScaleOps: the file cannot be read or holds none. Check SCALEOPS_TOKEN_FILE.',
      reason: 'no token in the token file',
    });
  };
}
