// The services that all requests share, and the caller of one request.

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
  /** Reports that one operation may wait for at a time: at most half of all upstream calls. */
  readonly maxConcurrentReports: number;
  /** Runs the fetches of all time series: at most half of all upstream calls at a time. */
  readonly runSeriesFetch: RunLimited;
  /** `multiCluster` of filters that do not set it. */
  readonly multiClusterByDefault: boolean;
  readonly windows: { readonly clock: Clock; readonly settledAfterMs: number };
  /** Rows of one page; undefined: no limit. */
  readonly maxPageRows: number | undefined;
  /** Intervals of one time series. */
  readonly maxIntervals: number;
}

/** The caller of one operation. */
export interface Caller {
  /** Aborts when the client has disconnected or the deadline has passed. Read only when the operation has to wait. */
  readonly signal: AbortSignal;
  /** The client's bearer token, if ScaleOps is called with it. A secret. */
  readonly token?: string | undefined;
  /** The principal whose reports are read, if it is already known. */
  readonly principal?: Principal | undefined;
  /** Identifies the caller to whose share its upstream calls count; the principal by default. */
  readonly callerKey?: string | undefined;
  /** Undefined: the caller may see everything. */
  readonly permissions?: Permissions | undefined;
  /** Resolves when the request may hold a large response in memory; immediately by default. */
  readonly acquireLargeResponseSlot?: () => Promise<void>;
  /** Whether the client sent `Cache-Control: no-cache`. */
  readonly noCache?: boolean;
  /** The time left for the operation; Infinity for no limit. */
  readonly remainingMs?: () => number;
}
