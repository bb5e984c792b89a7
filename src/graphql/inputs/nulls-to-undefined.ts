// A client that sends null for an input means the same as one that omits the input.

type WithoutNulls<T> = { readonly [Name in keyof T]: Exclude<T[Name], null> };

/** Copies the inputs, with undefined in place of null. */
export function nullsToUndefined<T extends object>(inputs: T): WithoutNulls<T> {
  const copy = { ...inputs } as Record<string, unknown>;
  for (const name in copy) if (copy[name] === null) copy[name] = undefined;
  return copy as WithoutNulls<T>;
}
