// The metrics, for who collects them.

import type { DoorPlugin } from '../request-state.js';

/** A text, and its media type. */
export interface Exposition {
  readonly contentType: string;
  readonly text: string;
}

/** `/metrics` is open to whoever reaches the port, as health is: there are counts and times, and names of ours alone. */
export function useMetricsPage(expose: () => Promise<Exposition>): DoorPlugin {
  return {
    async onRequest({ url, endResponse, fetchAPI }) {
      if (url.pathname !== '/metrics') return;
      const { contentType, text } = await expose();
      const headers = { 'content-type': contentType, 'cache-control': 'no-store' };
      endResponse(new fetchAPI.Response(text, { headers }));
    },
  };
}
