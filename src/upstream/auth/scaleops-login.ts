// Logs in to ScaleOps itself (built-in users, LDAP). The response is a redirect, which is not followed: its Location carries
// the token. Source: the vendor's page on authentication, see schema/scaleops.openapi.yaml.

import { UpstreamError } from '../../errors.js';
import { pathUnder } from '../http/connections.js';
import { createTokenEndpoint, type TokenEndpointOptions } from './token-endpoint.js';
import type { Login } from './token-cache.js';
import { isToken, type TokenProvider } from '../principal.js';

export interface LoginSettings {
  readonly username: string;
  readonly password: string;
}

const LOGIN_PATH = '/auth/callback';

export function createScaleOpsLogin(
  { username, password }: LoginSettings,
  options: Omit<TokenEndpointOptions, 'hasTextBody' | 'invalidResponseMessage'>,
  rejectionError: TokenProvider['rejectionError'],
): Login {
  const { url } = options;
  const host = createTokenEndpoint({
    ...options,
    hasTextBody: false,
    invalidResponseMessage: 'The login endpoint gave an invalid response. Check SCALEOPS_URL.',
  });
  const request = {
    path: pathUnder(url, LOGIN_PATH),
    headers: { 'content-type': 'application/json', cookie: 'auth_state=TOKEN' },
    body: JSON.stringify({ username, password }),
  };
  return {
    async obtain(signal) {
      const { status, location } = await host.post(request, signal);
      if (status === 404) {
        const message = 'ScaleOps has no login at this address. Check SCALEOPS_URL.';
        throw new UpstreamError('UPSTREAM_NOT_FOUND', { message, reason: 'login: HTTP 404' });
      }
      const token = readToken(location, url);
      // Wrong credentials lead back to the login page, or show it.
      if (token === undefined) throw rejectionError(`login: HTTP ${status} without a token`);
      return { token };
    },
    close: () => host.close(),
  };
}

/** Reads the token from the redirect. Its host does not matter: the response came from the configured one. */
function readToken(location: string | undefined, url: string): string | undefined {
  if (location === undefined || !URL.canParse(location, url)) return undefined;
  const token = new URL(location, url).searchParams.get('token') ?? '';
  return isToken(token) ? token : undefined;
}
