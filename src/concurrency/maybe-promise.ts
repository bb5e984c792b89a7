// What may be there already, and what may have to be waited for. Most of what an operation needs is kept, and a promise of
// what is there puts off each that waits for it.

/** Goes on with the value: at once where it is there. */
export function whenThere<T, R>(value: T | Promise<T>, next: (value: T) => R | Promise<R>): R | Promise<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/** What `work` gives, or what `otherwise` makes of its error: at once where it fails at once. */
export function recover<T, R>(work: () => T | Promise<T>, otherwise: (error: unknown) => R): T | R | Promise<T | R> {
  try {
    const given = work();
    return given instanceof Promise ? given.catch(otherwise) : given;
  } catch (error) {
    return otherwise(error);
  }
}
