// Loads each key once and hands the result to its callers a few at a time: a report that 100,000 fields wait for would
// otherwise continue all of them in one turn of the event loop.

/** The result of `start`, which is called for the first load of a key. Synchronous once the result is there. */
type LoadOnce<T> = (key: string, start: () => Promise<T>) => T | Promise<T>;

/** Callers per turn: what the executor makes of them takes a few milliseconds. */
const CALLERS_PER_TURN = 100;

interface Load<T> {
  /** Returns the value or throws the error; undefined while there is neither. */
  settled: (() => T) | undefined;
  readonly callers: (() => void)[];
}

/** @param nextTurn calls the function in the next turn of the event loop. */
export function createLoadOnce<T>(nextTurn: (task: () => void) => void = setImmediate): LoadOnce<T> {
  const loads = new Map<string, Load<T>>();
  const release = createRelease(nextTurn);
  const begin = (start: () => Promise<T>): Load<T> => {
    const load: Load<T> = { settled: undefined, callers: [] };
    const settle = (settled: () => T): void => {
      load.settled = settled;
      release(load.callers);
    };
    start().then(
      (value) => {
        settle(() => value);
      },
      (error: unknown) => {
        settle(() => {
          throw error as Error;
        });
      },
    );
    return load;
  };
  const loadOnce: LoadOnce<T> = (key, start) => {
    let load = loads.get(key);
    if (load === undefined) loads.set(key, (load = begin(start)));
    if (load.settled !== undefined) return load.settled();
    const { callers } = load;
    return new Promise<void>((resolve) => callers.push(resolve)).then(() => loadOnce(key, start));
  };
  return loadOnce;
}

/** Returns a function that calls all callers, at most CALLERS_PER_TURN in a turn. */
function createRelease(nextTurn: (task: () => void) => void): (callers: readonly (() => void)[]) => void {
  const queue: (() => void)[] = [];
  let next = 0;
  const onTurn = (): void => {
    const end = Math.min(next + CALLERS_PER_TURN, queue.length);
    const batch = queue.slice(next, end);
    next = end;
    for (const caller of batch) caller();
    if (next < queue.length) nextTurn(onTurn);
    else queue.length = next = 0;
  };
  return (callers) => {
    if (queue.length === 0 && callers.length > 0) nextTurn(onTurn);
    for (const caller of callers) queue.push(caller);
  };
}
