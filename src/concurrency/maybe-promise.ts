// Maybe-promises: continue synchronously when the value is already available. Most of what an operation needs is cached, and
// a promise would delay everything that follows.

/** Calls `next` with the value, synchronously unless it is a promise. */
export function whenThere<T, R>(value: T | Promise<T>, next: (value: T) => R | Promise<R>): R | Promise<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/** The result of `work`, or of `otherwise` with its error; synchronous unless `work` returns a promise. */
export function recover<T, R>(work: () => T | Promise<T>, otherwise: (error: unknown) => R): T | R | Promise<T | R> {
  try {
    const result = work();
    return result instanceof Promise ? result.catch(otherwise) : result;
  } catch (error) {
    return otherwise(error);
  }
}
