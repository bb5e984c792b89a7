// Which web pages of other hosts may ask: those of the origins that are listed, and no other learns anything. They send no
// cookies and no passwords that the browser knows, only what they have themselves.
// https://fetch.spec.whatwg.org/#http-cors-protocol

import type { DoorPlugin } from '../request-state.js';
import { addVary } from '../response/vary.js';

const PREFLIGHT_HEADERS = {
  'access-control-allow-methods': 'GET, POST',
  'access-control-allow-headers': [
    ...['accept', 'authorization', 'cache-control', 'content-type', 'x-api-key', 'x-request-id', 'x-requested-with'],
    ...['apollo-require-preflight', 'x-apollo-operation-name', 'apollographql-client-name'],
    ...['apollographql-client-version', 'traceparent', 'tracestate'],
  ].join(', '),
  // Two hours are the most that browsers keep it.
  'access-control-max-age': '7200',
};

/** What a page may read beyond the few headers that every page may. */
const EXPOSED_HEADERS = 'age, retry-after, x-request-id';

/** What an answer tells a page of this origin, which may ask. `Vary` is for whoever answers to say. */
export function toCorsHeaders(origin: string): Readonly<Record<string, string>> {
  return { 'access-control-allow-origin': origin, 'access-control-expose-headers': EXPOSED_HEADERS };
}

/** For what is served at `path`. */
export function useCors(path: string, origins: readonly string[]): DoorPlugin {
  return {
    onRequest({ request, url, serverContext, endResponse, fetchAPI }) {
      if (url.pathname !== path) return;
      const origin = request.headers.get('origin');
      const allowed = origin !== null && origins.includes(origin) ? origin : undefined;
      serverContext.state.cors = { allowed };
      const isPreflight = request.method === 'OPTIONS' && request.headers.has('access-control-request-method');
      if (!isPreflight || allowed === undefined) return;
      endResponse(new fetchAPI.Response(null, { status: 204, headers: { ...PREFLIGHT_HEADERS } }));
    },
    onResponse({ response: { headers }, serverContext }) {
      const { cors } = serverContext.state;
      if (cors === undefined) return;
      // Also for who is not allowed: what is kept for the one is not for the other.
      addVary(headers, 'origin');
      if (cors.allowed === undefined) return;
      for (const [name, value] of Object.entries(toCorsHeaders(cors.allowed))) headers.set(name, value);
    },
  };
}
