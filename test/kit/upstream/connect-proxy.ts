// An HTTP proxy on a real socket: it opens tunnels (CONNECT) to one target, for any host, and records them.

import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';

export interface ConnectProxy extends AsyncDisposable {
  readonly port: number;
  /** The requested tunnels, `host:port`, in order. */
  readonly tunnels: readonly string[];
  /** The headers of each CONNECT. */
  readonly headers: readonly IncomingHttpHeaders[];
  /** Later CONNECT requests get this status, or hang. */
  refuse(status: number): void;
  hang(): void;
}

export async function startConnectProxy(targetPort: (tunnel: string) => number): Promise<ConnectProxy> {
  const tunnels: string[] = [];
  const headers: IncomingHttpHeaders[] = [];
  const sockets = new Set<Socket>();
  let status: number | undefined = 200;
  const track = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  };
  const server = createServer();
  server.on('connection', track);
  server.on('connect', (request, client: Socket) => {
    tunnels.push(request.url ?? '');
    headers.push(request.headers);
    if (status === undefined) return;
    if (status !== 200) {
      client.end(`HTTP/1.1 ${status} Refused\r\n\r\n`);
      return;
    }
    const target = connect(targetPort(request.url ?? ''), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      client.pipe(target).pipe(client);
    });
    track(target);
    client.on('close', () => target.destroy());
    target.on('close', () => client.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    tunnels,
    headers,
    refuse: (refused) => (status = refused),
    hang: () => (status = undefined),
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
