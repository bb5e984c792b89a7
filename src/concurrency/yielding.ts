// Runs long tasks one at a time, and yields to the event loop before each.

import { setImmediate } from 'node:timers/promises';

import { createTurns } from './semaphore.js';

/** Runs each task in its own turn of the event loop. */
export function createBreathing(): <T>(work: () => T) => Promise<T> {
  const inTurn = createTurns(1);
  return (work) =>
    inTurn(async () => {
      await setImmediate();
      return work();
    });
}
