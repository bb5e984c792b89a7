// The connections to the host of the reports. A host closes those that were idle for a while, and now and then just when
// we use one again: that is no fault of the request, and is told apart here so that it can be sent again at once.

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { buildConnector, Pool, type Dispatcher } from 'undici';

import { UpstreamError } from '../../errors.js';

export interface Connections {
  /** As undici does. @throws UpstreamError with retry "immediate" for a kept connection that was closed; undici's errors. */
  request(options: Dispatcher.RequestOptions): Promise<Dispatcher.ResponseData>;
  close(): Promise<void>;
}

/** A host that is there answers sooner; and what still connects holds up the process when it stops. */
export const CONNECT_MS = 5_000;

/** What undici publishes when it writes a request to a connection. */
const SENT = 'undici:client:sendHeaders';
interface SendHeadersEvent {
  readonly socket: Socket;
}

export function createConnections(origin: string, connections: number): Connections {
  /** What a connection was used for so far; absent for the connections of others. */
  const uses = new WeakMap<Socket, { requests: number; bytesBefore: number }>();
  /** The errors of connections that had served a request, and gave no byte of an answer to the next. */
  const reuseErrors = new WeakSet<object>();
  const connect = buildConnector({ timeout: CONNECT_MS });
  const onSent = (event: unknown): void => {
    const { socket } = event as SendHeadersEvent;
    const use = uses.get(socket);
    if (use === undefined) return;
    use.requests += 1;
    use.bytesBefore = socket.bytesRead;
  };
  subscribe(SENT, onSent);

  const pool = new Pool(origin, {
    connections,
    // Off: the deadline of a call covers what these cover, and the waiting for a connection besides.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect(options, callback) {
      connect(options, (...result) => {
        const [error, socket] = result;
        if (error === null) {
          const use = { requests: 0, bytesBefore: 0 };
          uses.set(socket, use);
          // Ours is the first listener: when undici hands the error on, it is already known.
          socket.on('error', (broken: Error) => {
            if (use.requests > 1 && socket.bytesRead === use.bytesBefore) reuseErrors.add(broken);
          });
        }
        callback(...result);
      });
    },
  });

  return {
    async request(options) {
      try {
        return await pool.request(options);
      } catch (error) {
        if (!(error instanceof Error) || !reuseErrors.has(error)) throw error;
        throw new UpstreamError('UPSTREAM_UNAVAILABLE', { reason: 'a kept connection was closed', retry: 'immediate' });
      }
    },
    close() {
      unsubscribe(SENT, onSent);
      return pool.destroy();
    },
  };
}

/** The value of a header; the first, where there are several. */
export function headerOf({ headers }: Dispatcher.ResponseData, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** `path` on the host of `base`, behind the path that `base` may have itself. */
export function pathUnder(base: string | URL, path: string): string {
  return new URL(base).pathname.replace(/\/$/, '') + path;
}
