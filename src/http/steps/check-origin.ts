// Refuses requests that a web page of another site makes a browser send. Such a request carries no credentials of ours (there
// are no cookies), and the page cannot read the response; but behind the gateway it would cost calls to ScaleOps, and an
// open gateway on localhost would answer to every page.
//
// The rules are those of Go's http.CrossOriginProtection (https://pkg.go.dev/net/http#CrossOriginProtection), applied to
// GET as well, because a GET executes queries here: browsers say with `Sec-Fetch-Site` where a request comes from, older ones
// send an `Origin`. A page can set neither, so a request without both comes from no web page: curl, a server, a spreadsheet.

import type { HeadersByName } from '../../auth/authentication.js';
import { GatewayError } from '../../errors.js';

/** @param allowedOrigins those of GATEWAY_CORS_ORIGINS. @throws GatewayError CSRF_BLOCKED. */
export function checkOrigin(headers: HeadersByName, allowedOrigins: readonly string[]): void {
  const origin = headers.get('origin');
  if (origin !== null && allowedOrigins.includes(origin)) return;
  const site = headers.get('sec-fetch-site')?.trim().toLowerCase() ?? '';
  const isAllowed = site === '' ? isSameHost(origin, headers) : site === 'same-origin' || site === 'none';
  if (!isAllowed) throw new GatewayError('CSRF_BLOCKED');
}

/**
 * Whether the origin is the host that the request was sent to. Behind a proxy that is the forwarded one; a page cannot set
 * that header without a preflight, which is refused.
 */
function isSameHost(origin: string | null, headers: HeadersByName): boolean {
  if (origin === null || origin === '') return true;
  if (!URL.canParse(origin)) return false;
  const { host } = new URL(origin);
  return [headers.get('x-forwarded-host'), headers.get('host')].some((each) => each?.toLowerCase() === host);
}
