// What may be there already, and what may have to be waited for. Most of what an operation needs is kept, and a promise of
// what is there puts off each that waits for it.

/** Goes on with the value: at once where it is there. */
export function whenThere<T, R>(value: T | Promise<T>, next: (value: T) => R | Promise<R>): R | Promise<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}
