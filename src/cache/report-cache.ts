// The report cache. A load finds a report in memory or in the shared cache, serves it while it is fresh or may be shown
// stale, and fetches it otherwise. Equal loads share one fetch. Errors are not cached.

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
  fetchReport,
  MIN_REFRESH_INTERVAL_MS,
  type Fetched,
  type Load,
  type LoadOptions,
  type CacheServices,
} from './report-fetcher.js';
import {
  NOOP_INSTRUMENTATION,
  type CacheInstrumentation,
  type CacheStatus,
  type ReportLookup,
} from './report-lookup.js';
import { COMMAND_BUDGET_MS } from './shared/guarded-redis.js';

interface ReportCacheSettings extends ReportStoreSettings {
  /** The bound of responses made from reports; `maxBytes` is that of reports. */
  readonly maxResponseBytes: number;
}

/** How long after a timeout callers wait only SHORT_WAIT_MS before an older report is shown. */
const TIMEOUT_MEMORY_MS = 60_000;
const SHORT_WAIT_MS = 1_000;

export class ReportCache {
  /** Responses made from cached reports. */
  readonly responses: ResponseStore;
  readonly #settings: ReportCacheSettings;
  readonly #services: CacheServices;
  readonly #instrumentation: CacheInstrumentation;
  readonly #store: ReportStore;
  readonly #sharedReads = createSingleFlight<undefined>();
  readonly #fetches = createSingleFlight<Fetched>();

  constructor(settings: ReportCacheSettings, services: CacheServices) {
    const { clock, instrumentation = NOOP_INSTRUMENTATION } = services;
    this.#settings = settings;
    this.#services = services;
    this.#instrumentation = instrumentation;
    this.#store = new ReportStore(settings, clock);
    this.responses = new ResponseStore(this.#store, settings.maxResponseBytes, clock, instrumentation);
  }

  /** @throws UpstreamError as the client does; the reason of `signal` when that aborts first. */
  load(request: ReportRequest, principal: Principal, options: LoadOptions = {}): Promise<ReportLookup> {
    const budget = new Deadline(this.#services.clock, COMMAND_BUDGET_MS);
    const runLimited: Load['runLimited'] = options.runLimited ?? ((fetch) => fetch());
    const load = { ...options, ...this.#toKey(request, principal), runLimited, budget };
    return this.#instrumentation.load(request.report, async () => {
      const { entry, freshStatus } = await this.#find(load);
      return (entry && this.#serve(load, entry, freshStatus)) ?? this.#fetch(load, entry);
    });
  }

  /** A fresh report from memory; undefined without one. */
  loadFromMemory(request: ReportRequest, principal: Principal): ReportLookup | undefined {
    const entry = this.#store.get(this.#toKey(request, principal));
    if (entry === undefined || this.#store.stage(entry) !== 'fresh') return undefined;
    const lookup = this.#store.lookup(entry, 'hit');
    this.#instrumentation.onHit(request.report, lookup);
    return lookup;
  }

  /** A report from memory in place of one whose load failed with `fault`; undefined if none may be shown. */
  loadIfError(request: ReportRequest, principal: Principal, fault: UpstreamError): ReportLookup | undefined {
    const entry = this.#store.getIfError(this.#toKey(request, principal), fault);
    if (entry === undefined) return undefined;
    const lookup = this.#store.lookup(entry, 'stale', fault);
    this.#instrumentation.onHit(request.report, lookup);
    return lookup;
  }

  /**
   * Fresh cached reports that differ from `base` only in clusters and namespaces, and so may contain its rows. With the
   * `fault` of a failing upstream, also stale ones.
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
          use: (): ReportLookup => this.#useRelated(entry, fault),
        }))
    );
  }

  #useRelated(related: WorkloadEntry, fault: UpstreamError | undefined): ReportLookup {
    const entry = this.#store.get(related) ?? related;
    const lookup = this.#store.lookup(entry, this.#store.stage(entry) === 'fresh' ? 'hit' : 'stale', fault);
    this.#instrumentation.onRelatedHit('workloads', lookup);
    return lookup;
  }

  /** The bytes of reports and responses, and the number of reports. */
  size() {
    const { maxBytes, maxResponseBytes } = this.#settings;
    const { bytes, count } = this.#store;
    return { bytes: bytes + this.responses.bytes, maxBytes: maxBytes + maxResponseBytes, entries: count };
  }

  /** Hashed, so that a key reveals neither principal nor request, and all keys have the same length. */
  #toKey(request: ReportRequest, principal: Principal): ReportKey {
    const parts = JSON.stringify([this.#services.upstream, principal.id, toRequestKey(request)]);
    return { key: hash('sha256', parts, 'base64url'), request, principal };
  }

  /** Looks into memory, then into the shared cache if memory has nothing that may be shown immediately. */
  async #find(load: Load): Promise<{ readonly entry: ReportEntry | undefined; readonly freshStatus: CacheStatus }> {
    const { shared } = this.#services;
    const local = this.#store.get(load);
    if (shared === undefined || (local !== undefined && this.#store.stage(local) !== 'if-error')) {
      return { entry: local, freshStatus: 'hit' };
    }
    const read = async (): Promise<undefined> => {
      const newerThan = this.#store.newestReceivedAt(load);
      const reports = await shared.read({ ...load, newerThan }, load.budget);
      for (const report of reports) this.#store.set(load, report);
    };
    await this.#sharedReads.join(load.key, read, load.signal);
    const entry = this.#store.get(load);
    return { entry, freshStatus: entry === local ? 'hit' : 'shared' };
  }

  /** The cached report, refreshed in the background if it is stale; undefined if the load has to fetch first. */
  #serve(load: Load, entry: ReportEntry, freshStatus: CacheStatus): ReportLookup | undefined {
    const now = this.#services.clock.now();
    // `abs`, so that a clock that was set back does not prevent refreshes.
    const mayRefresh = Math.abs(now - entry.lastRefreshAttemptAt) >= MIN_REFRESH_INTERVAL_MS;
    const isRecent = now - entry.receivedAt < MIN_REFRESH_INTERVAL_MS;
    // A fetch in progress is recent enough for `no-cache`.
    if (load.noCache === true && (this.#fetches.has(load.key) || (mayRefresh && !isRecent))) return undefined;
    const stage = this.#store.stage(entry);
    if (stage === 'fresh') return this.#store.lookup(entry, freshStatus);
    if (stage !== 'while-revalidate') return undefined;
    if (mayRefresh) {
      entry.lastRefreshAttemptAt = now;
      // Independent of the callers: none waits for it, and none can abort it.
      load
        .runLimited(() => this.#joinFetch({ ...load, signal: undefined }))
        .catch((error: unknown) => this.#services.onRefreshFailed?.(load.request, error));
    }
    return this.#store.lookup(entry, 'stale');
  }

  /** Fetches the report in place of `entry`; serves an older one if the upstream fails. */
  async #fetch(load: Load, entry: ReportEntry | undefined): Promise<ReportLookup> {
    const { clock } = this.#services;
    if (entry !== undefined) entry.lastRefreshAttemptAt = clock.now();
    const endWait = load.onWait?.();
    try {
      const lookup = load.runLimited(() => this.#fetchUnlessDone(load, entry));
      return await (entry?.timeout === undefined ? lookup : this.#waitBriefly(lookup, entry.timeout));
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error;
      const stale = this.#store.getIfError(load, error);
      if (stale === undefined) throw error;
      stale.timeout = error.reason === 'deadline' ? { at: clock.now(), fault: error } : undefined;
      return this.#store.lookup(stale, 'stale', error);
    } finally {
      endWait?.();
    }
  }

  /** While ScaleOps hangs, one caller waits for the whole timeout. The next ones wait briefly, and the fetch goes on. */
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

  /** Fetches, unless another load cached a fresh report in place of `entry` while this load waited for its slot. */
  async #fetchUnlessDone(load: Load, entry: ReportEntry | undefined): Promise<ReportLookup> {
    load.assertNeeded?.();
    const cached = this.#store.get(load);
    const isDone = cached !== undefined && cached !== entry && this.#store.stage(cached) === 'fresh';
    return isDone ? this.#store.lookup(cached, 'hit') : this.#joinFetch(load);
  }

  /** Joins the fetch in progress, or starts one. The key contains the principal, so no other principal joins it. */
  async #joinFetch(load: Load): Promise<ReportLookup> {
    const status = this.#fetches.has(load.key) ? 'collapsed' : 'miss';
    const fetch = (signal: AbortSignal) => fetchReport(this.#services, this.#store, load, signal);
    const { entry, isOurs } = await this.#fetches.join(load.key, fetch, load.signal);
    return this.#store.lookup(entry, isOurs ? status : 'shared');
  }
}
