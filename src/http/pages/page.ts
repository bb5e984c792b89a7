// What the gateway serves besides GraphQL, with GET and HEAD: health, metrics, errors.

import { statusOf, type GatewayError } from '../../errors.js';
import type { Metrics } from '../../telemetry/metrics.js';
import { readRequestId } from '../graphql-request.js';
import { byteLength, isStream, type HttpRequest, type HttpResponse, type ResponseBody } from '../http-message.js';
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
export function toPageResponse(request: HttpRequest, { status, headers, body = [] }: PageContent): HttpResponse {
  const all = {
    'x-request-id': readRequestId(request.headers),
    'content-security-policy': CONTENT_SECURITY_POLICY,
    ...headers,
  };
  // RFC 9110, section 8.6: a 204 has no content-length.
  const hasLength = !isStream(body) && status !== 204 && status !== 304;
  const length = hasLength ? ['content-length', String(byteLength(body))] : [];
  return { status, headers: [...Object.entries(all).flat(), ...SECURITY_HEADERS, ...length], body };
}

/** A response that is one error. */
export function toErrorPage(request: HttpRequest, error: GatewayError, headers = {}): PageContent {
  const requestId = readRequestId(request.headers);
  return {
    status: statusOf(error.code),
    headers: {
      ...headers,
      'x-request-id': requestId,
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
    },
    body: [Buffer.from(toErrorBody(error, requestId))],
  };
}

/** For orchestrators: 200 when `isUp` returns true, else 503. */
export function createHealthPage(isUp: () => boolean): Page {
  return () =>
    isUp()
      ? toPlainPage(200, 'application/json', '{"status":"up"}')
      : toPlainPage(503, 'application/json', '{"status":"down"}');
}

/** The metrics, for Prometheus. They need no authentication: they contain counts, times and names of the configuration. */
export function createMetricsPage(expose: Metrics['expose']): Page {
  return async () => {
    const { contentType, text } = await expose();
    return toPlainPage(200, contentType, text);
  };
}

function toPlainPage(status: number, type: string, text: string): PageContent {
  return { status, headers: { 'content-type': type, 'cache-control': 'no-store' }, body: [Buffer.from(text)] };
}
