// Answers that were made of kept reports.

import { createAnswering, type CacheAnswer } from './cache-answer.js';
import type { CacheInstrument } from './instrument.js';
import type { ReportMemory, ReportSource } from './report-memory.js';

/** Answers that were made of kept reports, for as long as these are kept and fresh. */
export interface AnswerMemory {
  /** Makes use of what is kept under the key, and of its reports. */
  take(key: string): TakenAnswer | undefined;
  /** Nothing is kept that is made of a report which is not. */
  keep(key: string, value: unknown, bytes: number, sources: readonly (ReportSource | undefined)[]): void;
}

export interface TakenAnswer {
  readonly value: unknown;
  /** Those that it was made of. */
  readonly reports: readonly CacheAnswer[];
}

export function createAnswers(memory: ReportMemory, instrument: CacheInstrument): AnswerMemory {
  const toAnswer = createAnswering(memory);
  return {
    take(key) {
      const found = memory.findAnswer(key);
      if (found === undefined) return undefined;
      const reports = found.sources.map(({ place, entry }) => {
        const answer = toAnswer(place, entry, 'hit');
        instrument.taken(place.request.report, answer);
        return answer;
      });
      return { value: found.value, reports };
    },
    keep(key, value, bytes, sources) {
      const kept = sources.filter((source) => source !== undefined);
      if (kept.length === sources.length) memory.keepAnswer(key, { value, bytes, sources: kept });
    },
  };
}
