// Who the gateway is to ScaleOps, by SCALEOPS_AUTH: itself, with a ready-made token or one that it obtains by a login, or
// each caller with a token of its own.

import { scrypt } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { promisify } from 'node:util';

import type { Clock } from '../../clock.js';
import { GatewayError, UpstreamError } from '../../errors.js';
import { createAzureLogin, type AzureSettings } from './azure-login.js';
import { UNOBSERVED, type UpstreamInstrument } from '../instrumentation.js';
import type { ProxySettings } from '../http/proxy.js';
import { readExpiry } from './jwt-expiry.js';
import { createScaleOpsLogin, type LoginSettings } from './scaleops-login.js';
import { createObtainedTokens, type Login } from './token-cache.js';
import { createPrincipal, isToken, type Principal, type Tokens } from '../principal.js';

/** Where a ready-made token is: given as it is, or in a file that may be renewed while the gateway runs. */
export type TokenSource = { readonly token: string } | { readonly file: string };

export type AuthSettings =
  | { readonly kind: 'token'; readonly source: TokenSource }
  | ({ readonly kind: 'login' } & LoginSettings)
  | ({ readonly kind: 'azure' } & AzureSettings)
  | { readonly kind: 'forward' };

export interface Credentials {
  /**
   * Whose data a request is about; `callerToken` is the caller's own, where it sent one. At once where nothing has to be
   * waited for.
   * @throws GatewayError UNAUTHENTICATED where the caller has to send one; UpstreamError UPSTREAM_UNAUTHENTICATED where
   *   the gateway has none.
   */
  principal(callerToken?: string): Principal | Promise<Principal>;
  close(): Promise<void>;
}

export interface CredentialsOptions {
  readonly auth: AuthSettings;
  /** The ScaleOps host. */
  readonly url: string;
  readonly timeoutMs: number;
  readonly proxy?: ProxySettings | undefined;
  readonly clock: Clock;
  readonly instrument?: Pick<UpstreamInstrument, 'login'> | undefined;
}

export function createCredentials(options: CredentialsOptions): Credentials {
  const { auth, url, timeoutMs, proxy, clock, instrument = UNOBSERVED } = options;
  switch (auth.kind) {
    case 'token':
      return createTokenCredentials(auth.source);
    case 'forward':
      return FORWARDED;
    case 'login': {
      const refusal = refuseWith('Check SCALEOPS_USERNAME and SCALEOPS_PASSWORD.');
      const login = watchLogin(createScaleOpsLogin(auth, { url, timeoutMs, proxy, clock }, refusal), instrument);
      const account = { names: [url, auth.username], password: auth.password };
      return createAccountCredentials(account, login, createObtainedTokens(login, clock, refusal));
    }
    case 'azure': {
      const refusal = refuseWith('Check SCALEOPS_AZURE_TENANT_ID, _CLIENT_ID and _CLIENT_SECRET.');
      const login = watchLogin(createAzureLogin(auth, { timeoutMs, proxy, clock }, refusal), instrument);
      const account = { names: [auth.authority, auth.tenantId, auth.clientId], password: auth.clientSecret };
      return createAccountCredentials(account, login, createObtainedTokens(login, clock, refusal));
    }
  }
}

function watchLogin(login: Login, instrument: Pick<UpstreamInstrument, 'login'>): Login {
  return { ...login, obtain: (signal) => instrument.login(() => login.obtain(signal)) };
}

function refuseWith(hint: string): Tokens['refusal'] {
  return (reason) => new UpstreamError('UPSTREAM_UNAUTHENTICATED', { reason, hint });
}

/** A token that is what it is: there is no other in its place. */
function readyMade(token: string, refusal: Tokens['refusal']): Tokens {
  return {
    token: () => Promise.resolve(token),
    renew: () => Promise.resolve(undefined),
    reject: () => undefined,
    refusal,
  };
}

interface Account {
  /** What it is called, and where. */
  readonly names: readonly string[];
  readonly password: string;
}

/** An account whose tokens come and go: it is the account that is the principal, so that its reports outlive a token. */
function createAccountCredentials({ names, password }: Account, login: Login, tokens: Tokens): Credentials {
  // A password can be guessed; scrypt makes each guess at one dear, should the id ever be seen.
  const derive = promisify<string, string, number, Buffer>(scrypt);
  let principal: Principal | Promise<Principal> = derive(password, JSON.stringify(names), 32).then(
    (secret) => (principal = createPrincipal(secret, { isCaller: false, expiresAt: undefined, tokens })),
  );
  return { principal: () => principal, close: () => login.close() };
}

function createTokenCredentials(source: TokenSource): Credentials {
  const refusal = refuseWith('Check SCALEOPS_TOKEN or SCALEOPS_TOKEN_FILE.');
  const read = 'token' in source ? () => source.token : createFileReader(source.file);
  let latest: { readonly token: string; readonly principal: Principal } | undefined;
  const find = (): Principal => {
    const token = read();
    if (latest?.token !== token) {
      const rest = { isCaller: false, expiresAt: readExpiry(token), tokens: readyMade(token, refusal) };
      latest = { token, principal: createPrincipal(token, rest) };
    }
    return latest.principal;
  };
  return {
    principal: find,
    close: () => Promise.resolve(),
  };
}

/** Each caller is a principal, by the token that it sent. */
const FORWARDED: Credentials = {
  principal(token) {
    if (token === undefined || !isToken(token)) {
      throw new GatewayError('UNAUTHENTICATED', { reason: 'no bearer token' });
    }
    return createPrincipal(token, {
      isCaller: true,
      expiresAt: readExpiry(token),
      tokens: readyMade(token, (reason) => new UpstreamError('UNAUTHENTICATED', { reason })),
    });
  },
  close: () => Promise.resolve(),
};

const TIME_STEP_MS = 100;

/** Gives the token in a file, and reads the file again when it has changed: a mounted secret is replaced under us. */
function createFileReader(path: string): () => string {
  let read: { readonly version: string; readonly token: string } | undefined;
  return () => {
    try {
      // Microseconds, and not a trip to the thread pool, for each request. The inode tells of a link that was moved.
      const { mtimeMs, ctimeMs, ino, size } = statSync(path);
      const version = [mtimeMs, ctimeMs, ino, size].join();
      // File systems tell time in steps: within one, a second change looks like the first.
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
