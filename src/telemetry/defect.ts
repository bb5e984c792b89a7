// What the log says of an unexpected error.

/** The error's name and stack frames. Its message may quote data, and stays out. */
export function describeDefect(error: unknown): { readonly name: string; readonly frames: readonly string[] } {
  if (!(error instanceof Error)) return { name: typeof error, frames: [] };
  const frames = error.stack?.split('\n').filter((line) => /^\s+at /.test(line)) ?? [];
  return { name: error.name, frames };
}
