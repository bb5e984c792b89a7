// Lets pages of the listed origins (GATEWAY_CORS_ORIGINS) send requests and read responses. There are no cookies and no
// credentials of the browser.
// https://fetch.spec.whatwg.org/#http-cors-protocol

import type { HttpRequest } from '../http-message.js';
import type { PageContent } from '../pages/page.js';

/** What a page may read beyond the few headers that every page may. */
const EXPOSED_HEADERS = 'age, etag, retry-after, x-request-id';
/** Two hours: the longest that browsers remember a preflight. */
const MAX_AGE_SECONDS = '7200';

export type Cors = ReturnType<typeof createCors>;

export function createCors(origins: readonly string[]) {
  const isListed = (origin: string | null): origin is string => origin !== null && origins.includes(origin);
  const allow = (origin: string) => ({
    'access-control-allow-origin': origin,
    'access-control-expose-headers': EXPOSED_HEADERS,
  });
  return {
    /** Whether responses differ by `Origin`. */
    variesByOrigin: origins.length > 0,
    /** The headers of a response as names and values in turn, `Vary` excepted. */
    headersFor({ headers }: HttpRequest): readonly string[] {
      const origin = headers.get('origin');
      return isListed(origin) ? Object.entries(allow(origin)).flat() : [];
    },
    /** Undefined unless the request is a preflight of a listed origin. */
    answerPreflight({ method, headers }: HttpRequest): PageContent | undefined {
      const origin = headers.get('origin');
      if (method !== 'OPTIONS' || !isListed(origin) || headers.get('access-control-request-method') === null) {
        return undefined;
      }
      return { status: 204, headers: { ...allow(origin), ...preflightHeaders(headers.get(REQUESTED)) } };
    },
  };
}

const REQUESTED = 'access-control-request-headers';

/**
 * A listed origin may send the headers that it asks for: clients add their own for tracing and for their name, and none of
 * them means more here than to a client that is no browser.
 */
function preflightHeaders(requested: string | null): Readonly<Record<string, string>> {
  const isList = requested !== null && /^[\w!#$%&'*+.^`|~, -]{1,2048}$/.test(requested);
  return {
    'access-control-allow-methods': 'GET, POST',
    'access-control-max-age': MAX_AGE_SECONDS,
    vary: `origin, ${REQUESTED}`,
    ...(isList && { 'access-control-allow-headers': requested }),
  };
}
