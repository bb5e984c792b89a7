// Requests that any web page can make a browser send, with what the browser adds by itself: they are turned away. A POST
// is JSON, for which a browser asks first (useMediaTypes); a GET has to have a header for which it does.
// https://www.apollographql.com/docs/graphos/routing/security/csrf

import { GatewayError } from '../../errors.js';
import type { DoorPlugin } from '../request-state.js';

/** With any text in one of these, a browser asks by a preflight whether the page may. */
const UNSAFE_HEADERS = ['apollo-require-preflight', 'x-apollo-operation-name', 'x-requested-with', 'x-api-key'];

/** Of another scheme the browser may know a password, and add it to whatever a page sends. */
const BEARER = /^bearer /i;

export function useCsrfGuard(): DoorPlugin {
  return {
    onRequestParse({ request: { method, headers } }) {
      if (method !== 'GET') return;
      const type = headers.get('content-type') ?? '';
      if (type !== '') {
        if (/^application\/json\s*(?:;|$)/i.test(type)) return;
        throw new GatewayError('UNSUPPORTED_MEDIA_TYPE', {
          message: 'A GET has the content type application/json, or none.',
        });
      }
      const isAsked = UNSAFE_HEADERS.some((name) => (headers.get(name)?.trim() ?? '') !== '');
      if (!isAsked && !BEARER.test(headers.get('authorization') ?? '')) throw new GatewayError('CSRF_BLOCKED');
    },
  };
}
