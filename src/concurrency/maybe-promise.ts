// Maybe-promises: continue synchronously when the value is already available. Most of what an operation needs is cached, and
// a promise would delay everything that follows.

/** Calls `next` with the value, synchronously unless it is a promise. */
export function whenThere<T, R>(value: T | Promise<T>, next: (value: T) => R | Promise<R>): R | Promise<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}
