// The used heap after a garbage collection.

import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes in use after collections, array buffers included. Repeats the collection for objects that are freed in stages. */
export async function usedBytes(): Promise<number> {
  let used = Infinity;
  for (;;) {
    collect();
    await setImmediate();
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    const now = heapUsed + arrayBuffers;
    if (now > used - 16_384) return Math.min(now, used);
    used = now;
  }
}
