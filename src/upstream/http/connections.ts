// The connections to ScaleOps. The host may close an idle connection just when it is reused. Such errors are recognized
// here, because the request can be retried immediately.

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { DiagnosticsChannel, Dispatcher } from 'undici';

import { UpstreamError } from '../../errors.js';
import { skipInterimResponses } from './interim-responses.js';
import { createDispatcher, type ProxySettings } from './proxy.js';

/** undici publishes on this channel when it writes a request to a connection. */
const SENT = 'undici:client:sendHeaders';
type Socket = DiagnosticsChannel.ClientSendHeadersMessage['socket'];

export function createConnections(origin: string, connections: number, proxy?: ProxySettings) {
  /** The use of each connection so far. */
  const uses = new WeakMap<Socket, { requests: number; bytesBefore: number; readonly onSent: () => void }>();
  /** The errors of connections that had served a request, and sent no byte of a response to the next. */
  const reuseErrors = new WeakSet<object>();
  const onSent = (event: unknown): void => {
    const { socket, request } = event as DiagnosticsChannel.ClientSendHeadersMessage;
    if (request.origin !== origin) return;
    let use = uses.get(socket);
    if (use === undefined) {
      const current = (use = { requests: 0, bytesBefore: 0, onSent: skipInterimResponses(socket) });
      uses.set(socket, current);
      socket.prependListener('error', (error: Error) => {
        if (current.requests > 1 && socket.bytesRead === current.bytesBefore) reuseErrors.add(error);
      });
    }
    use.requests += 1;
    use.bytesBefore = socket.bytesRead;
    use.onSent();
  };
  subscribe(SENT, onSent);
  const dispatcher = createDispatcher(origin, connections, proxy);

  return {
    /**
     * As undici's `request`. @throws UpstreamError with retry `immediate` for a reused connection that was closed;
     * undici's errors.
     */
    async request(options: Omit<Dispatcher.RequestOptions, 'origin'>): Promise<Dispatcher.ResponseData> {
      try {
        return await dispatcher.request({ ...options, origin });
      } catch (error) {
        if (!(error instanceof Error) || !reuseErrors.has(error)) throw error;
        throw new UpstreamError('UPSTREAM_UNAVAILABLE', { reason: 'reused connection was closed', retry: 'immediate' });
      }
    },
    close(): Promise<void> {
      unsubscribe(SENT, onSent);
      return dispatcher.destroy();
    },
  };
}

/** The value of a header; the first if there are several. */
export function headerOf({ headers }: Dispatcher.ResponseData, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** `path` on the host of `base`, after the path that `base` may have itself. */
export function pathUnder(base: string | URL, path: string): string {
  return new URL(base).pathname.replace(/\/$/, '') + path;
}
