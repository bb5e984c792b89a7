// The memory of the process: reports by key, bounded in bytes, and shown only to the principal that they were given to
// and for as long as it is one.

import type { Clock } from '../../clock.js';
import type { WorkloadCostsRequest } from '../../report/request.js';
import type { Principal } from '../../upstream/principal.js';
import { createAcceptance } from './token-validity.js';
import {
  createEntries,
  type Entries,
  type Entry,
  type KeptAnswer,
  type Place,
  type ReportSource,
} from './lru-store.js';
import { createFamilies } from './related-index.js';
import { lifetimeOf, stageOf, type DatedReport, type Freshness, type Stage } from '../freshness.js';

export type { Entry, Place, ReportSource };

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
  /** Keeps what was made of these reports, under a key of several words, for as long as each of them is kept. */
  keepAnswer(key: string, answer: KeptAnswer): void;
  /** What was made of reports that are all fresh still, and may be shown to their principals. */
  findAnswer(key: string): KeptAnswer | undefined;
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

export function createReportMemory(options: ReportMemoryOptions): ReportMemory {
  const { clock, recheckMs, maxBytes, ttlMs } = options;
  const acceptance = createAcceptance(recheckMs, clock);
  const families = createFamilies();
  const entries = createEntries(maxBytes, families);
  const stage = (entry: Entry): Stage => stageOf(entry, clock.now(), options);
  // A report that is made use of is one that was used.
  const isCurrent = ({ place: { key, principal }, entry }: ReportSource): boolean =>
    entries.get(key) === entry && acceptance.isCurrent(principal) && stage(entry) === 'fresh';

  return {
    stage,
    size: () => ({ bytes: entries.calculatedSize, maxBytes, entries: entries.reportCount() }),
    ...createAnswerKeeping(entries, isCurrent),
    freshMs: ({ principal }, { freshMs, asOf }) => Math.min(freshMs, acceptance.endOf(principal) - asOf),
    isFresh({ principal }, dated) {
      const aged = { asOf: dated.asOf, freshMs: lifetimeOf(dated.report, dated.asOf, options) };
      const isFresh = stageOf(aged, clock.now(), options) === 'fresh';
      return isFresh && acceptance.isAfterRefusal(principal, dated) && acceptance.isCurrent(principal, dated);
    },
    find({ key, principal }) {
      const entry = entries.get(key) as Entry | undefined;
      if (entry === undefined || !acceptance.isCurrent(principal)) return undefined;
      if (stage(entry) !== 'expired') return entry;
      entries.delete(key);
      return undefined;
    },
    findFamily(principal, base) {
      if (!acceptance.isCurrent(principal)) return [];
      return [...families.membersOf(principal.id, base)].flatMap(({ key, request }) => {
        // A look at what may be of use is no use of it: only what is taken moves to the front.
        const entry = entries.peek(key) as Entry | undefined;
        return entry !== undefined && stage(entry) !== 'expired' ? [{ place: { key, principal, request }, entry }] : [];
      });
    },
    keep({ key, principal, request }, { report, askedAt, asOf }) {
      const freshMs = lifetimeOf(report, asOf, options);
      const dates = { askedAt, asOf, freshMs, triedAt: -Infinity };
      const entry: Entry = { report, request, principalId: principal.id, answers: new Set(), ...dates };
      if (!acceptance.isAfterRefusal(principal, entry)) return entry;
      acceptance.accept(principal, entry);
      const before = entries.peek(key) as Entry | undefined;
      const isNewer = before === undefined || asOf >= before.asOf || stage(before) === 'expired';
      if (ttlMs > 0 && isNewer) entries.set(key, entry);
      return entry;
    },
    purge(principal) {
      acceptance.refuse(principal);
      for (const [key, kept] of [...entries.entries()])
        if ('report' in kept && kept.principalId === principal.id) entries.delete(key);
    },
  };
}

function createAnswerKeeping(
  entries: Entries,
  isCurrent: (source: ReportSource) => boolean,
): Pick<ReportMemory, 'keepAnswer' | 'findAnswer'> {
  return {
    keepAnswer(key, answer) {
      if (answer.sources.every(isCurrent)) entries.set(key, answer);
    },
    findAnswer(key) {
      const answer = entries.get(key) as KeptAnswer | undefined;
      return answer?.sources.every(isCurrent) === true ? answer : undefined;
    },
  };
}
