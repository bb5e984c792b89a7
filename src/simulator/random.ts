// Deterministic randomness: a seeded generator for the fleet, and a hash for values that do not depend on others (the cost
// of one workload on one day). Fleets are the same in every process, so tests may name their numbers.

export type Random = ReturnType<typeof createRandom>;

/** Mixes two 32-bit integers into one (the finalizer of murmur3). */
export function mix(seed: number, value: number): number {
  let hash = Math.imul(seed ^ Math.imul(value, 0x9e3779b1), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 15), 0xc2b2ae35);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0x27d4eb2f);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** The 32-bit FNV-1a hash of a text: the seed of a workload. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}

/** A generator; its draws depend only on the seed. */
export function createRandom(seed: number) {
  let count = 0;
  const next = (): number => mix(seed, ++count) / 2 ** 32;
  return {
    /** A number in [min, max), min > 0. Most are small, like the sizes of workloads. */
    logUniform: (min: number, max: number): number => min * (max / min) ** next(),
    /** A number in [min, max). */
    uniform: (min: number, max: number): number => min + (max - min) * next(),
    /** True in `share` of the draws. */
    chance: (share: number): boolean => next() < share,
    pick<T>(list: readonly T[]): T {
      const picked = list[Math.floor(next() * list.length)];
      if (picked === undefined) throw new RangeError('cannot pick from an empty list');
      return picked;
    },
  };
}
