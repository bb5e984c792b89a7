// Allows pages of the listed origins (GATEWAY_CORS_ORIGINS) to send requests and read responses, without cookies.
// https://fetch.spec.whatwg.org/#http-cors-protocol

import type { HttpRequest } from '../http-message.js';
import type { PageContent } from '../pages/page.js';

/** Headers that pages may read besides the CORS-safelisted ones. */
const EXPOSED_HEADERS = 'age, etag, retry-after, x-request-id';
/** Two hours, the most that browsers allow. */
const MAX_AGE_SECONDS = '7200';

export type Cors = ReturnType<typeof createCors>;

export function createCors(origins: readonly string[]) {
  const isListed = (origin: string | null): origin is string => origin !== null && origins.includes(origin);
  const toHeaders = (origin: string) => ({
    'access-control-allow-origin': origin,
    'access-control-expose-headers': EXPOSED_HEADERS,
  });
  return {
    /** Whether responses differ by `Origin`. */
    variesByOrigin: origins.length > 0,
    /** The headers of a response without `Vary`: names and values, alternating. */
    headersFor({ headers }: HttpRequest): readonly string[] {
      const origin = headers.get('origin');
      return isListed(origin) ? Object.entries(toHeaders(origin)).flat() : [];
    },
    /** Undefined unless the request is a preflight of a listed origin. */
    respondToPreflight({ method, headers }: HttpRequest): PageContent | undefined {
      const origin = headers.get('origin');
      if (method !== 'OPTIONS' || !isListed(origin) || headers.get('access-control-request-method') === null) {
        return undefined;
      }
      return { status: 204, headers: { ...toHeaders(origin), ...preflightHeaders(headers.get(REQUESTED)) } };
    },
  };
}

const REQUESTED = 'access-control-request-headers';

/** Allows all requested headers: other clients may send any header too, and browsers add some for tracing. */
function preflightHeaders(requested: string | null): Readonly<Record<string, string>> {
  const isList = requested !== null && /^[\w!#$%&'*+.^`|~, -]{1,2048}$/.test(requested);
  return {
    'access-control-allow-methods': 'GET, POST',
    'access-control-max-age': MAX_AGE_SECONDS,
    vary: `origin, ${REQUESTED}`,
    ...(isList && { 'access-control-allow-headers': requested }),
  };
}
