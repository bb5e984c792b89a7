// Equal work that runs at the same time runs once. Each caller waits on its own: one that leaves takes nobody with it,
// and when the last one has left the work itself is called off. (lru-cache's own `fetch()` fails every waiter when the
// first one leaves.)

import { raceAbort } from './abort.js';
import { CancellationSource, type Cancellation } from './cancellation.js';

interface Flight<T> {
  readonly result: Promise<T>;
  readonly source: CancellationSource;
  waiters: number;
  isOver: boolean;
}

export interface SingleFlight<T> {
  /**
   * The result of `start`, begun now unless work of the same key is under way.
   * Rejects as `start` does, or with the reason of `signal` when that aborts first.
   */
  join(key: string, start: (signal: Cancellation) => Promise<T>, signal?: Cancellation): Promise<T>;
  /** Whether work of this key is under way. */
  has(key: string): boolean;
}

export function createSingleFlight<T>(): SingleFlight<T> {
  const flights = new Map<string, Flight<T>>();

  const depart = (key: string, start: (signal: Cancellation) => Promise<T>): Flight<T> => {
    const source = new CancellationSource();
    const flight: Flight<T> = { result: start(source), source, waiters: 0, isOver: false };
    flights.set(key, flight);
    const land = (): void => {
      flight.isOver = true;
      // After a calling-off the key may already belong to a newer flight.
      if (flights.get(key) === flight) flights.delete(key);
    };
    flight.result.then(land, land);
    return flight;
  };

  const leave = (key: string, flight: Flight<T>): void => {
    flight.waiters -= 1;
    if (flight.waiters > 0) return;
    if (flights.get(key) === flight) flights.delete(key);
    // What is over is not called off: that would make an error, which nobody reads, in the time of a small report.
    if (!flight.isOver) flight.source.abort();
  };

  return {
    has: (key) => flights.has(key),
    async join(key, start, signal) {
      signal?.throwIfAborted();
      const flight = flights.get(key) ?? depart(key, start);
      flight.waiters += 1;
      try {
        return await (signal === undefined ? flight.result : raceAbort(flight.result, signal));
      } finally {
        leave(key, flight);
      }
    },
  };
}
