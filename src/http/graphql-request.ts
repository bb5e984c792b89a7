// One GraphQL request in the pipeline: the results of its steps, and what is released at its end.

import { randomUUID } from 'node:crypto';

import type { HeadersByName } from '../auth/authentication.js';
import type { Deadline } from '../concurrency/deadline.js';
import type { ErrorCode } from '../errors.js';
import type { LoadStats } from '../loaders/load-stats.js';
import type { Permissions } from '../report/permissions/permissions.js';
import type { Principal } from '../upstream/principal.js';
import type { HttpRequest } from './http-message.js';
import type { OperationInfo } from '../telemetry/instrumentation.js';
import type { ResponseFormat } from './response/format.js';
import { parseTraceId } from './response/trace-parent.js';

export class GraphQLRequest {
  readonly http: HttpRequest;
  /** The client's `x-request-id` when it is well-formed, else a new one. */
  readonly id: string;
  /** Milliseconds since the Unix epoch. */
  readonly startedAt: number;
  readonly format: ResponseFormat;
  /** Aborts when the client leaves or GATEWAY_TIMEOUT_MS after the request's arrival. */
  readonly deadline: Deadline;
  traceId: string | undefined;
  /** The caller's own token for ScaleOps (SCALEOPS_AUTH=forward). A secret. */
  callerToken: string | undefined;
  /** The name of the API key or the subject of the token; undefined without authentication. */
  callerName: string | undefined;
  /** What the caller may see; undefined for everything. */
  permissions: Permissions | undefined;
  /** Undefined when there are no credentials for ScaleOps, which is an error of each report. */
  principal: Principal | undefined;
  operation: OperationInfo | undefined;
  /** Undefined when the operation was not executed. */
  stats: LoadStats | undefined;
  isResponseCacheHit = false;
  /** "partial" has data and errors, "error" no data. */
  result: 'ok' | 'partial' | 'error' | undefined;
  errors: readonly { readonly code: ErrorCode; readonly reason: string | undefined }[] | undefined;
  #releases: (() => void)[] | undefined = [];

  constructor(http: HttpRequest, format: ResponseFormat, deadline: Deadline, nowMs: number) {
    this.http = http;
    this.format = format;
    this.deadline = deadline;
    this.startedAt = nowMs;
    this.id = readRequestId(http.headers);
    this.traceId = parseTraceId(http.headers.get('traceparent'));
  }

  /** Calls `release` when the request ends, or now if it has ended. */
  onEnd(release: () => void): void {
    if (this.#releases === undefined) release();
    else this.#releases.push(release);
  }

  /** Called when the response is sent or the client has left. */
  end(): void {
    const releases = this.#releases ?? [];
    this.#releases = undefined;
    for (const release of releases) release();
  }
}

export function readRequestId(headers: HeadersByName): string {
  const id = headers.get('x-request-id');
  return id !== null && /^[\w.:-]{1,128}$/.test(id) ? id : randomUUID();
}
