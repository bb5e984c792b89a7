// The login of ScaleOps itself (built-in users, LDAP): credentials in, and a redirect out that is not followed, whose
// Location carries the token. Source: the vendor's page on authentication, see schema/scaleops.openapi.yaml.

import { UpstreamError } from '../../errors.js';
import { pathUnder } from '../http/connections.js';
import { createLoginHost, type LoginHostOptions } from './token-endpoint.js';
import type { Login } from './token-cache.js';
import { isToken, type Tokens } from '../principal.js';

export interface LoginSettings {
  readonly username: string;
  readonly password: string;
}

const LOGIN_PATH = '/auth/callback';

export function createScaleOpsLogin(
  { username, password }: LoginSettings,
  options: Omit<LoginHostOptions, 'readsText' | 'nonsense'>,
  refusal: Tokens['refusal'],
): Login {
  const { url } = options;
  const host = createLoginHost({
    ...options,
    readsText: false,
    nonsense: 'The login of ScaleOps makes no sense. Check SCALEOPS_URL.',
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
      // Who is not let in is sent back to the login page, or shown it.
      if (token === undefined) throw refusal(`login: HTTP ${status} without a token`);
      return { token };
    },
    close: () => host.close(),
  };
}

/** The query parameter of the redirect; it is our own host's answer, wherever it would send us. */
function readToken(location: string | undefined, url: string): string | undefined {
  if (location === undefined || !URL.canParse(location, url)) return undefined;
  const token = new URL(location, url).searchParams.get('token') ?? '';
  return isToken(token) ? token : undefined;
}
