// Map.groupBy, which Node 20 does not have yet.

/** No group is empty. */
export type Group<T> = [T, ...T[]];

export function groupBy<T, Key>(items: Iterable<T>, keyOf: (item: T) => Key): Map<Key, Group<T>> {
  const groups = new Map<Key, Group<T>>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
