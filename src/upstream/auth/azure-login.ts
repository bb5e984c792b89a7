// The login by Azure AD: client credentials in, an access token out. Source: the vendor's page on authentication; the
// form is that of OAuth 2.0, RFC 6749, section 4.4.

import { UpstreamError } from '../../errors.js';
import { pathUnder } from '../http/connections.js';
import { createLoginHost, type LoginHostOptions } from './token-endpoint.js';
import type { Login, ObtainedToken } from './token-cache.js';
import { isToken, type Tokens } from '../principal.js';

export interface AzureSettings {
  /** The login host. */
  readonly authority: string;
  readonly tenantId: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

export function createAzureLogin(
  { authority, tenantId, clientId, clientSecret }: AzureSettings,
  options: Omit<LoginHostOptions, 'url' | 'readsText' | 'nonsense'>,
  refusal: Tokens['refusal'],
): Login {
  const host = createLoginHost({ ...options, url: authority, readsText: true, nonsense: NO_TOKEN });
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: clientId,
    client_secret: clientSecret,
    scope: 'https://graph.microsoft.com/.default',
  });
  const request = {
    path: pathUnder(authority, `/${tenantId}/oauth2/token`),
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: form.toString(),
  };
  return {
    async obtain(signal) {
      const { status, text } = await host.post(request, signal);
      if (status >= 400) throw refusal(`login: HTTP ${status}`);
      const obtained = status === 200 ? parseAnswer(text) : undefined;
      if (obtained !== undefined) return obtained;
      const reason = status === 200 ? 'login: no token in the answer' : `login: HTTP ${status}`;
      throw new UpstreamError('UPSTREAM_BAD_RESPONSE', { reason, message: NO_TOKEN });
    },
    close: () => host.close(),
  };
}

const NO_TOKEN = 'The login host gave no token. Check SCALEOPS_AZURE_AUTHORITY.';

/** `expires_in` is in seconds, and a text in the older of Azure's two forms. */
function parseAnswer(text: string): ObtainedToken | undefined {
  try {
    const answer = JSON.parse(text) as { access_token?: unknown; expires_in?: unknown } | null;
    const token = answer?.access_token;
    if (typeof token !== 'string' || !isToken(token)) return undefined;
    const seconds = typeof answer?.expires_in === 'boolean' ? 0 : Number(answer?.expires_in);
    return { token, lifetimeMs: seconds > 0 && Number.isFinite(seconds) ? seconds * 1000 : undefined };
  } catch {
    return undefined;
  }
}
