// The open connections of a server, each with its response in progress, if there is one.

import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** @param onResponseEnd called when a response is finished or its client has left. */
export function createConnectionTracker(onResponseEnd: () => void) {
  const open = new Map<Socket, ServerResponse | undefined>();
  let responseCount = 0;
  return {
    add(socket: Socket): void {
      open.set(socket, undefined);
      socket.once('close', () => open.delete(socket));
    },
    /** A response is in progress until it is written or its client has left. */
    begin(response: ServerResponse): void {
      const { socket } = response.req;
      responseCount += 1;
      open.set(socket, response);
      response.on('close', () => {
        responseCount -= 1;
        if (open.get(socket) === response) open.set(socket, undefined);
        onResponseEnd();
      });
    },
    /** Whether any response is in progress. */
    hasResponses: () => responseCount > 0,
    /** Whether the client waits for the server. */
    isAwaitingServer(socket: Socket): boolean {
      const response = open.get(socket);
      return response !== undefined && !response.writableEnded && socket.writableLength === 0;
    },
    /** Closes each connection after its response, unless the headers are sent. */
    closeAfterResponse(): void {
      for (const response of open.values()) {
        if (response?.headersSent === false) response.setHeader('connection', 'close');
      }
    },
    /** Limits the time without a byte from or to a client. */
    limitIdleTime(maxMs: number): void {
      for (const socket of open.keys()) socket.setTimeout(maxMs);
    },
    /** Destroys the connections without a complete request. */
    destroyIncomplete(): void {
      for (const [socket, response] of open) if (response?.req.complete !== true) socket.destroy();
    },
    destroyAll(): void {
      for (const socket of open.keys()) socket.destroy();
    },
  };
}
