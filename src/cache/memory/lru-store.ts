// What the process keeps within its bound: reports, and what was made of them.

import { LRUCache } from 'lru-cache';

import { toRequestKey, type ReportRequest } from '../../report/request.js';
import type { Principal } from '../../upstream/principal.js';
import type { Families } from './related-index.js';
import type { Aged, DatedReport } from '../freshness.js';

/** Where a report is kept, whose it is, and what was asked for. `key` is made of the other two, and is one word. */
export interface Place {
  readonly key: string;
  readonly principal: Principal;
  readonly request: ReportRequest;
}

/** A report that is kept. */
export interface Entry extends DatedReport, Aged {
  readonly principalId: string;
  readonly request: ReportRequest;
  /** When a newer one was last asked for in vain, or is being; -Infinity before that. */
  triedAt: number;
  /** The keys of what was made of it. */
  readonly answers: Set<string>;
}

/** Where a report was found, for what is made of it. */
export interface ReportSource {
  readonly place: Place;
  readonly entry: Entry;
}

/** What was made of some reports, and is kept for as long as they are. */
export interface KeptAnswer {
  readonly value: unknown;
  readonly bytes: number;
  readonly sources: readonly ReportSource[];
}

export type Kept = Entry | KeptAnswer;

/** What an entry takes beside its report: the key, the list node, the entry itself and its place among its like. */
const ENTRY_BYTES = 768;

export type Entries = LRUCache<string, Kept> & {
  /** How many of them are reports. */
  reportCount(): number;
};

/**
 * Reports, and what was made of them, within one bound: whatever was longest of no use goes first, and with a report all
 * that was made of it. Each report is known to its family for as long as it is one.
 */
export function createEntries(maxBytes: number, families: Families): Entries {
  let reportCount = 0;
  const entries = new LRUCache<string, Kept>({
    maxSize: maxBytes,
    // A request may name 1,000 clusters and 1,000 namespaces.
    sizeCalculation: (kept, key) =>
      ENTRY_BYTES +
      ('report' in kept ? kept.report.byteSize + 2 * toRequestKey(kept.request).length : kept.bytes + 2 * key.length),
    onInsert: (kept, key) => {
      if ('report' in kept) {
        reportCount += 1;
        families.add(kept.principalId, key, kept.request);
      } else for (const { entry } of kept.sources) entry.answers.add(key);
    },
    // Of what is replaced as well, before the new one is added: one that is too large to keep is not.
    dispose: (kept, key) => {
      if ('report' in kept) {
        reportCount -= 1;
        families.remove(kept.principalId, key, kept.request);
      } else for (const { entry } of kept.sources) entry.answers.delete(key);
    },
    disposeAfter: (kept) => {
      if ('report' in kept) for (const key of [...kept.answers]) entries.delete(key);
    },
  });
  return Object.assign(entries, { reportCount: () => reportCount });
}
