// The reports in the memory of this process: bounded in bytes, shown only to their principal, and only while ScaleOps
// accepts that principal.

import { LRUCache } from 'lru-cache';

import type { Clock } from '../../clock.js';
import type { WorkloadCostsRequest } from '../../report/request.js';
import type { Principal } from '../../upstream/principal.js';
import {
  freshnessLifetimeMs,
  freshnessStage,
  type FreshnessStage,
  type FreshnessSettings,
  type TimestampedReport,
} from '../freshness.js';
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

export class ReportStore {
  /** Called with each entry that leaves the store. */
  onRemove: (entry: ReportEntry) => void = () => undefined;
  readonly #settings: ReportStoreSettings;
  readonly #clock: Clock;
  readonly #validity: TokenValidity;
  readonly #index = new PrincipalIndex();
  /** Bounded by `maxBytes`. */
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

  get nowMs(): number {
    return this.#clock.now();
  }

  get count(): number {
    return this.#entries.size;
  }

  stage(entry: ReportEntry): FreshnessStage {
    return freshnessStage(entry, this.#clock.now(), this.#settings);
  }

  /** The cached report, unless it has expired or its principal has to be checked first. Its stage may be any other. */
  get({ key, principal }: Pick<ReportKey, 'key' | 'principal'>): ReportEntry | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || !this.#validity.isValid(principal)) return undefined;
    if (this.stage(entry) !== 'expired') return entry;
    // A partial one still says that the shared cache has nothing newer: see newerThan.
    if (!entry.report.isPartial) this.#entries.delete(key);
    return undefined;
  }

  /** When the newest report arrived, be it a partial one that is no longer shown; undefined without one. */
  newerThan(key: Pick<ReportKey, 'key' | 'principal'>): number | undefined {
    const entry = this.#entries.peek(key.key);
    return entry?.report.isPartial === true ? entry.receivedAt : this.get(key)?.receivedAt;
  }

  /** Reports that differ from `base` only in clusters and namespaces. Does not count as use of any of them. */
  relatedTo(principal: Principal, base: WorkloadCostsRequest): WorkloadEntry[] {
    if (!this.#validity.isValid(principal)) return [];
    return this.#index.relatedTo(principal.id, base).filter((entry) => this.stage(entry) !== 'expired');
  }

  /** Caches the report, unless its principal was rejected after the request was sent, or a newer report is cached. */
  set(wanted: ReportKey, found: TimestampedReport): ReportEntry {
    const { key, principal, request } = wanted;
    const { requestedAt, receivedAt } = found;
    const entry = createEntry(wanted, found, freshnessLifetimeMs(found, request, this.#settings));
    if (!this.#validity.isNewerThanRejection(principal, requestedAt)) return entry;
    this.#validity.recordSuccess(principal, requestedAt);
    const previous = this.#entries.peek(key);
    const isNewer = previous === undefined || receivedAt >= previous.receivedAt || this.stage(previous) === 'expired';
    if (this.#settings.ttlMs > 0 && isNewer) this.#insert(entry, previous);
    return entry;
  }

  /** A whole report is kept beside a partial one that replaces it, for when the upstream fails. */
  #insert(entry: ReportEntry, previous: ReportEntry | undefined): void {
    const wholeKey = toWholeKey(entry.key);
    if (!entry.report.isPartial) this.#entries.delete(wholeKey);
    else if (previous !== undefined && !previous.report.isPartial && this.stage(previous) !== 'expired') {
      this.#entries.set(wholeKey, { ...previous, key: wholeKey, responseKeys: undefined });
    }
    this.#entries.set(entry.key, entry);
  }

  /** The report to show while the upstream fails: rather an older one that is whole than a partial one. */
  getIfError({ key, principal }: Pick<ReportKey, 'key' | 'principal'>): ReportEntry | undefined {
    return this.get({ key: toWholeKey(key), principal }) ?? this.get({ key, principal });
  }

  /** Whether the entry is still in the store, fresh, and may be shown to its principal. Counts as use. */
  isCurrent(entry: ReportEntry): boolean {
    return (
      this.#entries.get(entry.key) === entry && this.#validity.isValid(entry.principal) && this.stage(entry) === 'fresh'
    );
  }

  /** Whether a report of another replica is fresh, and may be shown to the principal. */
  isFresh({ principal, request }: Pick<ReportKey, 'principal' | 'request'>, found: TimestampedReport): boolean {
    const { requestedAt } = found;
    const age = { ...found, freshMs: freshnessLifetimeMs(found, request, this.#settings) };
    return (
      freshnessStage(age, this.#clock.now(), this.#settings) === 'fresh' &&
      this.#validity.isNewerThanRejection(principal, requestedAt) &&
      this.#validity.isValid(principal, requestedAt)
    );
  }

  /** How long after `receivedAt` the report is fresh and its principal valid without asking ScaleOps. */
  freshMs({ principal, freshMs, receivedAt }: ReportEntry): number {
    return Math.min(freshMs, this.#validity.validUntil(principal) - receivedAt);
  }

  /** Removes all reports of a principal that ScaleOps has rejected. */
  purge(principal: PrincipalRef): void {
    this.#validity.recordRejection(principal);
    for (const { key } of this.#index.entriesOf(principal.id)) this.#entries.delete(key);
  }
}

/** Where the last whole report is kept beside a partial one. */
function toWholeKey(key: string): string {
  return `${key} whole`;
}
