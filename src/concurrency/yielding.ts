// Long works, one after the other, with the event loop in between: who does many in one go leaves everybody else waiting.

import { setImmediate } from 'node:timers/promises';

import { createTurns } from './semaphore.js';

/** Runs each work in a turn of the event loop of its own. */
export function createBreathing(): <T>(work: () => T) => Promise<T> {
  const inTurn = createTurns(1);
  return (work) =>
    inTurn(async () => {
      await setImmediate();
      return work();
    });
}
