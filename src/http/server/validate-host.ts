// Refuses requests whose Host and target make no valid URL (RFC 9112, section 3.2), or whose Host is not served.

import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';

import { isLoopback } from '../../auth/loopback.js';
import { GatewayError, statusOf } from '../../errors.js';
import { toErrorBody } from '../response/client-errors.js';
import { CONTENT_SECURITY_POLICY, SECURITY_HEADERS } from '../response/security-headers.js';

/**
 * Returns a listener that passes on only requests to valid and allowed hosts, each in origin form.
 * @param allowedHosts `loopback`: only names of this machine, so that no web page reaches a gateway without authentication by
 * a host name of its own (DNS rebinding).
 */
export function validateHost(listener: RequestListener, allowedHosts: 'any' | 'loopback' = 'any'): RequestListener {
  // Nearly all requests have the same Host. Its URL is valid with every path.
  let lastHost: string | undefined;
  return (request, response) => {
    const { host } = request.headers;
    const isChecked = host !== undefined && host === lastHost && request.url?.startsWith('/') === true;
    if (isChecked) listener(request, response);
    else if (!normalizeTarget(request)) refuse(response, INVALID_TARGET);
    else if (allowedHosts === 'loopback' && !isLoopback(hostnameOf(request))) refuse(response, HOST_NOT_ALLOWED);
    else {
      lastHost = request.headers.host;
      listener(request, response);
    }
  };
}

const INVALID_TARGET = new GatewayError('BAD_USER_INPUT', {
  message: 'The Host header or the request target is not valid.',
});
const HOST_NOT_ALLOWED = new GatewayError('FORBIDDEN', {
  message: 'Without GATEWAY_AUTH the gateway serves only this machine: use the host localhost.',
});

/** Without the port, as a URL writes it. */
function hostnameOf({ headers: { host = 'localhost' } }: IncomingMessage): string {
  return new URL(`http://${host}`).hostname;
}

/** Converts a target in absolute form to origin form, `/path?query`; false if the target or the Host is not valid. */
function normalizeTarget(request: IncomingMessage): boolean {
  const target = request.url ?? '';
  const isAbsolute = /^https?:\/\//i.test(target);
  const { host = 'localhost' } = request.headers;
  const url = isAbsolute ? target : `http://${host}${target}`;
  // A Host with a path or a user in it would change the target.
  if (/[/?#@\\]/.test(host) || (!isAbsolute && !target.startsWith('/')) || !URL.canParse(url)) return false;
  if (isAbsolute) {
    const parsed = new URL(url);
    request.headers.host = parsed.host;
    request.url = parsed.pathname + parsed.search;
  }
  return true;
}

function refuse(response: ServerResponse, error: GatewayError): void {
  const requestId = randomUUID();
  response
    .writeHead(statusOf(error.code), [
      ...SECURITY_HEADERS,
      ...['content-security-policy', CONTENT_SECURITY_POLICY],
      ...['content-type', 'application/json; charset=utf-8'],
      ...['x-request-id', requestId],
    ])
    .end(toErrorBody(error, requestId));
}
