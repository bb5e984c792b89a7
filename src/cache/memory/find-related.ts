// Kept reports that may have what another one would.

import type { UpstreamError } from '../../errors.js';
import type { WorkloadCostsRequest } from '../../report/request.js';
import { estimateBreadth } from '../../report/scopes/scope.js';
import type { Principal } from '../../upstream/principal.js';
import { createAnswering, type CacheAnswer } from '../cache-result.js';
import type { CacheInstrument } from '../instrumentation.js';
import type { ReportMemory } from './report-store.js';

/** So many of a family are looked at. */
const MAX_FAMILY = 256;

/** A report that is kept, and may be shown. */
export interface KeptReport {
  readonly request: WorkloadCostsRequest;
  /** Whether there is a row of this cluster in it. */
  hasCluster(name: string): boolean;
  /** To be called when it is made use of. */
  take(): CacheAnswer;
}

/** As ReportCache has it. */
export type FindFamily = (
  base: WorkloadCostsRequest,
  principal: Principal,
  fault?: UpstreamError,
) => readonly KeptReport[];

export function createFamilyFinding(memory: ReportMemory, instrument: CacheInstrument): FindFamily {
  const toAnswer = createAnswering(memory);
  return (base, principal, fault) =>
    memory
      .findFamily(principal, base)
      .filter(({ entry }) => fault !== undefined || memory.stage(entry) === 'fresh')
      // Time does not run backwards for whoever has seen one of them; of the same moment, the one that has more is better.
      .sort(
        (a, b) => b.entry.asOf - a.entry.asOf || estimateBreadth(b.place.request) - estimateBreadth(a.place.request),
      )
      .slice(0, MAX_FAMILY)
      .map(({ place, entry }) => ({
        request: place.request,
        hasCluster: (name) => entry.report.hasCluster(name),
        take() {
          const kept = memory.find(place) ?? entry;
          const isFresh = memory.stage(kept) === 'fresh';
          const answer = toAnswer(place, kept, isFresh ? 'hit' : 'stale');
          instrument.taken(place.request.report, answer);
          return { ...answer, ...(fault !== undefined && { fault }) };
        },
      }));
}
