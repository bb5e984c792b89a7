// Requests that name no address: with a Host or a target that makes no URL (RFC 9112, section 3.2). They are refused
// before the door, whose Request would fail over them.

import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';

import { GatewayError } from '../errors.js';
import { toErrorBody } from './client-errors.js';

/** A listener that meets only requests with an address, each in origin form. */
export function withAddress(listener: RequestListener): RequestListener {
  return (request, response) => {
    if (normalizeTarget(request)) listener(request, response);
    else refuseTarget(response);
  };
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

/** Answers with 400 in the form of all errors. */
function refuseTarget(response: ServerResponse): void {
  const requestId = randomUUID();
  const error = new GatewayError('BAD_USER_INPUT', { message: 'The Host or the request target is no valid address.' });
  response
    .writeHead(400, { 'content-type': 'application/json; charset=utf-8', 'x-request-id': requestId })
    .end(toErrorBody(error, requestId));
}
