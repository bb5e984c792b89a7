// A report in the memory of this process, and where it is cached.

import type { UpstreamError } from '../../errors.js';
import type { ReportRequest, WorkloadCostsRequest } from '../../report/request.js';
import type { Principal } from '../../upstream/principal.js';
import type { AgedReport, TimestampedReport } from '../freshness.js';

/** Where a report is cached. The key is derived from the other two. */
export interface ReportKey {
  readonly key: string;
  readonly principal: Principal;
  readonly request: ReportRequest;
}

/** A principal without its secrets. */
export type PrincipalRef = Pick<Principal, 'id' | 'isCaller' | 'expiresAt'>;

/** A cached report. It holds no secret of its principal and no part of the client's document. */
export interface ReportEntry extends AgedReport {
  readonly key: string;
  readonly principal: PrincipalRef;
  readonly request: ReportRequest;
  /** When a newer report was last requested; -Infinity before the first attempt. */
  lastRefreshAttemptAt: number;
  /** The last refresh, if that timed out. */
  timeout: { readonly at: number; readonly fault: UpstreamError } | undefined;
  /** The keys of the responses made from this report; undefined before the first. */
  responseKeys: Set<string> | undefined;
}

/** A cached workload report. */
export type WorkloadEntry = ReportEntry & { readonly request: WorkloadCostsRequest };

export function createEntry(
  { key, principal: { id, isCaller, expiresAt }, request }: ReportKey,
  { report, requestedAt, receivedAt }: TimestampedReport,
  freshMs: number,
): ReportEntry {
  return {
    key,
    principal: { id, isCaller, expiresAt },
    // A deep copy: strings of the original may be slices of the client's document, which V8 would retain as a whole.
    request: JSON.parse(JSON.stringify(request)) as ReportRequest,
    report,
    requestedAt,
    receivedAt,
    freshMs,
    lastRefreshAttemptAt: -Infinity,
    timeout: undefined,
    responseKeys: undefined,
  };
}
