// Fetches a report from the upstream, or from the replica that is fetching it, and caches it in memory.

import type { Clock } from '../clock.js';
import { Deadline } from '../concurrency/deadline.js';
import { UpstreamError } from '../errors.js';
import type { FetchedReport, ScaleOpsClient } from '../upstream/client/client.js';
import type { TimestampedReport } from './freshness.js';
import type { ReportEntry, ReportKey, ReportStore, ReportStoreOptions } from './memory/report-store.js';
import type { SharedTierBudget } from './shared/guarded-redis.js';
import type { SharedCache } from './shared/shared-cache.js';

export interface ReportFetcherOptions extends ReportStoreOptions {
  readonly client: Pick<ScaleOpsClient, 'fetchReport'>;
  /** The deadline of a fetch: the wait for another replica and all that the client does. */
  readonly timeoutMs: number;
  readonly shared?: SharedCache | undefined;
}

/** One load of a report. */
export interface Load extends ReportKey {
  readonly noCache: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly callerKey: string | undefined;
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
  readonly #options: ReportFetcherOptions;
  readonly #clock: Clock;
  readonly #store: ReportStore;

  constructor(options: ReportFetcherOptions, store: ReportStore) {
    this.#options = options;
    this.#clock = options.clock;
    this.#store = store;
  }

  /** @throws UpstreamError as the client does, or at the deadline; the reason of `outer` when that aborts first. */
  async fetch(load: Load, outer: AbortSignal): Promise<Fetched> {
    const toError = () => new UpstreamError('UPSTREAM_TIMEOUT', { reason: 'deadline' });
    const deadline = new Deadline(this.#clock, this.#options.timeoutMs, { caller: { signal: outer }, toError });
    try {
      return await this.#fetchOnce(load, deadline);
    } finally {
      deadline.end();
    }
  }

  async #fetchOnce(load: Load, deadline: Deadline): Promise<Fetched> {
    const { shared } = this.#options;
    const fetch = () => this.#fetchFromUpstream(load, deadline);
    if (shared === undefined) return { entry: this.#store.set(load, await fetch()), isOurs: true };
    const isFreshEnough = (found: TimestampedReport): boolean =>
      this.#store.isFresh(load.principal, found) &&
      (!load.noCache || this.#clock.now() - found.receivedAt < MIN_REFRESH_INTERVAL_MS);
    const newerThan = this.#store.newerThan(load);
    const { signal } = deadline;
    const { found, isOurs } = await shared.fetchOnce({ ...load, newerThan, isFreshEnough, fetch, signal });
    return { entry: this.#store.set(load, found), isOurs };
  }

  async #fetchFromUpstream(
    { request, principal, callerKey }: Load,
    deadline: Deadline,
  ): Promise<TimestampedReport & FetchedReport> {
    const requestedAt = this.#clock.now();
    try {
      const { report, body } = await this.#options.client.fetchReport(request, principal, deadline, callerKey);
      return { report, body, requestedAt, receivedAt: this.#clock.now() };
    } catch (error) {
      if (error instanceof UpstreamError && error.isRefusal) {
        this.#store.purge(principal);
        this.#options.shared?.purge(principal);
      }
      throw error;
    }
  }
}
