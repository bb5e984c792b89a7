// The listening socket: opens, passes requests to a listener, and closes without losing one. No client holds a
// connection by sending slowly or not at all. While it closes, it waits for its own answers, not for clients.

import { createServer, type RequestListener } from 'node:http';
import { Server as NetServer, type AddressInfo, type Socket } from 'node:net';

import type { Clock } from '../../clock.js';
import { createConnectionTracker } from './connection-tracker.js';

export type HttpServer = ReturnType<typeof createHttpServer>;

/** All in milliseconds; the first four by Node's own names. */
export interface ServerTimes {
  /** Headers fit in two packets. More time would only help a client that sends a byte now and then (slowloris). */
  readonly headersTimeout: number;
  /** For the whole request: the longest body that is taken by default, 2 MiB, at 70 KB a second. */
  readonly requestTimeout: number;
  /** Longer than the 60 seconds of most load balancers, so that they close first and no request is lost on the way. */
  readonly keepAliveTimeout: number;
  /** How often the first two are enforced; Node's default of 30 seconds would make them imprecise. */
  readonly connectionsCheckingInterval: number;
  /** How long a client may neither send nor read a byte while the server waits for it: an unread response stays in memory. */
  readonly timeout: number;
  /** How long a closing server waits for a client to send the rest of a request, or to read more of a response. */
  readonly clientGraceMs: number;
}

interface ServerOptions {
  readonly host: string;
  readonly port: number;
  readonly clock: Clock;
  readonly times?: Partial<ServerTimes>;
}

/** What is in effect where a test does not say otherwise. */
export const TIMES: ServerTimes = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 75_000,
  connectionsCheckingInterval: 1_000,
  timeout: 30_000,
  clientGraceMs: 2_000,
};
const FORM = {
  // Node's default, stated because it bounds operations in URLs, and what 1,000 slow clients may hold: 16 MiB.
  maxHeaderSize: 16_384,
  // A header that comes twice is then refused; Node would keep the first `authorization`.
  joinDuplicateHeaders: true,
};

export function createHttpServer(listener: RequestListener, options: ServerOptions) {
  const { host, port, clock } = options;
  const { clientGraceMs, timeout, ...times } = { ...TIMES, ...options.times };
  const connections = createConnectionTracker(() => {
    // Once the connection, too, knows that it is idle.
    if (isClosing) setImmediate(closeIdle);
  });
  let isDraining = false;
  let isClosing = false;
  const closeIdle = (): void => {
    if (isClosing && !connections.isAnswering()) server.closeIdleConnections();
  };
  const server = createServer({ ...times, ...FORM }, (request, response) => {
    if (isDraining) response.setHeader('connection', 'close');
    connections.begin(response);
    listener(request, response);
  });
  server.timeout = timeout;
  server.on('connection', (socket: Socket) => {
    connections.add(socket);
  });
  // In place of Node's own handler, which would also destroy a connection that waits for us.
  server.on('timeout', (socket: Socket) => {
    if (!connections.isAwaitingServer(socket)) socket.destroy();
  });

  const drain = (): void => {
    isDraining = true;
    connections.closeAfterResponse();
  };
  return {
    /** Opens the socket; resolves with the URL. Rejects with the system's error, such as EADDRINUSE. */
    listen: () => listen(server, host, port),
    /** From now on a connection is closed after its answer, so that clients leave it between two requests. */
    drain,
    /** Takes no new connection and waits until the requests in flight are answered. */
    close: (): Promise<void> =>
      new Promise((resolve) => {
        drain();
        isClosing = true;
        const cancel = clock.after(clientGraceMs, connections.destroyIncomplete);
        connections.limitIdleTime(clientGraceMs);
        closePort(server, () => {
          cancel();
          resolve();
        });
        closeIdle();
      }),
    /** Ends every connection, whatever is under way. */
    cut: connections.destroyAll,
  };
}

function listen(server: NetServer, host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve(toUrl(server.address() as AddressInfo));
    });
  });
}

/**
 * Closes only the port: `close` of node:http would also end idle connections, over which a request may be on its way, and
 * stop enforcing its timeouts. `onClosed` is called when no connection is left.
 */
function closePort(server: NetServer, onClosed: () => void): void {
  // The callback gets an error when the server never listened; closed is closed.
  NetServer.prototype.close.call(server, () => {
    // For the timer of those timeouts.
    server.close(onClosed);
  });
}

function toUrl({ address, family, port }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
