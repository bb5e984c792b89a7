// Loads each key once and passes the result to its callers a few at a time: a report that 100,000 fields wait for would
// otherwise continue all of them in one turn of the event loop.

/** The result of `start`, which is called for the first load of a key. Synchronous once the result is there. */
type LoadOnce<T> = (key: string, start: () => Promise<T>) => T | Promise<T>;

/** Callers per turn: the executor needs a few milliseconds to continue them. */
const CALLERS_PER_TURN = 100;

interface Load<T> {
  /** Returns the value or throws the error; undefined before the load has settled. */
  settled: (() => T) | undefined;
  readonly callers: (() => void)[];
}

/** @param nextTurn calls the function in the next turn of the event loop. */
export function createLoadOnce<T>(nextTurn: (task: () => void) => void = setImmediate): LoadOnce<T> {
  const loads = new Map<string, Load<T>>();
  const callPaced = createPacer(nextTurn);
  const startLoad = (start: () => Promise<T>): Load<T> => {
    const load: Load<T> = { settled: undefined, callers: [] };
    const settle = (settled: () => T): void => {
      load.settled = settled;
      callPaced(load.callers);
    };
    const fail = (error: unknown): never => {
      throw error as Error;
    };
    start().then(
      (value) => {
        settle(() => value);
      },
      (error: unknown) => {
        settle(() => fail(error));
      },
    );
    return load;
  };
  const loadOnce: LoadOnce<T> = (key, start) => {
    const load = loads.get(key) ?? startLoad(start);
    loads.set(key, load);
    if (load.settled !== undefined) return load.settled();
    return new Promise<void>((resolve) => load.callers.push(resolve)).then(() => loadOnce(key, start));
  };
  return loadOnce;
}

/** Returns a function that calls all callers, at most CALLERS_PER_TURN in a turn. */
function createPacer(nextTurn: (task: () => void) => void): (callers: readonly (() => void)[]) => void {
  const queue: (() => void)[] = [];
  let next = 0;
  const onTurn = (): void => {
    const batch = queue.slice(next, next + CALLERS_PER_TURN);
    next += batch.length;
    for (const caller of batch) caller();
    if (next < queue.length) nextTurn(onTurn);
    else queue.length = next = 0;
  };
  return (callers) => {
    if (queue.length === 0 && callers.length > 0) nextTurn(onTurn);
    for (const caller of callers) queue.push(caller);
  };
}
