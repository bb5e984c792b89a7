// The open connections of a server, each with its response in progress, if there is one.

import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** @param onAnswered called when a response is finished or its client has left. */
export function createConnectionTracker(onAnswered: () => void) {
  const open = new Map<Socket, ServerResponse | undefined>();
  let answers = 0;
  // One function for all responses: a closure for each would cost more.
  function end(this: ServerResponse): void {
    const { socket } = this.req;
    answers -= 1;
    if (open.get(socket) === this) open.set(socket, undefined);
    onAnswered();
  }
  return {
    add(socket: Socket): void {
      open.set(socket, undefined);
      socket.once('close', () => open.delete(socket));
    },
    /** A response is in progress until it is written or its client has left. */
    begin(response: ServerResponse): void {
      answers += 1;
      open.set(response.req.socket, response);
      response.on('close', end);
    },
    /** Whether any response is in progress. */
    isAnswering: () => answers > 0,
    /** Whether the client waits for the server, and not the other way round. */
    isAwaitingServer(socket: Socket): boolean {
      const response = open.get(socket);
      return response !== undefined && !response.writableEnded && socket.writableLength === 0;
    },
    /** Closes each connection after its response, unless the headers of that are sent. */
    closeAfterResponse(): void {
      for (const response of open.values()) {
        if (response?.headersSent === false) response.setHeader('connection', 'close');
      }
    },
    /** Limits how long a client may be idle, from its last byte on. */
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
