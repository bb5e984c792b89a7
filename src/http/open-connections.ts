// The open connections of a server, each with its answer in the making: who is waited for, and who may be cut off.

import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export interface OpenConnections {
  add(socket: Socket): void;
  /** An answer is in the making from now on; `onEnded` is called when it is written, or its client has left. */
  begin(response: ServerResponse, onEnded: () => void): void;
  /** Whether any answer is in the making. */
  isAnswering(): boolean;
  /** Whether it is us that this connection waits for. */
  isOurTurn(socket: Socket): boolean;
  /** Has each closed after its answer, as far as that has not begun. */
  announceEnd(): void;
  /** How long each may be still, but for us; from its last byte on. */
  limitSilence(maxMs: number): void;
  /** Cuts off those that have no whole request here. */
  cutUnasked(): void;
  cutAll(): void;
}

export function createOpenConnections(): OpenConnections {
  const open = new Map<Socket, ServerResponse | undefined>();
  let answers = 0;
  return {
    add(socket) {
      open.set(socket, undefined);
      socket.once('close', () => open.delete(socket));
    },
    begin(response, onEnded) {
      const { socket } = response.req;
      answers += 1;
      open.set(socket, response);
      response.once('close', () => {
        answers -= 1;
        if (open.get(socket) === response) open.set(socket, undefined);
        onEnded();
      });
    },
    isAnswering: () => answers > 0,
    isOurTurn(socket) {
      const response = open.get(socket);
      return response !== undefined && !response.writableEnded && socket.writableLength === 0;
    },
    announceEnd() {
      for (const response of open.values()) {
        if (response?.headersSent === false) response.setHeader('connection', 'close');
      }
    },
    limitSilence(maxMs) {
      for (const socket of open.keys()) socket.setTimeout(maxMs);
    },
    cutUnasked() {
      for (const [socket, response] of open) if (response?.req.complete !== true) socket.destroy();
    },
    cutAll() {
      for (const socket of open.keys()) socket.destroy();
    },
  };
}
