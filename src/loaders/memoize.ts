// Shares the results of queries between the fields of one operation: aliases, or a field of many entities, may run the
// same query over the same report.

/** Objects are compared by identity, strings and numbers by value. */
type MemoKey = readonly (object | string | number)[];

/** Calls `compute` the first time that a key is used; returns its result, or throws its error, each time. */
export type Memoize = <T>(key: MemoKey, compute: () => T) => T;

interface Node {
  next?: Map<MemoKey[number], Node>;
  get?: () => unknown;
}

export function createMemoize(): Memoize {
  const root: Node = {};
  return <T>(key: MemoKey, compute: () => T): T => {
    let node = root;
    for (const part of key) {
      const children: NonNullable<Node['next']> = (node.next ??= new Map());
      let child = children.get(part);
      if (child === undefined) children.set(part, (child = {}));
      node = child;
    }
    return (node.get ??= callOnce(compute))() as T;
  };
}

function callOnce<T>(compute: () => T): () => T {
  try {
    const value = compute();
    return () => value;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}
