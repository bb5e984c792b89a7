// So many works at the same time, the others in turn: for works of one visitor, who may have brought any number of them
// and is to leave room for others.

/** Runs works, at most `max` at the same time, in the order in which they came. */
export function createTurns(max: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running < max) running += 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      // The place passes on to the next.
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
