// What the context of an operation is made from: the services that all requests share, and the caller.

import type { Clock } from '../clock.js';
import type { Scheduler } from '../concurrency/scheduler.js';
import type { RunLimited } from '../concurrency/semaphore.js';
import type { Permissions } from '../report/permissions/permissions.js';
import type { Credentials } from '../upstream/auth/credentials.js';
import type { Principal } from '../upstream/principal.js';
import type { Reports } from './authorized-reports.js';
import type { OperationLimits } from './operation-budget.js';

/** Long-lived services and settings that all requests share. */
export interface RequestServices {
  readonly cache: Reports;
  readonly credentials: Credentials;
  /** The one scheduler of the process. */
  readonly scheduler: Scheduler;
  readonly limits: OperationLimits;
  /** Reports that one operation may wait for at a time: at most half of what ScaleOps may be asked at a time. */
  readonly maxConcurrentReports: number;
  /** Runs fetches of all time series: at most half of what ScaleOps may be asked at a time, so that others find a place. */
  readonly runSeriesFetch: RunLimited;
  /** `multiCluster` where the filter does not decide it. */
  readonly multiClusterByDefault: boolean;
  readonly windows: { readonly clock: Clock; readonly settledAfterMs: number };
  /** Rows of one page; undefined: no limit. */
  readonly maxPageRows: number | undefined;
  /** Intervals of one time series. */
  readonly maxIntervals: number;
}

/** The caller of one operation. */
export interface Caller {
  /** Aborts when the client has left or the deadline has passed. Read only when something has to be waited for. */
  readonly signal: AbortSignal;
  /** The bearer token that the client sent, where ScaleOps is called with it. A secret. */
  readonly token?: string | undefined;
  /** The principal whose reports are read, where it is known already. */
  readonly principal?: Principal | undefined;
  /** Names the caller among those whose calls to ScaleOps share its slots; undefined: nobody in particular. */
  readonly callerKey?: string | undefined;
  /** Undefined: the caller may see everything. */
  readonly permissions?: Permissions | undefined;
  /** Resolves when the request may hold a large response in memory; immediately by default. */
  readonly acquireLargeResponseSlot?: () => Promise<void>;
  /** Whether the client sent `Cache-Control: no-cache`. */
  readonly noCache?: boolean;
  /** What is left of the operation's time, in milliseconds; Infinity for no limit. */
  readonly remainingMs?: () => number;
}
