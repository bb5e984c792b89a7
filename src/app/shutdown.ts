// How a gateway ends without losing a request: for a while it goes on, so that load balancers notice; then the port
// closes, and what is in flight is finished; at the limit whoever still waits is told so; a moment later nobody is left.

import type { Clock } from '../clock.js';
import type { ShutdownSettings } from '../config/config.js';
import type { HttpServer } from '../http/server/server.js';

export interface Shutdown {
  /** Aborts when there is no time left for whoever still waits. */
  readonly ending: AbortSignal;
  /** Begins, once however often it is called; resolves when no connection is left and `close` has let go of the rest. */
  run(server: Pick<HttpServer, 'windDown' | 'close' | 'cut'>, close: () => Promise<void>): Promise<void>;
}

/** How long a client has for taking the answer that it gets at the limit. */
export const LAST_WORD_MS = 1_000;

export function createShutdown({ delayMs, limitMs }: ShutdownSettings, clock: Clock): Shutdown {
  const ending = new AbortController();
  let ended: Promise<void> | undefined;
  const begin: Shutdown['run'] = async (server, close) => {
    server.windDown();
    if (delayMs > 0) await new Promise<void>((resolve) => clock.after(delayMs, resolve));
    const callOffLimit = clock.after(limitMs, () => {
      ending.abort();
    });
    // A client that reads a byte a second would never be done.
    const callOffCut = clock.after(limitMs + LAST_WORD_MS, () => {
      server.cut();
    });
    await server.close();
    callOffLimit();
    callOffCut();
    await close();
  };
  return {
    ending: ending.signal,
    run: (server, close) => (ended ??= begin(server, close)),
  };
}
