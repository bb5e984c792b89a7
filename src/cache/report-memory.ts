// The memory of the process: reports by key, bounded in bytes, and shown only to the principal that they were given to
// and for as long as it is one.

import { LRUCache } from 'lru-cache';

import type { Clock } from '../clock.js';
import { toRequestKey, type ReportRequest, type WorkloadCostsRequest } from '../report/request.js';
import type { Principal } from '../upstream/principal.js';
import { createAcceptance } from './acceptance.js';
import { createFamilies, type Families } from './families.js';
import { lifetimeOf, stageOf, type Aged, type DatedReport, type Freshness, type Stage } from './freshness.js';

/** Where a report is kept, whose it is, and what was asked for. `key` is made of the other two. */
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
}

/** A kept report that may have what another one would. */
export interface Relative {
  readonly place: Place & { readonly request: WorkloadCostsRequest };
  readonly entry: Entry;
}

export interface MemorySize {
  readonly bytes: number;
  readonly maxBytes: number;
  readonly entries: number;
}

export interface ReportMemory {
  /** What may be shown to the principal now, for one reason or another: see `stage`. */
  find(place: Place): Entry | undefined;
  /** What may be shown to the principal and is like the answer to `base`, but for clusters and namespaces: see `stage`. */
  findFamily(principal: Principal, base: WorkloadCostsRequest): Relative[];
  /** Keeps the report, unless its principal was refused since it was asked for, or a newer one is there. */
  keep(place: Place, dated: DatedReport): Entry;
  /** Forgets all that was given to a principal which is refused now. */
  purge(principal: Principal): void;
  stage(entry: Entry): Stage;
  /** What is kept now. */
  size(): MemorySize;
  /** How long the entry is fresh, from its `asOf`, and may be shown to the principal without asking the upstream. */
  freshMs(place: Place, entry: Entry): number;
  /** Whether a report that somebody else has got would be fresh here, and may be shown to the principal. */
  isFresh(place: Place, dated: DatedReport): boolean;
}

export interface ReportMemoryOptions extends Freshness {
  /** For how long a caller's token that the upstream took counts as good. */
  readonly recheckMs: number;
  readonly maxBytes: number;
  readonly clock: Clock;
}

/** What an entry takes beside its report: the key, the list node, the entry itself and its place among its like. */
const ENTRY_BYTES = 768;

export function createReportMemory(options: ReportMemoryOptions): ReportMemory {
  const { clock, recheckMs, maxBytes, ttlMs } = options;
  const acceptance = createAcceptance(recheckMs, clock);
  const families = createFamilies();
  const entries = createEntries(maxBytes, families);
  const stage = (entry: Entry): Stage => stageOf(entry, clock.now(), options);

  return {
    stage,
    size: () => ({ bytes: entries.calculatedSize, maxBytes, entries: entries.size }),
    freshMs: ({ principal }, { freshMs, asOf }) => Math.min(freshMs, acceptance.endOf(principal) - asOf),
    isFresh({ principal }, dated) {
      const aged = { asOf: dated.asOf, freshMs: lifetimeOf(dated.report, dated.asOf, options) };
      const isFresh = stageOf(aged, clock.now(), options) === 'fresh';
      return isFresh && acceptance.isAfterRefusal(principal, dated) && acceptance.isCurrent(principal, dated);
    },
    find({ key, principal }) {
      const entry = entries.get(key);
      if (entry === undefined || !acceptance.isCurrent(principal)) return undefined;
      if (stage(entry) !== 'expired') return entry;
      entries.delete(key);
      return undefined;
    },
    findFamily(principal, base) {
      if (!acceptance.isCurrent(principal)) return [];
      return [...families.membersOf(principal.id, base)].flatMap(({ key, request }) => {
        // A look at what may be of use is no use of it: only what is taken moves to the front.
        const entry = entries.peek(key);
        return entry !== undefined && stage(entry) !== 'expired' ? [{ place: { key, principal, request }, entry }] : [];
      });
    },
    keep({ key, principal, request }, { report, askedAt, asOf }) {
      const freshMs = lifetimeOf(report, asOf, options);
      const entry: Entry = { report, request, askedAt, asOf, freshMs, principalId: principal.id, triedAt: -Infinity };
      if (!acceptance.isAfterRefusal(principal, entry)) return entry;
      acceptance.accept(principal, entry);
      const before = entries.peek(key);
      const isNewer = before === undefined || asOf >= before.asOf || stage(before) === 'expired';
      if (ttlMs > 0 && isNewer) entries.set(key, entry);
      return entry;
    },
    purge(principal) {
      acceptance.refuse(principal);
      for (const [key, { principalId }] of entries.entries()) if (principalId === principal.id) entries.delete(key);
    },
  };
}

/** Entries within a bound, each known to its family for as long as it is one. */
function createEntries(maxBytes: number, families: Families): LRUCache<string, Entry> {
  return new LRUCache({
    maxSize: maxBytes,
    // A request may name 1,000 clusters and 1,000 namespaces.
    sizeCalculation: ({ report, request }) => report.byteSize + ENTRY_BYTES + 2 * toRequestKey(request).length,
    onInsert: ({ principalId, request }, key) => {
      families.add(principalId, key, request);
    },
    // Of what is replaced as well, before the new one is added: one that is too large to keep is not.
    dispose: ({ principalId, request }, key) => {
      families.remove(principalId, key, request);
    },
  });
}
