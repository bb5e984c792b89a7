// Work that fields of one operation share: aliases run the same query over the same report, and one field runs it for
// many entities.

/** Objects count by identity, texts and numbers by value. */
type MemoKey = readonly (object | string | number)[];

/** Returns what `make` returned, or throws what it threw, the first time it was called with an equal key. */
export type Memoize = <T>(key: MemoKey, make: () => T) => T;

interface Node {
  next?: Map<MemoKey[number], Node>;
  get?: () => unknown;
}

/** @returns a function that remembers for as long as it lives: the time of one operation. */
export function createMemoize(): Memoize {
  const root: Node = {};
  return <T>(key: MemoKey, make: () => T): T => {
    let node = root;
    for (const part of key) {
      const children: NonNullable<Node['next']> = (node.next ??= new Map());
      let child = children.get(part);
      if (child === undefined) children.set(part, (child = {}));
      node = child;
    }
    return (node.get ??= callOnce(make))() as T;
  };
}

function callOnce<T>(make: () => T): () => T {
  try {
    const value = make();
    return () => value;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}
