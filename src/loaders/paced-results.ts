// Hands results to waiting callers a few at a time. A report that 100,000 fields wait for would otherwise continue all of
// them in one turn of the event loop.

/** Resolves with the value, in this turn of the event loop or a later one. */
export type Pace = <T>(value: T) => T | Promise<T>;

/** Results per turn: what the executor makes of them takes a few milliseconds. */
const RESULTS_PER_TURN = 100;

/** @param nextTurn calls the function in the next turn of the event loop. */
export function createPace(nextTurn: (task: () => void) => void = setImmediate): Pace {
  const waiting: (() => void)[] = [];
  let released = 0;
  const onTurn = (): void => {
    released = 0;
    const batch = waiting.splice(0, RESULTS_PER_TURN);
    if (batch.length === 0) return;
    nextTurn(onTurn);
    released = batch.length;
    for (const release of batch) release();
  };
  return (value) => {
    if (released === 0) nextTurn(onTurn);
    released += 1;
    if (released <= RESULTS_PER_TURN) return value;
    return new Promise((resolve) => {
      waiting.push(() => {
        resolve(value);
      });
    });
  };
}
