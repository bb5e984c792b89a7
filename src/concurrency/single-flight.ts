// Concurrent callers with equal keys share one run of the work. A caller that aborts does not affect the others, and the
// work is aborted when no caller waits any more. (lru-cache's `fetch()` fails every waiter when the first one aborts.)

import { createAbortController, raceAbort } from './abort.js';

interface Flight<T> {
  readonly result: Promise<T>;
  readonly controller: AbortController;
  waiters: number;
  isSettled: boolean;
}

export function createSingleFlight<T>() {
  const flights = new Map<string, Flight<T>>();

  const startFlight = (key: string, start: (signal: AbortSignal) => Promise<T>): Flight<T> => {
    const controller = createAbortController();
    const flight: Flight<T> = { result: start(controller.signal), controller, waiters: 0, isSettled: false };
    flights.set(key, flight);
    const settle = (): void => {
      flight.isSettled = true;
      // After an abort the key may already belong to a newer flight.
      if (flights.get(key) === flight) flights.delete(key);
    };
    flight.result.then(settle, settle);
    return flight;
  };

  return {
    /** Whether work of this key is running. */
    has: (key: string): boolean => flights.has(key),
    /**
     * Joins the work of this key, or starts it. Settles as the work does; rejects with the reason of `signal` if that
     * aborts first. The signal given to `start` aborts when every caller has aborted.
     */
    async join(key: string, start: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
      signal?.throwIfAborted();
      const flight = flights.get(key) ?? startFlight(key, start);
      flight.waiters += 1;
      try {
        return await (signal === undefined ? flight.result : raceAbort(flight.result, signal));
      } finally {
        flight.waiters -= 1;
        if (flight.waiters === 0) {
          if (flights.get(key) === flight) flights.delete(key);
          // Aborting settled work would only create an unused error, which costs as much as a small report.
          if (!flight.isSettled) flight.controller.abort();
        }
      }
    },
  };
}
