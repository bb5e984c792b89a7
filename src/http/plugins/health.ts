// What an orchestrator asks: is the process alive, and may it get requests. Neither asks ScaleOps: a gateway whose
// upstream is down still serves what it remembers.

import type { DoorPlugin } from '../request-state.js';

/** `/health/live` is 200 while the process runs, `/health/ready` is 503 once `isReady` says no. */
export function useHealth(isReady: () => boolean): DoorPlugin {
  return {
    onRequest({ url, endResponse, fetchAPI }) {
      const answer = (isUp: boolean): void => {
        const body = { status: isUp ? 'up' : 'down' };
        endResponse(
          fetchAPI.Response.json(body, { status: isUp ? 200 : 503, headers: { 'cache-control': 'no-store' } }),
        );
      };
      if (url.pathname === '/health/live') answer(true);
      if (url.pathname === '/health/ready') answer(isReady());
    },
  };
}
