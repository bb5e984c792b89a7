// Requests that name no address, or not ours: with a Host or a target that makes no URL (RFC 9112, section 3.2), over
// which the door's Request would fail, or with the name of a host that is not served. They are refused before the door.

import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

import { GatewayError, statusOf } from '../../errors.js';
import { toErrorBody } from '../response/client-errors.js';
import { isLoopback } from '../../auth/loopback.js';
import { SECURITY_HEADERS } from '../plugins/security-headers.js';
import type { HttpListener } from './server.js';

export interface AddressOptions {
  /**
   * The hosts that are served. `loopback`: only names of this machine itself, for where whoever reaches the gateway may
   * ask it, as every web page could by a name of its own.
   */
  readonly allowedHosts?: 'any' | 'loopback';
}

/** A listener that meets only requests with an address that is served, each in origin form. */
export function withAddress(listener: HttpListener, { allowedHosts = 'any' }: AddressOptions = {}): HttpListener {
  // What was asked for last and is served as it is: most ask for the same again.
  let served: { readonly host: string | undefined; readonly url: string | undefined } | undefined;
  return (request, response) => {
    const { url, headers } = request;
    if (served !== undefined && served.url === url && served.host === headers.host) {
      listener(request, response);
      return;
    }
    if (!normalizeTarget(request)) refuse(response, NO_ADDRESS);
    else if (allowedHosts === 'loopback' && !isLoopback(hostnameOf(request))) refuse(response, FOREIGN_HOST);
    else {
      if (request.url === url) served = { host: headers.host, url };
      listener(request, response);
    }
  };
}

const NO_ADDRESS = new GatewayError('BAD_USER_INPUT', {
  message: 'The Host or the request target is no valid address.',
});
const FOREIGN_HOST = new GatewayError('FORBIDDEN', {
  message: 'The gateway is open to this machine alone: it is served as localhost, and under no other Host.',
});

/** Without the port, as a URL writes it. */
function hostnameOf({ headers: { host = 'localhost' } }: IncomingMessage): string {
  return new URL(`http://${host}`).hostname;
}

/**
 * Brings the target into origin form, `/path?query`: a client may also send it in absolute form.
 * @returns whether the request names an address.
 */
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

/** Answers in the form of all errors. */
function refuse(response: ServerResponse, error: GatewayError): void {
  const requestId = randomUUID();
  response
    .writeHead(statusOf(error.code), {
      ...SECURITY_HEADERS,
      'content-type': 'application/json; charset=utf-8',
      'x-request-id': requestId,
    })
    .end(toErrorBody(error, requestId));
}
