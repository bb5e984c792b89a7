// Responses made from cached reports. They have a byte bound of their own, so that they never evict a report, and are
// removed together with any of their reports.

import { LRUCache } from 'lru-cache';

import type { Clock } from '../../clock.js';
import type { CacheInstrumentation, ReportLookup } from '../report-lookup.js';
import type { ReportEntry } from './report-entry.js';
import type { ReportStore } from './report-store.js';
import { weighString } from './weight.js';

interface StoredResponse {
  readonly value: unknown;
  /** The memory that `value` retains. */
  readonly bytes: number;
  /** When the same operation means another period, in milliseconds since the Unix epoch; Infinity for never. */
  readonly validUntilMs: number;
}

/** A response and the reports that it was made from. */
interface ResponseEntry extends StoredResponse {
  readonly reports: readonly ReportEntry[];
}

/** An entry without value and key: its objects and its node in the LRU list. */
const ENTRY_BYTES = 512;
/** What each report adds: a reference to it, and the key in its set of response keys. */
const REFERENCE_BYTES = 32;

export class ResponseStore {
  readonly #reports: ReportStore;
  readonly #clock: Clock;
  readonly #instrumentation: CacheInstrumentation;
  readonly #entries: LRUCache<string, ResponseEntry>;

  constructor(reports: ReportStore, maxBytes: number, clock: Clock, instrumentation: CacheInstrumentation) {
    this.#reports = reports;
    this.#clock = clock;
    this.#instrumentation = instrumentation;
    this.#entries = new LRUCache<string, ResponseEntry>({
      maxSize: maxBytes,
      sizeCalculation: ({ bytes, reports: { length } }, key) =>
        ENTRY_BYTES + bytes + weighString(key) + REFERENCE_BYTES * length,
      onInsert: (entry, key) => {
        for (const report of entry.reports) (report.responseKeys ??= new Set()).add(key);
      },
      dispose: (entry, key) => {
        for (const report of entry.reports) report.responseKeys?.delete(key);
      },
    });
    reports.onRemove = ({ responseKeys }) => {
      for (const key of [...(responseKeys ?? [])]) this.#entries.delete(key);
    };
  }

  get bytes(): number {
    return this.#entries.calculatedSize;
  }

  /** The response under the key, if it is still valid and all of its reports are fresh and may be shown. */
  get(key: string): ResponseEntry | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.validUntilMs <= this.#clock.now()) return undefined;
    return entry.reports.every((report) => this.#reports.isCurrent(report)) ? entry : undefined;
  }

  /** Counts a hit for each report of the response, and returns their ages. */
  recordHit({ reports }: ResponseEntry): ReportLookup[] {
    return reports.map((entry) => {
      const lookup = this.#reports.lookup(entry, 'hit');
      this.#instrumentation.onRelatedHit(entry.request.report, lookup);
      return lookup;
    });
  }

  /** Caches a response, if all of its reports are cached and fresh. */
  set(key: string, response: StoredResponse, reports: readonly (ReportEntry | undefined)[]): void {
    const current = reports.filter((entry) => entry !== undefined && this.#reports.isCurrent(entry)) as ReportEntry[];
    if (current.length === reports.length) this.#entries.set(key, { ...response, reports: current });
  }
}
