// Map.groupBy, which Node 20 does not have yet.

/** No group is empty. */
export type Group<T> = [T, ...T[]];

export function groupBy<T, Key>(items: Iterable<T>, keyOf: (item: T) => Key): Map<Key, Group<T>> {
  const groups = new Map<Key, Group<T>>();
  for (const item of items) {
    const key = keyOf(item);
    const known = groups.get(key);
    if (known === undefined) groups.set(key, [item]);
    else known.push(item);
  }
  return groups;
}
