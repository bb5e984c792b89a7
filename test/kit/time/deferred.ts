// A promise that a test settles, and a way to run all pending work that needs no timer.

export interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (reason: Error) => void;
}

export function createDeferred<T>(): Deferred<T> {
  let resolve: Deferred<T>['resolve'] = () => undefined;
  let reject: Deferred<T>['reject'] = () => undefined;
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}

/** Resolves when all promises that need no timer or socket have settled. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The outcome of a promise so far. */
export interface Watched<T> {
  readonly outcome: () => 'pending' | { readonly value: T } | { readonly error: unknown };
}

export function watch<T>(promise: Promise<T>): Watched<T> {
  let outcome: ReturnType<Watched<T>['outcome']> = 'pending';
  promise.then(
    (value) => (outcome = { value }),
    (error: unknown) => (outcome = { error }),
  );
  return { outcome: () => outcome };
}
