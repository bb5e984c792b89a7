// Logs in to Azure AD by OAuth 2.0 client credentials (RFC 6749, section 4.4). Source: the vendor's page on authentication.

import { UpstreamError } from '../../errors.js';
import { pathUnder } from '../http/connections.js';
import { createTokenEndpoint, type LoginTransport } from './token-endpoint.js';
import type { Login, ObtainedToken } from './token-cache.js';
import { createRejectionError, isToken } from '../principal.js';

export interface AzureSettings {
  /** The login host. */
  readonly authority: string;
  readonly tenantId: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

export function createAzureLogin(
  { authority, tenantId, clientId, clientSecret }: AzureSettings,
  transport: LoginTransport,
): Login {
  const endpoint = createTokenEndpoint(authority, transport, { hasTextBody: true, invalidResponseMessage: NO_TOKEN });
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
  const rejectionError = createRejectionError('Check SCALEOPS_AZURE_TENANT_ID, _CLIENT_ID and _CLIENT_SECRET.');
  return {
    rejectionError,
    async obtain(signal) {
      const { status, text } = await endpoint.post(request, signal);
      if (status >= 400) throw rejectionError(`login: HTTP ${status}`);
      const obtained = status === 200 ? parseTokenResponse(text) : undefined;
      if (obtained !== undefined) return obtained;
      const reason = status === 200 ? 'login: no token in the response' : `login: HTTP ${status}`;
      throw new UpstreamError('UPSTREAM_BAD_RESPONSE', { reason, message: NO_TOKEN });
    },
    close: () => endpoint.close(),
  };
}

const NO_TOKEN = 'The login host returned no token. Check SCALEOPS_AZURE_AUTHORITY.';

/** `expires_in` is in seconds; version 1 of Azure's endpoint sends it as a string. */
function parseTokenResponse(text: string): ObtainedToken | undefined {
  try {
    const response = JSON.parse(text) as { access_token?: unknown; expires_in?: unknown } | null;
    const token = response?.access_token;
    if (typeof token !== 'string' || !isToken(token)) return undefined;
    const seconds = typeof response?.expires_in === 'boolean' ? 0 : Number(response?.expires_in);
    return { token, lifetimeMs: seconds > 0 && Number.isFinite(seconds) ? seconds * 1000 : undefined };
  } catch {
    return undefined;
  }
}
