// Refuses requests whose Host or target makes no URL (RFC 9112, section 3.2), or whose Host is not served.

import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';

import { isLoopback } from '../../auth/loopback.js';
import { GatewayError, statusOf } from '../../errors.js';
import { toErrorBody } from '../response/client-errors.js';
import { CONTENT_SECURITY_POLICY, SECURITY_HEADERS } from '../response/security-headers.js';

/**
 * A listener that gets only requests of valid and served hosts, each in origin form.
 * @param allowedHosts `loopback`: only names of this machine itself, for a gateway without authentication, which every web
 * page could reach by a host name of its own (DNS rebinding).
 */
export function validateHost(listener: RequestListener, allowedHosts: 'any' | 'loopback' = 'any'): RequestListener {
  // Nearly all requests name the same host, and the path of a target cannot make its URL invalid.
  let lastServed: string | undefined;
  return (request, response) => {
    const isKnown = request.headers.host === lastServed && request.url?.startsWith('/') === true;
    if (!isKnown && !normalizeTarget(request)) refuse(response, INVALID_TARGET);
    else if (!isKnown && allowedHosts === 'loopback' && !isLoopback(hostnameOf(request)))
      refuse(response, HOST_NOT_ALLOWED);
    else {
      lastServed = request.headers.host;
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

/** Brings the target into origin form, `/path?query`, from the absolute form that clients may send; false if invalid. */
function normalizeTarget(request: IncomingMessage): boolean {
  const target = request.url ?? '';
  const isAbsolute = /^https?:\/\//i.test(target);
  const { host: given = 'localhost' } = request.headers;
  const url = isAbsolute ? target : `http://${given}${target}`;
  // A Host with a part of a path or a user in it would move the target.
  if (/[/?#@\\]/.test(given) || (!isAbsolute && !target.startsWith('/')) || !URL.canParse(url)) return false;
  if (isAbsolute) {
    const { host, pathname, search } = new URL(url);
    request.headers.host = host;
    request.url = pathname + search;
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
