// A page: what the gateway serves besides GraphQL, at a path of its own, with GET and HEAD.

import { GatewayError, statusOf } from '../../errors.js';
import { readRequestId } from '../graphql-request.js';
import { EMPTY_BODY, type HttpRequest, type HttpResponse, type ResponseBody } from '../http-message.js';
import { toErrorBody } from '../response/client-errors.js';
import { CONTENT_SECURITY_POLICY, SECURITY_HEADERS } from '../response/security-headers.js';

/** Undefined when the page is not for this request. */
export type Page = (request: HttpRequest) => PageContent | undefined | Promise<PageContent | undefined>;

export interface PageContent {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: ResponseBody;
}

/** The response with the headers that every response has. */
export function toPageResponse(
  request: HttpRequest,
  { status, headers, body = EMPTY_BODY }: PageContent,
): HttpResponse {
  const all = {
    'x-request-id': readRequestId(request.headers),
    'content-security-policy': CONTENT_SECURITY_POLICY,
    ...headers,
  };
  const length = Array.isArray(body) && status !== 304 ? ['content-length', String(sumLengths(body))] : [];
  return { status, headers: [...Object.entries(all).flat(), ...SECURITY_HEADERS, ...length], body };
}

function sumLengths(body: readonly Buffer[]): number {
  return body.reduce((sum, { length }) => sum + length, 0);
}

export function toJsonPage(status: number, value: object): PageContent {
  return {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: [Buffer.from(JSON.stringify(value))],
  };
}

/** A page has no other method than GET and HEAD (RFC 9110, section 15.5.6). */
export function refuseMethod(request: HttpRequest): PageContent {
  const requestId = readRequestId(request.headers);
  const error = new GatewayError('METHOD_NOT_ALLOWED', { message: 'Use GET.' });
  return {
    status: statusOf(error.code),
    headers: {
      allow: 'GET, HEAD',
      'x-request-id': requestId,
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
    },
    body: [Buffer.from(toErrorBody(error, requestId))],
  };
}
