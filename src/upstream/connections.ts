// The connections to the host of the reports. A host closes those that were idle for a while, and now and then just when
// we use one again: that is no fault of the request, and is told apart here so that it can be sent again at once.

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { buildConnector, Pool, type Dispatcher } from 'undici';

import { UpstreamError } from '../errors.js';

export interface Connections {
  /** As undici does. @throws UpstreamError with retry "at-once" for a kept connection that was closed; undici's errors. */
  request(options: Dispatcher.RequestOptions): Promise<Dispatcher.ResponseData>;
  close(): Promise<void>;
}

/** A host that is there answers sooner; and what still connects holds up the process when it stops. */
export const CONNECT_MS = 5_000;

/** The errors of a connection that the other side has closed. */
const CLOSED: readonly string[] = ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'];

/** What undici publishes when it writes a request to a connection. */
const SENT = 'undici:client:sendHeaders';
interface SendHeadersEvent {
  readonly socket: Socket;
}

export function createConnections(origin: string, connections: number): Connections {
  /** How many requests a connection was given. */
  const requestCounts = new WeakMap<Socket, number>();
  /** The errors of connections that had served a request before. */
  const reuseErrors = new WeakSet<object>();
  const connect = buildConnector({ timeout: CONNECT_MS });
  const onSent = (event: unknown): void => {
    const { socket } = event as SendHeadersEvent;
    const count = requestCounts.get(socket);
    if (count !== undefined) requestCounts.set(socket, count + 1);
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
          requestCounts.set(socket, 0);
          // Ours is the first listener: when undici hands the error on, it is already known.
          socket.on('error', (error: Error) => {
            const { code = '' } = error as NodeJS.ErrnoException;
            if ((requestCounts.get(socket) ?? 0) > 1 && CLOSED.includes(code)) reuseErrors.add(error);
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
        throw new UpstreamError('UPSTREAM_UNAVAILABLE', { reason: 'a kept connection was closed', retry: 'at-once' });
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
