// Inputs without those that are null: a client that sends null means the same as one that omits the input.

type WithoutNulls<T> = { readonly [Name in keyof T]: Exclude<T[Name], null> };

export function omitNulls<T extends object>(inputs: T): WithoutNulls<T> {
  return Object.fromEntries(Object.entries(inputs).filter(([, value]) => value !== null)) as WithoutNulls<T>;
}
