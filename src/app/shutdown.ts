// Shutdown without losing a request. The gateway still serves for a delay, so that load balancers notice that it is not
// ready; then the port closes and requests in flight finish. At the limit the remaining ones get SHUTTING_DOWN, and a moment
// later all connections are destroyed.

import type { Clock } from '../clock.js';
import type { Config } from '../config/config.js';
import type { HttpServer } from '../http/server/server.js';

type ClosingServer = Pick<HttpServer, 'drain' | 'close' | 'destroyConnections'>;

/** How long a client may take to read the response that it gets at the limit. */
export const FINAL_RESPONSE_GRACE_MS = 1_000;

export function createShutdown({ delayMs, limitMs }: Config['shutdown'], clock: Clock) {
  const limit = new AbortController();
  let done: Promise<void> | undefined;
  const start = async (server: ClosingServer, close: () => Promise<void>): Promise<void> => {
    server.drain();
    if (delayMs > 0) await new Promise<void>((resolve) => clock.after(delayMs, resolve));
    const cancelLimit = clock.after(limitMs, () => {
      limit.abort();
    });
    // A client may read one byte per second.
    const cancelDestroy = clock.after(limitMs + FINAL_RESPONSE_GRACE_MS, server.destroyConnections);
    await server.close();
    cancelLimit();
    cancelDestroy();
    await close();
  };
  return {
    /** Aborts at the limit. */
    shutdownSignal: limit.signal,
    /** Starts at the first call; resolves when all connections are closed and `close` has resolved. */
    run: (server: ClosingServer, close: () => Promise<void>): Promise<void> => (done ??= start(server, close)),
  };
}
