// A promise that a test settles when it likes, and a way to let everything happen that needs no more time.

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

/** Resolves when every promise that can settle without a timer or a socket has. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** What became of a promise, as far as it has become anything. */
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
