// The reports in the memory of this process: bounded in bytes, shown only to their principal, and only while ScaleOps
// accepts that principal.

import { LRUCache } from 'lru-cache';

import type { Clock } from '../../clock.js';
import type { UpstreamError } from '../../errors.js';
import type { WorkloadCostsRequest } from '../../report/request.js';
import {
  freshnessLifetimeMs,
  freshnessStage,
  type FreshnessStage,
  type FreshnessSettings,
  type TimestampedReport,
} from '../freshness.js';
import type { CacheStatus, ReportLookup } from '../report-lookup.js';
import { PrincipalIndex } from './principal-index.js';
import {
  createEntry,
  type PrincipalRef,
  type ReportEntry,
  type ReportKey,
  type WorkloadEntry,
} from './report-entry.js';
import { TokenValidity } from './token-validity.js';
import { weighEntry } from './weight.js';

export interface ReportStoreSettings extends FreshnessSettings {
  /** How long a caller's token counts as valid after ScaleOps accepted it. */
  readonly recheckMs: number;
  readonly maxBytes: number;
}

type EntryKey = Pick<ReportEntry, 'key' | 'principal'>;

export class ReportStore {
  /** Called with each entry that leaves the store. */
  onRemove: (entry: ReportEntry) => void = () => undefined;
  readonly #settings: ReportStoreSettings;
  readonly #clock: Clock;
  readonly #validity: TokenValidity;
  readonly #index = new PrincipalIndex();
  readonly #entries: LRUCache<string, ReportEntry>;

  constructor(settings: ReportStoreSettings, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
    this.#validity = new TokenValidity(settings.recheckMs, clock);
    this.#entries = new LRUCache<string, ReportEntry>({
      maxSize: settings.maxBytes,
      sizeCalculation: weighEntry,
      onInsert: (entry) => {
        this.#index.add(entry);
      },
      // Also called for an entry that is replaced, before its successor is inserted.
      dispose: (entry) => {
        this.#index.remove(entry);
        this.onRemove(entry);
      },
    });
  }

  get bytes(): number {
    return this.#entries.calculatedSize;
  }

  get count(): number {
    return this.#entries.size;
  }

  stage(entry: ReportEntry): FreshnessStage {
    return freshnessStage(entry, this.#clock.now(), this.#settings);
  }

  lookup(entry: ReportEntry, cacheStatus: CacheStatus, fault?: UpstreamError): ReportLookup {
    const { report, receivedAt, principal } = entry;
    const freshMs = Math.min(entry.freshMs, this.#validity.validUntil(principal) - receivedAt);
    return { report, asOf: receivedAt, freshMs, isStale: cacheStatus === 'stale', cacheStatus, fault, source: entry };
  }

  /** The cached report in any stage; undefined if it has expired or its principal must be checked first. */
  get({ key, principal }: EntryKey): ReportEntry | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || !this.#validity.isValid(principal)) return undefined;
    if (this.stage(entry) !== 'expired') return entry;
    // An expired partial report still shows that the shared cache has nothing newer: see newestReceivedAt.
    if (!entry.report.isPartial) this.#entries.delete(key);
    return undefined;
  }

  /** The report to show while the upstream fails: an older whole report is better than a partial one. */
  getIfError({ key, principal }: EntryKey, fault: UpstreamError): ReportEntry | undefined {
    if (!fault.allowsStale) return undefined;
    return this.get({ key: toWholeKey(key), principal }) ?? this.get({ key, principal });
  }

  /** When the newest report arrived, including a partial one that is no longer shown; undefined without a report. */
  newestReceivedAt(key: EntryKey): number | undefined {
    const entry = this.#entries.peek(key.key);
    return entry?.report.isPartial === true ? entry.receivedAt : this.get(key)?.receivedAt;
  }

  /** Reports that differ from `base` only in clusters and namespaces. Does not count as use of any of them. */
  relatedTo(principal: PrincipalRef, base: WorkloadCostsRequest): WorkloadEntry[] {
    if (!this.#validity.isValid(principal)) return [];
    return this.#index.relatedTo(principal.id, base).filter((entry) => this.stage(entry) !== 'expired');
  }

  /** Caches the report, unless its principal was rejected after the request was sent, or a newer report is cached. */
  set(key: ReportKey, fetched: TimestampedReport): ReportEntry {
    const { requestedAt } = fetched;
    const entry = createEntry(key, fetched, freshnessLifetimeMs(fetched, key.request, this.#settings));
    if (!this.#validity.isNewerThanRejection(key.principal, requestedAt)) return entry;
    this.#validity.recordSuccess(key.principal, requestedAt);
    if (this.#settings.ttlMs > 0) this.#insert(entry);
    return entry;
  }

  /** Retains a whole report beside a partial one that replaces it, for when the upstream fails. */
  #insert(entry: ReportEntry): void {
    const cached = this.#entries.peek(entry.key);
    const previous = cached !== undefined && this.stage(cached) !== 'expired' ? cached : undefined;
    if (previous !== undefined && previous.receivedAt > entry.receivedAt) return;
    const wholeKey = toWholeKey(entry.key);
    if (!entry.report.isPartial) this.#entries.delete(wholeKey);
    else if (previous?.report.isPartial === false) {
      this.#entries.set(wholeKey, { ...previous, key: wholeKey, responseKeys: undefined });
    }
    this.#entries.set(entry.key, entry);
  }

  /** Whether the entry is still in the store, fresh, and may be shown to its principal. Counts as use. */
  isCurrent(entry: ReportEntry): boolean {
    return (
      this.#entries.get(entry.key) === entry && this.#validity.isValid(entry.principal) && this.stage(entry) === 'fresh'
    );
  }

  /** Whether a report of another replica is fresh, and may be shown to the principal. */
  isFresh({ principal, request }: ReportKey, shared: TimestampedReport): boolean {
    const aged = { ...shared, freshMs: freshnessLifetimeMs(shared, request, this.#settings) };
    return (
      freshnessStage(aged, this.#clock.now(), this.#settings) === 'fresh' &&
      this.#validity.isNewerThanRejection(principal, shared.requestedAt) &&
      this.#validity.isValid(principal, shared.requestedAt)
    );
  }

  /** Removes all reports of a principal that ScaleOps has rejected. */
  purge(principal: PrincipalRef): void {
    this.#validity.recordRejection(principal);
    for (const { key } of this.#index.entriesOf(principal.id)) this.#entries.delete(key);
  }
}

/** Where the last whole report is retained beside a partial one. */
function toWholeKey(key: string): string {
  return `${key} whole`;
}
