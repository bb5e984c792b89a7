// The listening socket: opens, passes requests to a listener, and closes without losing one. Clients that send slowly or not
// at all are disconnected. Closing waits for responses, not for clients.

import { createServer, type RequestListener } from 'node:http';
import { Server as NetServer, type AddressInfo, type Socket } from 'node:net';

import type { Clock } from '../../clock.js';
import { createConnectionTracker } from './connection-tracker.js';

export type HttpServer = ReturnType<typeof createHttpServer>;

/** All in milliseconds; the first four by Node's own names. */
export interface ServerTimes {
  /** Headers fit in two packets. More time would only help a client that sends a byte now and then (slowloris). */
  readonly headersTimeout: number;
  /** For the whole request: the longest body by default, 2 MiB, at 70 KB per second. */
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

export const TIMES: ServerTimes = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 75_000,
  connectionsCheckingInterval: 1_000,
  timeout: 30_000,
  clientGraceMs: 2_000,
};
const HEADER_OPTIONS = {
  // Node's default, explicit because it bounds operations in URLs, and the memory of 1,000 slow clients: 16 MiB.
  maxHeaderSize: 16_384,
  // A repeated `authorization` is then invalid; Node would keep the first.
  joinDuplicateHeaders: true,
};

export function createHttpServer(listener: RequestListener, options: ServerOptions) {
  const { host, port, clock } = options;
  const { clientGraceMs, timeout, ...times } = { ...TIMES, ...options.times };
  const connections = createConnectionTracker(() => {
    // Node marks the connection as idle after this event.
    if (isClosing) setImmediate(closeIdle);
  });
  let isDraining = false;
  let isClosing = false;
  const closeIdle = (): void => {
    if (!connections.hasResponses()) server.closeIdleConnections();
  };
  const server = createServer({ ...times, ...HEADER_OPTIONS }, (request, response) => {
    if (isDraining) response.setHeader('connection', 'close');
    connections.begin(response);
    listener(request, response);
  });
  server.timeout = timeout;
  server.on('connection', (socket: Socket) => {
    connections.add(socket);
  });
  // Node's own handler would also destroy a connection that waits for the server.
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
    /** From now on a connection is closed after its response. */
    drain,
    /** Accepts no new connection; resolves when the requests in flight have their responses. */
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
    /** Destroys all connections, also those with a request in flight. */
    destroyConnections: connections.destroyAll,
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
 * Closes only the port: `close` of node:http would also end idle connections, over which a request may arrive, and stop
 * enforcing its timeouts. `onClosed` is called when all connections are closed.
 */
function closePort(server: NetServer, onClosed: () => void): void {
  NetServer.prototype.close.call(server, () => {
    // Ends the timer of those timeouts.
    server.close(onClosed);
  });
}

function toUrl({ address, family, port }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
