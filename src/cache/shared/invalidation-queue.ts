// Purges of the shared memory that have to be done, however long its engine is away: what was kept for somebody whom
// ScaleOps has refused must not come back with it.

import type { Clock } from '../../clock.js';
import type { Principal } from '../../upstream/principal.js';
import type { SharedEntries } from './shared-store.js';

const RETRY_PURGE_MS = 250;
/** Beyond these the oldest is given up. */
const MAX_PURGES = 1_000;

export interface Purges {
  add(principal: Principal): void;
  end(): void;
}

export function createPurges(entries: Pick<SharedEntries, 'purge'>, clock: Clock): Purges {
  const waiting = new Map<string, Principal>();
  let isRunning = false;
  let cancel: () => void = () => undefined;
  const run = async (): Promise<void> => {
    isRunning = true;
    for (const [id, principal] of waiting) {
      if (await entries.purge(principal)) waiting.delete(id);
      else break;
    }
    isRunning = false;
    if (waiting.size > 0) cancel = clock.after(RETRY_PURGE_MS, () => void run());
  };
  return {
    add(principal: Principal): void {
      const [oldest] = waiting.keys();
      if (waiting.size >= MAX_PURGES && oldest !== undefined) waiting.delete(oldest);
      const isIdle = waiting.size === 0 && !isRunning;
      waiting.set(principal.id, principal);
      if (isIdle) void run();
    },
    end(): void {
      waiting.clear();
      cancel();
    },
  };
}
