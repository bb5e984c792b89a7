// Refuses requests from web pages of other sites. The page could not read the response, but the request would cost calls to
// ScaleOps. The rules are those of Go's http.CrossOriginProtection (https://pkg.go.dev/net/http#CrossOriginProtection), for
// GET as well, which executes queries here: browsers send `Sec-Fetch-Site`, and older ones `Origin`. A page can set neither,
// so a request without both comes from no web page.

import type { HeadersByName } from '../../auth/authentication.js';
import { GatewayError } from '../../errors.js';

/** @param allowedOrigins GATEWAY_CORS_ORIGINS. @throws GatewayError CSRF_BLOCKED. */
export function checkOrigin(headers: HeadersByName, allowedOrigins: readonly string[]): void {
  const origin = headers.get('origin');
  if (origin !== null && allowedOrigins.includes(origin)) return;
  const site = headers.get('sec-fetch-site')?.trim().toLowerCase() ?? '';
  const isAllowed = site === '' ? isSameHost(origin, headers) : site === 'same-origin' || site === 'none';
  if (!isAllowed) throw new GatewayError('CSRF_BLOCKED');
}

/** Whether the origin is the host of the request, or the forwarded one: a page cannot set that without a preflight. */
function isSameHost(origin: string | null, headers: HeadersByName): boolean {
  if (origin === null || origin === '') return true;
  if (!URL.canParse(origin)) return false;
  const { host } = new URL(origin);
  return [headers.get('x-forwarded-host'), headers.get('host')].some((each) => each?.toLowerCase() === host);
}
