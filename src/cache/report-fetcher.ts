// Fetches a report from the upstream, or from the replica that is fetching it, and caches it in memory.

import type { Clock } from '../clock.js';
import { Deadline } from '../concurrency/deadline.js';
import { UpstreamError } from '../errors.js';
import type { FetchedReport, ScaleOpsClient } from '../upstream/client/client.js';
import type { ReportRequest } from '../report/request.js';
import type { TimestampedReport } from './freshness.js';
import type { ReportEntry, ReportKey } from './memory/report-entry.js';
import type { ReportStore } from './memory/report-store.js';
import type { CacheInstrumentation } from './report-lookup.js';
import type { SharedTierBudget } from './shared/guarded-redis.js';
import type { SharedCache } from './shared/shared-cache.js';

/** What the cache works with. */
export interface CacheServices {
  readonly clock: Clock;
  readonly client: Pick<ScaleOpsClient, 'fetchReport'>;
  /** Identifies the upstream in cache keys. */
  readonly upstream: string;
  /** The deadline of a fetch: the wait for another replica and all that the client does. */
  readonly timeoutMs: number;
  readonly shared?: SharedCache | undefined;
  readonly instrumentation?: CacheInstrumentation | undefined;
  /** Called when a background refresh fails. */
  readonly onRefreshFailed?: (request: ReportRequest, error: unknown) => void;
}

export interface LoadOptions {
  /** Looked at only by a load that waits. */
  readonly signal?: AbortSignal | undefined;
  /** Called when a load begins to wait for the upstream, which lasts until it calls the result. */
  readonly onWait?: () => () => void;
  /** Bypasses a fresh report, at most once per report every MIN_REFRESH_INTERVAL_MS. */
  readonly noCache?: boolean;
  /** The caller whose share of the calls to ScaleOps a fetch takes. */
  readonly callerKey?: string | undefined;
  /** Runs fetches, in the background too, when a slot is free; immediately by default. */
  readonly runLimited?: <T>(fetch: () => Promise<T>) => Promise<T>;
  /** Called when a fetch that a caller waits for gets its slot; throws when it is not wanted any more. */
  readonly assertWanted?: () => void;
}

/** One load of a report. */
export interface Load extends ReportKey, LoadOptions {
  readonly budget: SharedTierBudget;
}

/** A fetched report; `isOurs` unless another replica fetched it. */
export interface Fetched {
  readonly entry: ReportEntry;
  readonly isOurs: boolean;
}

/** `no-cache` and background refreshes fetch a report at most this often. */
export const MIN_REFRESH_INTERVAL_MS = 5_000;

export class ReportFetcher {
  readonly #services: CacheServices;
  readonly #store: ReportStore;

  constructor(services: CacheServices, store: ReportStore) {
    this.#services = services;
    this.#store = store;
  }

  /** @throws UpstreamError as the client does, or at the deadline; the reason of `outer` when that aborts first. */
  async fetch(load: Load, outer: AbortSignal): Promise<Fetched> {
    const { clock, timeoutMs } = this.#services;
    const toError = () => new UpstreamError('UPSTREAM_TIMEOUT', { reason: 'deadline' });
    const deadline = new Deadline(clock, timeoutMs, { caller: { signal: outer }, toError });
    try {
      return await this.#fetchOnce(load, deadline);
    } finally {
      deadline.end();
    }
  }

  async #fetchOnce(load: Load, deadline: Deadline): Promise<Fetched> {
    const { shared } = this.#services;
    const fetch = () => this.#fetchFromUpstream(load, deadline);
    if (shared === undefined) return { entry: this.#store.set(load, await fetch()), isOurs: true };
    const isFreshEnough = (found: TimestampedReport): boolean =>
      this.#store.isFresh(load, found) &&
      (load.noCache !== true || this.#services.clock.now() - found.receivedAt < MIN_REFRESH_INTERVAL_MS);
    const newerThan = this.#store.newerThan(load);
    const { signal } = deadline;
    const { found, isOurs } = await shared.fetchOnce({ ...load, newerThan, isFreshEnough, fetch, signal });
    return { entry: this.#store.set(load, found), isOurs };
  }

  async #fetchFromUpstream(
    { request, principal, callerKey }: Load,
    deadline: Deadline,
  ): Promise<TimestampedReport & FetchedReport> {
    const requestedAt = this.#services.clock.now();
    try {
      const { report, body } = await this.#services.client.fetchReport(request, principal, deadline, callerKey);
      return { report, body, requestedAt, receivedAt: this.#services.clock.now() };
    } catch (error) {
      if (error instanceof UpstreamError && error.isRefusal) {
        this.#store.purge(principal);
        this.#services.shared?.purge(principal);
      }
      throw error;
    }
  }
}
