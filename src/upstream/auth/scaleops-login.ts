// Logs in to ScaleOps itself (built-in users, LDAP). The response is a redirect that is not followed: its Location contains
// the token. Source: the vendor's page on authentication, see schema/scaleops.openapi.yaml.

import { UpstreamError } from '../../errors.js';
import { pathUnder } from '../http/connections.js';
import { createTokenEndpoint, type LoginTransport } from './token-endpoint.js';
import type { Login } from './token-cache.js';
import { createRejectionError, isToken } from '../principal.js';

export interface LoginSettings {
  readonly username: string;
  readonly password: string;
}

export function createScaleOpsLogin(
  { username, password }: LoginSettings,
  transport: LoginTransport & { readonly url: string },
): Login {
  const { url } = transport;
  const endpoint = createTokenEndpoint(url, transport, {
    hasTextBody: false,
    invalidResponseMessage: 'The login endpoint gave an invalid response. Check SCALEOPS_URL.',
  });
  const request = {
    path: pathUnder(url, '/auth/callback'),
    headers: { 'content-type': 'application/json', cookie: 'auth_state=TOKEN' },
    body: JSON.stringify({ username, password }),
  };
  const rejectionError = createRejectionError('Check SCALEOPS_USERNAME and SCALEOPS_PASSWORD.');
  return {
    rejectionError,
    async obtain(signal) {
      const { status, location } = await endpoint.post(request, signal);
      if (status === 404) {
        const message = 'ScaleOps has no login at this address. Check SCALEOPS_URL.';
        throw new UpstreamError('UPSTREAM_NOT_FOUND', { message, reason: 'login: HTTP 404' });
      }
      const token = tokenFromRedirect(location, url);
      // Wrong credentials lead back to the login page, or show it.
      if (token === undefined) throw rejectionError(`login: HTTP ${status} without a token`);
      return { token };
    },
    close: () => endpoint.close(),
  };
}

/** The host of the redirect does not matter: the response came from the configured one. */
function tokenFromRedirect(location: string | undefined, url: string): string | undefined {
  if (location === undefined || !URL.canParse(location, url)) return undefined;
  const token = new URL(location, url).searchParams.get('token') ?? '';
  return isToken(token) ? token : undefined;
}
