// The simulator's only chance: a seeded generator to draw the fleet with, and a hash for what must be found again without
// drawing everything before it (the cost of one workload on one day). Nothing here reads a clock or Math.random, so a
// fleet looks the same in every process and a test may name its numbers.

export interface Random {
  /** A number in [0, 1). */
  next(): number;
  /** A number in [min, max), evenly spread by ratio: sizes of workloads are like that, few are large. */
  between(min: number, max: number): number;
  /** Evenly spread in [min, max). */
  evenly(min: number, max: number): number;
  /** True in `share` of the draws. */
  chance(share: number): boolean;
  pick<T>(list: readonly T[]): T;
}

/** Two 32-bit integers to one, well mixed (the finalizer of murmur3). */
export function mix(seed: number, value: number): number {
  let hash = Math.imul(seed ^ Math.imul(value, 0x9e3779b1), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 15), 0xc2b2ae35);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0x27d4eb2f);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** A text's 32-bit hash (FNV-1a): the seed of what belongs to a named thing. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}

/** A generator whose draws depend on the seed alone. */
export function createRandom(seed: number): Random {
  let count = 0;
  const next = (): number => mix(seed, ++count) / 2 ** 32;
  return {
    next,
    between: (min, max) => (min > 0 ? min * (max / min) ** next() : min + (max - min) * next()),
    evenly: (min, max) => min + (max - min) * next(),
    chance: (share) => next() < share,
    pick: (list) => {
      const picked = list[Math.floor(next() * list.length)];
      if (picked === undefined) throw new RangeError('there is nothing to pick from');
      return picked;
    },
  };
}
