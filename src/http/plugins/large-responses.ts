// Large answers are put together one at a time: each takes some hundred megabytes until it is written out, and a few at once
// more than a process has.

import { createTurns } from '../../concurrency/semaphore.js';
import type { DoorPlugin, RequestState } from '../request-state.js';

export interface LargeAnswers {
  /** Resolves when it is this request's turn, which it then has until it is answered. */
  take(state: RequestState): Promise<void>;
  /** The request is answered, or its client has left. */
  end(state: RequestState): void;
  readonly plugin: DoorPlugin;
}

interface Turn {
  begun?: Promise<void>;
  end?: () => void;
  isOver?: boolean;
}

export function createLargeAnswers(): LargeAnswers {
  const inTurn = createTurns(1);
  const turns = new WeakMap<RequestState, Turn>();
  const byRequest = new WeakMap<Request, RequestState>();
  const begin = (turn: Turn): Promise<void> =>
    new Promise((resolve) => {
      const hold = (): Promise<void> =>
        new Promise((end) => {
          turn.end = end;
          resolve();
          // Who has left meanwhile passes the turn on.
          if (turn.isOver === true) end();
        });
      void inTurn(hold);
    });
  const turnOf = (state: RequestState): Turn => {
    const turn = turns.get(state) ?? {};
    turns.set(state, turn);
    return turn;
  };
  const endTurn = (state: RequestState): void => {
    const turn = turns.get(state);
    if (turn === undefined) return;
    turn.isOver = true;
    turn.end?.();
  };
  return {
    end: endTurn,
    take(state) {
      const turn = turnOf(state);
      return (turn.begun ??= begin(turn));
    },
    plugin: {
      instrumentation: {
        // Around all plugins: a turn ends whatever becomes of its request.
        async request({ request }, answer) {
          try {
            await answer();
          } finally {
            const state = byRequest.get(request);
            if (state !== undefined) endTurn(state);
          }
        },
      },
      onRequest({ request, serverContext }) {
        byRequest.set(request, serverContext.state);
      },
    },
  };
}
