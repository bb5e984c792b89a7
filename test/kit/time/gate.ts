// A gate that holds its callers until a test opens it, so that no test has to sleep.

export interface Gate {
  /** Resolves when the gate is open. */
  readonly pass: () => Promise<void>;
  readonly open: () => void;
  /** Resolves when `count` callers have reached the gate since it was created. */
  readonly arrivals: (count: number) => Promise<void>;
}

export function createGate(): Gate {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  const waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  let arrived = 0;
  return {
    pass: async () => {
      arrived += 1;
      for (const { count, resolve } of waiting) if (arrived >= count) resolve();
      await opened;
    },
    open: () => {
      open();
    },
    arrivals: (count) =>
      new Promise((resolve) => {
        if (arrived >= count) resolve();
        else waiting.push({ count, resolve });
      }),
  };
}
