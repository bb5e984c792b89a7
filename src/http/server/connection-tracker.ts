// The open connections of a server, each with its answer in the making: who is waited for, and who may be cut off.

import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** @param onAnswered told of each answer that is no longer in the making. */
export function createOpenConnections(onAnswered: () => void) {
  const open = new Map<Socket, ServerResponse | undefined>();
  let answers = 0;
  // One for all, not a closure for each.
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
    /** An answer is in the making from now on, until it is written or its client has left. */
    begin(response: ServerResponse): void {
      answers += 1;
      open.set(response.req.socket, response);
      response.on('close', end);
    },
    /** Whether any answer is in the making. */
    isAnswering: () => answers > 0,
    /** Whether it is us that this connection waits for. */
    isOurTurn(socket: Socket): boolean {
      const response = open.get(socket);
      return response !== undefined && !response.writableEnded && socket.writableLength === 0;
    },
    /** Has each closed after its answer, as far as that has not begun. */
    announceEnd(): void {
      for (const response of open.values()) {
        if (response?.headersSent === false) response.setHeader('connection', 'close');
      }
    },
    /** How long each may be still, but for us; from its last byte on. */
    limitSilence(maxMs: number): void {
      for (const socket of open.keys()) socket.setTimeout(maxMs);
    },
    /** Cuts off those that have no whole request here. */
    cutUnasked(): void {
      for (const [socket, response] of open) if (response?.req.complete !== true) socket.destroy();
    },
    cutAll(): void {
      for (const socket of open.keys()) socket.destroy();
    },
  };
}
