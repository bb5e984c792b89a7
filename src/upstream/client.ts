// The REST client: one POST a report over one connection pool, no memory. A call has one deadline over everything, from
// the wait for a connection to the last byte of the body; it ends in a decoded report or in an UpstreamError.
// The place for retry, breaker and bulkhead is around `fetchReport`.

import { Pool, type Dispatcher } from 'undici';

import type { Clock } from '../clock.js';
import { UpstreamError } from '../errors.js';
import { decodeReport, ReportShapeError, type DecodedReport } from '../report/decode.js';
import type { Report } from '../report/report.js';
import type { ReportKind, ReportRequest } from '../report/request.js';
import { ACCEPT_ENCODING, readText } from './body.js';
import { ENDPOINTS, toUpstreamCall } from './calls.js';
import type { Principal } from './credentials.js';
import { parseRetryAfter, toStatusError, toTransportError, unauthenticated } from './faults.js';

export interface ClientOptions {
  /** The customer's ScaleOps host; a path in it stands before the paths of the reports. */
  readonly url: string;
  readonly paths: Readonly<Record<ReportKind, string>>;
  readonly timeoutMs: number;
  /** The longest body that is read, in decoded bytes. */
  readonly maxResponseBytes: number;
  readonly connections: number;
  readonly clock: Clock;
  /** Told once a report about numbers that had to be left out. */
  readonly onDroppedNumbers: (report: ReportKind, count: number) => void;
}

export interface ScaleOpsClient {
  /** Asks for a report in the name of `principal`; `signal` gives up. @throws UpstreamError */
  fetchReport(request: ReportRequest, principal: Principal, signal: AbortSignal): Promise<Report>;
  close(): Promise<void>;
}

export function createScaleOpsClient(options: ClientOptions): ScaleOpsClient {
  const base = new URL(options.url);
  const pool = new Pool(base.origin, {
    connections: options.connections,
    // Off: the deadline below covers what these cover, and the waiting for a connection besides.
    headersTimeout: 0,
    bodyTimeout: 0,
    connectTimeout: options.timeoutMs,
  });
  return {
    async fetchReport(request, principal, signal) {
      const deadline = startDeadline(options, signal);
      try {
        return await callUpstream(pool, base, options, { request, principal, signal: deadline.signal });
      } catch (error) {
        throw deadline.passed()
          ? new UpstreamError('UPSTREAM_TIMEOUT', { reason: 'deadline' })
          : toTransportError(error);
      } finally {
        deadline.end();
      }
    },
    close: () => pool.destroy(),
  };
}

interface CallContext {
  readonly request: ReportRequest;
  readonly principal: Principal;
  readonly signal: AbortSignal;
}

async function callUpstream(pool: Pool, base: URL, options: ClientOptions, context: CallContext): Promise<Report> {
  const { request, principal, signal } = context;
  const call = toUpstreamCall(request, options.paths);
  const url = new URL(base.pathname.replace(/\/$/, '') + call.path, base);
  const query = new URLSearchParams(call.query).toString();
  // Redirects are not followed: `request` does not, and the token must not travel.
  const response = await pool.request({
    method: 'POST',
    path: query === '' ? url.pathname : `${url.pathname}?${query}`,
    headers: {
      accept: 'application/json',
      'accept-encoding': ACCEPT_ENCODING,
      authorization: `Bearer ${principal.token}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify(call.body),
    signal,
  });
  if (response.statusCode !== 200) {
    await discard(response);
    throw toStatusError({
      status: response.statusCode,
      location: header(response, 'location'),
      retryAfterMs: parseRetryAfter(header(response, 'retry-after'), options.clock.now()),
      pathSetting: ENDPOINTS[request.report].pathSetting,
      url,
    });
  }
  const text = await readText(response.body, header(response, 'content-encoding'), options.maxResponseBytes);
  const { report, droppedNumbers } = parseReport(text);
  if (droppedNumbers > 0) options.onDroppedNumbers(request.report, droppedNumbers);
  return report;
}

/** Text that is a whole report, or the error that says what it is instead. JSON.parse's own message quotes the text. */
function parseReport(text: string): DecodedReport {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    const start = text.slice(0, 65_536);
    if (/^\s*</.test(start) && /type\s*=\s*["']?password|log[ -]?in|sign[ -]?in/i.test(start)) {
      throw unauthenticated('a login page');
    }
    throw new UpstreamError('UPSTREAM_BAD_RESPONSE', { reason: text === '' ? 'empty body' : 'not JSON' });
  }
  try {
    return decodeReport(json);
  } catch (error) {
    if (!(error instanceof ReportShapeError)) throw error;
    const saysError = typeof json === 'object' && json !== null && 'error' in json;
    throw new UpstreamError(saysError ? 'UPSTREAM_ERROR' : 'UPSTREAM_BAD_RESPONSE', { reason: error.message });
  }
}

/** Lets go of a body that nobody reads: the connection is kept when little is left, closed when not. */
async function discard(response: Dispatcher.ResponseData): Promise<void> {
  await response.body.dump({ limit: 65_536 }).catch(() => undefined);
}

function header(response: Dispatcher.ResponseData, name: string): string | undefined {
  const value = response.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** A signal that aborts when the time is up or when `outer` does. */
function startDeadline({ clock, timeoutMs }: ClientOptions, outer: AbortSignal) {
  const controller = new AbortController();
  let passed = false;
  const stop = (): void => {
    controller.abort();
  };
  const cancel = clock.after(timeoutMs, () => {
    passed = true;
    stop();
  });
  if (outer.aborted) stop();
  outer.addEventListener('abort', stop, { once: true });
  return {
    signal: controller.signal,
    passed: () => passed,
    end() {
      cancel();
      outer.removeEventListener('abort', stop);
    },
  };
}
