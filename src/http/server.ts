// The listening socket: opens, answers through the door, and closes without losing a request. While it closes, it waits
// for its own answers, not for clients: node:http enforces none of its timeouts on a server that is closing, and a
// connection on which nothing was ever sent (a browser's, opened ahead) would hold the process for good.

import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** How long a closing server waits for a client: to send the rest of a request, to read more of an answer. */
const CLIENT_GRACE_MS = 2000;

export interface HttpServer {
  /** Opens the socket; answers with the URL. Rejects with the system's error, such as EADDRINUSE. */
  listen(): Promise<string>;
  /** Takes no new connection and waits until the requests in flight are answered. */
  close(): Promise<void>;
}

export function createHttpServer(listener: RequestListener, host: string, port: number): HttpServer {
  let isClosing = false;
  /** The open connections, each with its answer in the making. */
  const connections = new Map<Socket, ServerResponse | undefined>();
  // Joined, so that what comes twice is seen to be wrong: Node would keep the first `authorization` and drop the other.
  const server = createServer({ joinDuplicateHeaders: true }, (request, response) => {
    connections.set(request.socket, response);
    // Node closes a kept-alive connection only while it is idle: on the way out, each is closed after its answer.
    if (isClosing) response.setHeader('connection', 'close');
    response.once('close', () => {
      if (connections.get(request.socket) === response) connections.set(request.socket, undefined);
      if (!isClosing) return;
      setImmediate(() => {
        server.closeIdleConnections();
      });
    });
    listener(request, response);
  });
  server.on('connection', (socket: Socket) => {
    connections.set(socket, undefined);
    socket.once('close', () => connections.delete(socket));
  });
  // In place of Node's own handler, which would also destroy a connection that waits for us.
  server.on('timeout', (socket: Socket) => {
    const response = connections.get(socket);
    const isOurTurn = response !== undefined && !response.writableEnded && socket.writableLength === 0;
    if (!isOurTurn) socket.destroy();
  });

  return {
    listen: () =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, () => {
          server.off('error', reject);
          resolve(toUrl(server.address() as AddressInfo));
        });
      }),
    close: () =>
      new Promise((resolve) => {
        isClosing = true;
        const timer = setTimeout(() => {
          for (const [socket, response] of connections) if (response?.req.complete !== true) socket.destroy();
        }, CLIENT_GRACE_MS);
        for (const [socket, response] of connections) {
          if (response?.headersSent === false) response.setHeader('connection', 'close');
          // Counted from the last byte that the client took.
          socket.setTimeout(CLIENT_GRACE_MS);
        }
        // The callback gets an error when the server never listened; closed is closed.
        server.close(() => {
          clearTimeout(timer);
          resolve();
        });
      }),
  };
}

function toUrl({ address, family, port }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
