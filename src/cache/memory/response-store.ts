// Answers that were made of kept reports.

import { createAnswering, type CacheAnswer } from '../cache-result.js';
import type { KeptAnswer, ReportSource } from './lru-store.js';
import type { CacheInstrument } from '../instrumentation.js';
import type { ReportMemory } from './report-store.js';

/** Answers that were made of kept reports, for as long as these are kept and fresh. */
export interface AnswerMemory {
  /** What is kept under the key, which has a blank or a line break in it: that of a report has none. */
  find(key: string): KeptAnswer | undefined;
  /** Its reports, to be asked for when it is made use of. */
  use(found: KeptAnswer): CacheAnswer[];
  /** Nothing is kept that is made of a report which is not. */
  keep(key: string, value: unknown, bytes: number, sources: readonly (ReportSource | undefined)[]): void;
}

export function createAnswers(memory: ReportMemory, instrument: CacheInstrument): AnswerMemory {
  const toAnswer = createAnswering(memory);
  return {
    find: (key) => memory.findAnswer(key),
    use: ({ sources }) =>
      sources.map(({ place, entry }) => {
        const answer = toAnswer(place, entry, 'hit');
        instrument.taken(place.request.report, answer);
        return answer;
      }),
    keep(key, value, bytes, sources) {
      const kept = sources.filter((source) => source !== undefined);
      if (kept.length === sources.length) memory.keepAnswer(key, { value, bytes, sources: kept });
    },
  };
}
