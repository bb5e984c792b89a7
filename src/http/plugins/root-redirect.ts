// `/` leads to GraphQL, where a browser finds GraphiQL.

import type { DoorPlugin } from '../request-state.js';

export function useStartPage(graphqlPath: string): DoorPlugin {
  return {
    onRequest({ url, endResponse, fetchAPI }) {
      if (url.pathname !== '/') return;
      // A relative Location (RFC 9110, section 10.2.2) is right behind any proxy.
      endResponse(new fetchAPI.Response(null, { status: 302, headers: { location: graphqlPath } }));
    },
  };
}
