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
import type { SharedCache } from './shared/shared-cache.js';

export interface CacheServices {
  readonly clock: Clock;
  readonly client: Pick<ScaleOpsClient, 'fetchReport'>;
  /** Identifies the upstream in cache keys. */
  readonly upstream: string;
  /** The deadline of a fetch: the wait for another replica and everything that the client does. */
  readonly timeoutMs: number;
  readonly shared?: SharedCache | undefined;
  readonly instrumentation?: CacheInstrumentation | undefined;
  /** Called when a background refresh fails. */
  readonly onRefreshFailed?: (request: ReportRequest, error: unknown) => void;
}

export interface LoadOptions {
  /** Has an effect only while the load waits. */
  readonly signal?: AbortSignal | undefined;
  /** Called when a load begins to wait for the upstream; returns a function to call when the wait ends. */
  readonly onWait?: () => () => void;
  /** Bypasses a fresh report, at most once per report every MIN_REFRESH_INTERVAL_MS. */
  readonly noCache?: boolean;
  /** The caller to whose share of the upstream calls a fetch counts. */
  readonly callerKey?: string | undefined;
  /** Runs fetches, also those in the background, when a slot is free; immediately by default. */
  readonly runLimited?: <T>(fetch: () => Promise<T>) => Promise<T>;
  /** Called when a fetch in the foreground gets its slot; throws when its result is no longer needed. */
  readonly assertNeeded?: () => void;
}

/** One load of a report. */
export interface Load extends ReportKey, LoadOptions {
  readonly runLimited: NonNullable<LoadOptions['runLimited']>;
  /** For the shared cache. */
  readonly budget: Deadline;
}

/** A fetched report; `isOurs` is false if another replica fetched it. */
export interface Fetched {
  readonly entry: ReportEntry;
  readonly isOurs: boolean;
}

/** `no-cache` and background refreshes fetch a report at most this often. */
export const MIN_REFRESH_INTERVAL_MS = 5_000;

/** @throws UpstreamError as the client does, or at the deadline; the reason of `signal` when that aborts first. */
export async function fetchReport(
  services: CacheServices,
  store: ReportStore,
  load: Load,
  signal: AbortSignal,
): Promise<Fetched> {
  const { clock, timeoutMs, shared } = services;
  const toError = () => new UpstreamError('UPSTREAM_TIMEOUT', { reason: 'deadline' });
  const deadline = new Deadline(clock, timeoutMs, { caller: { signal }, toError });
  const fetch = () => fetchFromUpstream(services, store, load, deadline);
  const isFreshEnough = (report: TimestampedReport): boolean =>
    store.isFresh(load, report) && (load.noCache !== true || clock.now() - report.receivedAt < MIN_REFRESH_INTERVAL_MS);
  try {
    if (shared === undefined) return { entry: store.set(load, await fetch()), isOurs: true };
    const newerThan = store.newestReceivedAt(load);
    const sharedFetch = { ...load, newerThan, isFreshEnough, fetch, signal: deadline.signal };
    const { fetched, isOurs } = await shared.fetchOnce(sharedFetch);
    return { entry: store.set(load, fetched), isOurs };
  } finally {
    deadline.end();
  }
}

async function fetchFromUpstream(
  { clock, client, shared }: CacheServices,
  store: ReportStore,
  { request, principal, callerKey }: Load,
  deadline: Deadline,
): Promise<TimestampedReport & FetchedReport> {
  const requestedAt = clock.now();
  try {
    const fetched = await client.fetchReport(request, principal, deadline, callerKey);
    return { ...fetched, requestedAt, receivedAt: clock.now() };
  } catch (error) {
    if (error instanceof UpstreamError && error.isAuthFailure) {
      store.purge(principal);
      shared?.purge(principal);
    }
    throw error;
  }
}
