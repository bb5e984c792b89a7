// Which request bodies are read: JSON, not compressed. A form or plain text would be a request that any web page can
// make a browser send, and Yoga would read it.

import { GatewayError } from '../../errors.js';
import type { DoorPlugin } from '../request-state.js';

const JSON_TYPE = /^application\/(?:json|graphql\+json)\s*(?:;|$)/i;

export function useMediaTypes(): DoorPlugin {
  return {
    onRequestParse({ request }) {
      if (request.method !== 'POST') return;
      const isJson = JSON_TYPE.test(request.headers.get('content-type') ?? '');
      const isPlain = /^(?:identity)?$/i.test(request.headers.get('content-encoding') ?? '');
      if (!isJson || !isPlain) throw new GatewayError('UNSUPPORTED_MEDIA_TYPE');
    },
  };
}
