// The listening socket: opens, answers through the door, and closes without losing a request.

import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HttpServer {
  /** Opens the socket; answers with the URL. Rejects with the system's error, such as EADDRINUSE. */
  listen(): Promise<string>;
  /** Takes no new connection and waits until the requests in flight are answered. */
  close(): Promise<void>;
}

export function createHttpServer(listener: RequestListener, host: string, port: number): HttpServer {
  let isClosing = false;
  const server = createServer((request, response) => {
    // Node closes a kept-alive connection only while it is idle: on the way out, each is closed after its answer.
    if (isClosing) response.setHeader('connection', 'close');
    response.once('close', () => {
      if (!isClosing) return;
      setImmediate(() => {
        server.closeIdleConnections();
      });
    });
    listener(request, response);
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
        // The callback gets an error when the server never listened; closed is closed.
        server.close(() => {
          resolve();
        });
      }),
  };
}

function toUrl({ address, family, port }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
