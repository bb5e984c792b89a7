// The report cache. A report is served while it is fresh, then while a newer one is fetched or the upstream fails. Equal
// requests at the same time share one upstream call. Errors are not cached. Behind the memory of this process there may
// be a cache that replicas share.

import { hash } from 'node:crypto';

import { Deadline } from '../concurrency/deadline.js';
import { createSingleFlight } from '../concurrency/single-flight.js';
import { UpstreamError } from '../errors.js';
import { toRequestKey, type ReportRequest, type WorkloadCostsRequest } from '../report/request.js';
import { estimateBreadth } from '../report/entities/entity-request.js';
import type { Principal } from '../upstream/principal.js';
import type { ReportEntry, ReportKey, WorkloadEntry } from './memory/report-entry.js';
import { ReportStore, type ReportStoreSettings } from './memory/report-store.js';
import { ResponseStore } from './memory/response-store.js';
import {
  MIN_REFRESH_INTERVAL_MS,
  ReportFetcher,
  type Fetched,
  type Load,
  type LoadOptions,
  type CacheServices,
} from './report-fetcher.js';
import { NOOP_INSTRUMENTATION, toLookup, type CacheInstrumentation, type ReportLookup } from './report-lookup.js';
import { SharedTierBudget } from './shared/guarded-redis.js';

interface ReportCacheSettings extends ReportStoreSettings {
  /** The bound of responses made of reports; `maxBytes` is that of reports. */
  readonly maxResponseBytes: number;
}

interface CacheSize {
  /** Reports and responses. */
  readonly bytes: number;
  readonly maxBytes: number;
  /** Reports. */
  readonly entries: number;
}

/** How long after a timeout callers wait only SHORT_WAIT_MS before an older report is shown. */
const TIMEOUT_MEMORY_MS = 60_000;
const SHORT_WAIT_MS = 1_000;

const runImmediately: NonNullable<LoadOptions['runLimited']> = (fetch) => fetch();

export class ReportCache {
  /** Responses made of cached reports. */
  readonly responses: ResponseStore;
  readonly #settings: ReportCacheSettings;
  readonly #services: CacheServices;
  readonly #instrumentation: CacheInstrumentation;
  readonly #store: ReportStore;
  /** Both are bounded by the requests in flight. */
  readonly #sharedReads = createSingleFlight<undefined>();
  readonly #fetches = createSingleFlight<Fetched>();
  readonly #fetcher: ReportFetcher;

  constructor(settings: ReportCacheSettings, services: CacheServices) {
    this.#settings = settings;
    this.#services = services;
    this.#instrumentation = services.instrumentation ?? NOOP_INSTRUMENTATION;
    this.#store = new ReportStore(settings, services.clock);
    this.#fetcher = new ReportFetcher(services, this.#store);
    this.responses = new ResponseStore(this.#store, settings.maxResponseBytes, this.#instrumentation);
  }

  /** @throws UpstreamError as the client does; the reason of `signal` when that aborts first. */
  load(request: ReportRequest, principal: Principal, options: LoadOptions = {}): Promise<ReportLookup> {
    const key = this.#keyOf(request, principal);
    const load = { ...options, key, request, principal, budget: new SharedTierBudget(this.#services.clock) };
    return this.#instrumentation.load(request.report, () => this.#load(load));
  }

  /** A fresh report from memory; undefined without one. */
  loadFromMemory(request: ReportRequest, principal: Principal): ReportLookup | undefined {
    const entry = this.#store.get({ key: this.#keyOf(request, principal), principal });
    if (entry === undefined || this.#store.stage(entry) !== 'fresh') return undefined;
    const lookup = toLookup(this.#store, entry, 'hit');
    this.#instrumentation.onHit(request.report, lookup);
    return lookup;
  }

  /** A report from memory in place of one whose load failed with `fault`; undefined where none may be shown. */
  loadIfError(request: ReportRequest, principal: Principal, fault: UpstreamError): ReportLookup | undefined {
    const lookup = this.#findIfError({ key: this.#keyOf(request, principal), principal }, fault);
    if (lookup !== undefined) this.#instrumentation.onHit(request.report, lookup);
    return lookup;
  }

  /**
   * Cached reports that may contain the rows of `base`: the fresh ones that differ only in clusters and namespaces; with the
   * `fault` of an upstream that fails, also those that may be shown meanwhile.
   */
  findRelated(base: WorkloadCostsRequest, principal: Principal, fault?: UpstreamError) {
    return (
      this.#store
        .relatedTo(principal, base)
        .filter((entry) => fault !== undefined || this.#store.stage(entry) === 'fresh')
        // Newest first, so that no client sees data go back in time; ties go to the broader report.
        .sort((a, b) => b.receivedAt - a.receivedAt || estimateBreadth(b.request) - estimateBreadth(a.request))
        .map((entry) => ({
          request: entry.request,
          /** Whether the report has a row of this cluster. */
          hasCluster: (name: string): boolean => entry.report.hasCluster(name),
          /** Counts a hit, and returns the report. */
          use: (): ReportLookup => this.#useRelated(entry, principal, fault),
        }))
    );
  }

  #useRelated(found: WorkloadEntry, principal: Principal, fault: UpstreamError | undefined): ReportLookup {
    const entry = this.#store.get({ key: found.key, principal }) ?? found;
    const lookup = toLookup(this.#store, entry, this.#store.stage(entry) === 'fresh' ? 'hit' : 'stale');
    this.#instrumentation.onRelatedHit('workloads', lookup);
    return { ...lookup, ...(fault !== undefined && { fault }) };
  }

  size(): CacheSize {
    const { maxBytes, maxResponseBytes } = this.#settings;
    const { bytes, count } = this.#store;
    return { bytes: bytes + this.responses.bytes, maxBytes: maxBytes + maxResponseBytes, entries: count };
  }

  /** Hashed, so that a key reveals neither principal nor request, and all keys have the same length. */
  #keyOf(request: ReportRequest, principal: Principal): string {
    const key = JSON.stringify([this.#services.upstream, principal.id, toRequestKey(request)]);
    return hash('sha256', key, 'base64url');
  }

  async #load(load: Load): Promise<ReportLookup> {
    const { entry, isShared } = await this.#find(load);
    const served = entry && this.#serve(load, entry);
    if (served !== undefined) return isShared && !served.isStale ? { ...served, cacheStatus: 'shared' } : served;
    if (entry !== undefined) entry.lastRefreshAttemptAt = this.#services.clock.now();
    const { runLimited = runImmediately } = load;
    const endWait = load.onWait?.();
    try {
      const fetched = runLimited(() => this.#fetchUnlessDone(load, entry));
      return await (entry?.timeout === undefined ? fetched : this.#waitBriefly(fetched, entry.timeout));
    } catch (error) {
      const stale = error instanceof UpstreamError ? this.#findIfError(load, error) : undefined;
      if (stale === undefined) throw error;
      this.#recordTimeout(stale.source, error);
      return stale;
    } finally {
      endWait?.();
    }
  }

  #recordTimeout(entry: ReportEntry | undefined, error: unknown): void {
    if (entry === undefined) return;
    const isTimeout = error instanceof UpstreamError && error.reason === 'deadline';
    entry.timeout = isTimeout ? { at: this.#services.clock.now(), fault: error } : undefined;
  }

  /** While ScaleOps hangs, one caller waits for the whole timeout. The next ones wait a moment, and the fetch goes on. */
  async #waitBriefly<T>(fetched: Promise<T>, { at, fault }: NonNullable<ReportEntry['timeout']>): Promise<T> {
    const { clock } = this.#services;
    if (clock.now() - at > TIMEOUT_MEMORY_MS) return fetched;
    const deadline = new Deadline(clock, SHORT_WAIT_MS, { toError: () => fault });
    try {
      return await deadline.race(fetched);
    } finally {
      deadline.end();
    }
  }

  #findIfError(key: Pick<ReportKey, 'key' | 'principal'>, fault: UpstreamError): ReportLookup | undefined {
    const stale = fault.allowsStale ? this.#store.getIfError(key) : undefined;
    return stale && { ...toLookup(this.#store, stale, 'stale'), fault };
  }

  /** Looks into memory, then into the shared cache if memory has nothing that may be shown at once. */
  async #find(load: Load): Promise<{ readonly entry: ReportEntry | undefined; readonly isShared: boolean }> {
    const { shared } = this.#services;
    const entry = this.#store.get(load);
    if (shared === undefined || (entry !== undefined && this.#store.stage(entry) !== 'if-error')) {
      return { entry, isShared: false };
    }
    const read = async (): Promise<undefined> => {
      const found = await shared.read({ ...load, newerThan: this.#store.newerThan(load) });
      for (const each of found) this.#store.set(load, each);
    };
    await this.#sharedReads.join(load.key, read, load.signal);
    const found = this.#store.get(load);
    return { entry: found, isShared: found !== entry };
  }

  /** The cached report, refreshed in the background if it is stale; undefined if the load has to fetch first. */
  #serve(load: Load, entry: ReportEntry): ReportLookup | undefined {
    const now = this.#services.clock.now();
    // `abs`, so that a clock that was set back does not prevent refreshes.
    const mayRefresh = Math.abs(now - entry.lastRefreshAttemptAt) >= MIN_REFRESH_INTERVAL_MS;
    // With `no-cache`, a fetch that is under way is recent enough.
    if (load.noCache === true && this.#fetches.has(load.key)) return undefined;
    if (load.noCache === true && mayRefresh && now - entry.receivedAt >= MIN_REFRESH_INTERVAL_MS) return undefined;
    const stage = this.#store.stage(entry);
    if (stage === 'fresh') return toLookup(this.#store, entry, 'hit');
    if (stage !== 'while-revalidate') return undefined;
    if (mayRefresh) {
      entry.lastRefreshAttemptAt = now;
      this.#refresh(load);
    }
    return toLookup(this.#store, entry, 'stale');
  }

  /** Fetches in the background: no caller waits, and no caller's signal ends it. */
  #refresh(load: Load): void {
    const { runLimited = runImmediately } = load;
    runLimited(() => this.#fetch({ ...load, signal: undefined })).catch((error: unknown) =>
      this.#services.onRefreshFailed?.(load.request, error),
    );
  }

  /** Fetches, unless another load brought a fresh report in place of `entry` while this one waited for its slot. */
  async #fetchUnlessDone(load: Load, entry: ReportEntry | undefined): Promise<ReportLookup> {
    load.assertWanted?.();
    const found = this.#store.get(load);
    const isDone = found !== undefined && found !== entry && this.#store.stage(found) === 'fresh';
    return isDone ? toLookup(this.#store, found, 'hit') : this.#fetch(load);
  }

  async #fetch(load: Load): Promise<ReportLookup> {
    const isUnderWay = this.#fetches.has(load.key);
    // The key contains the principal, so that no other principal joins its fetch.
    const fetch = (abort: AbortSignal) => this.#fetcher.fetch(load, abort);
    const { entry, isOurs } = await this.#fetches.join(load.key, fetch, load.signal);
    if (!isOurs) return toLookup(this.#store, entry, 'shared');
    return toLookup(this.#store, entry, isUnderWay ? 'collapsed' : 'miss');
  }
}
