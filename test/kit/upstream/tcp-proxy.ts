// A TCP proxy in front of a port of this machine: it forwards, refuses, hangs, drops, or truncates responses. For protocols
// in which the client speaks first.

import { randomInt } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

import { createGate } from '../time/gate.js';

const LOOPBACK = '127.0.0.1';

interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /** How many connections it has accepted since it was started, and how many of these are open. */
  readonly accepted: () => number;
  readonly open: () => number;
  /** Resolves when it has accepted `count` connections since it was started. */
  arrivals(count: number): Promise<void>;
  /** Resolves when a client next sends bytes over any connection, forwarded or not. */
  nextBytes(): Promise<void>;

  // The mode for open and new connections. It starts with `pass`.

  /** Forwards, including held bytes. */
  pass(): Promise<void>;
  /** Accepts, and holds all bytes. */
  hang(): Promise<void>;
  /** Closes each connection after this number of further response bytes. With 0 no response passes. */
  cutAfterBytes(count: number): Promise<void>;
  /** Closes the port and all connections. */
  refuse(): Promise<void>;

  /** Closes all connections, once. */
  drop(): void;
}

/** A connection of a client, with its other half behind the proxy. */
interface Connection {
  readonly client: Socket;
  /** Forwards what was held back. */
  release(): void;
  /** The remaining response bytes until it is closed. */
  bytesLeft: number;
}

export async function startProxy(targetPort: number): Promise<TcpProxy> {
  const port = await findFreePort();
  const connections = new Set<Connection>();
  const gate = createGate();
  const events = new EventEmitter();
  let accepted = 0;
  let isHung = false;
  let maxBytes = Infinity;
  const server = createServer({ noDelay: true }, (client) => {
    const connection = forward(client, targetPort, () => isHung);
    connection.bytesLeft = maxBytes;
    connections.add(connection);
    client.on('data', () => events.emit('bytes'));
    client.once('close', () => connections.delete(connection));
    accepted += 1;
    void gate.pass();
  });
  const setMode = async (mode: { readonly isHung: boolean; readonly maxBytes: number }): Promise<void> => {
    ({ isHung, maxBytes } = mode);
    for (const connection of connections) {
      connection.bytesLeft = maxBytes;
      if (!isHung) connection.release();
    }
    if (!server.listening) await listen(server, port);
  };
  const drop = (): void => {
    for (const { client } of connections) client.destroy();
  };
  const refuse = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = new Promise((resolve) => server.close(resolve));
    drop();
    await closed;
  };
  await listen(server, port);
  return {
    port,
    accepted: () => accepted,
    open: () => connections.size,
    arrivals: gate.arrivals,
    nextBytes: () => new Promise((resolve) => events.once('bytes', resolve)),
    pass: () => setMode({ isHung: false, maxBytes: Infinity }),
    hang: () => setMode({ isHung: true, maxBytes: Infinity }),
    cutAfterBytes: (count) => setMode({ isHung: false, maxBytes: count }),
    refuse,
    drop,
    [Symbol.asyncDispose]: refuse,
  };
}

function forward(client: Socket, targetPort: number, isHung: () => boolean): Connection {
  const held: (() => void)[] = [];
  const run = (action: () => void): void => {
    if (isHung()) held.push(action);
    else action();
  };
  let target: Socket | undefined;
  const respond = (chunk: Buffer): void => {
    client.write(chunk.subarray(0, connection.bytesLeft));
    connection.bytesLeft -= chunk.length;
    if (connection.bytesLeft > 0) return;
    client.destroySoon();
    target?.destroy();
  };
  // Connects when there are bytes to forward: an unreachable target must not end a hanging connection.
  const open = (): Socket => {
    const socket = connect({ port: targetPort, host: LOOPBACK, noDelay: true });
    socket.on('data', (chunk) => {
      run(() => {
        respond(chunk);
      });
    });
    socket.on('close', () => {
      run(() => client.end());
    });
    // 'close' follows, and has all information; the client's side is the same.
    socket.on('error', () => undefined);
    return socket;
  };
  client.on('data', (chunk: Buffer) => {
    run(() => (target ??= open()).write(chunk));
  });
  client.on('close', () => target?.destroy());
  client.on('error', () => undefined);
  const connection: Connection = {
    client,
    release: () => {
      for (const action of held.splice(0)) action();
    },
    bytesLeft: Infinity,
  };
  return connection;
}

async function listen(server: Server, port: number): Promise<void> {
  server.listen(port, LOOPBACK);
  await once(server, 'listening');
}

/**
 * A port without a listener. It is below the ephemeral ports of the system, so that no connection takes it while its
 * server is stopped, and a client cannot connect to itself.
 */
export async function findFreePort(): Promise<number> {
  const port = randomInt(20_000, 30_000);
  const server = createServer();
  try {
    await listen(server, port);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return findFreePort();
    throw error;
  }
  await new Promise((resolve) => server.close(resolve));
  return port;
}
