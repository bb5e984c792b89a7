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
import { startDeadline } from './deadline.js';
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

/** A host that is there answers sooner; and what still connects holds up the process when it stops. */
const CONNECT_MS = 5_000;
/** What reading the rest of an answer may cost, to save a connection. The caller does not wait for it. */
const DISCARD_BYTES = 65_536;
const DISCARD_MS = 1_000;

export function createScaleOpsClient(options: ClientOptions): ScaleOpsClient {
  const base = new URL(options.url);
  const pool = new Pool(base.origin, {
    connections: options.connections,
    // Off: the deadline below covers what these cover, and the waiting for a connection besides.
    headersTimeout: 0,
    bodyTimeout: 0,
    connectTimeout: Math.min(options.timeoutMs, CONNECT_MS),
  });
  return {
    async fetchReport(request, principal, signal) {
      const deadline = startDeadline(options.clock, options.timeoutMs, signal);
      try {
        return await deadline.race(callUpstream(pool, base, options, { request, principal, signal: deadline.signal }));
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
  const { pathSetting } = ENDPOINTS[request.report];
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
    discard(response, options.clock);
    throw toStatusError({
      status: response.statusCode,
      location: header(response, 'location'),
      retryAfterMs: parseRetryAfter(header(response, 'retry-after'), options.clock.now()),
      pathSetting,
      url,
    });
  }
  const text = await readText(response.body, header(response, 'content-encoding'), options.maxResponseBytes);
  const { report, droppedNumbers } = parseReport(text, pathSetting);
  if (droppedNumbers > 0) options.onDroppedNumbers(request.report, droppedNumbers);
  return report;
}

/** Text that is a whole report, or the error that says what it is instead. JSON.parse's own message quotes the text. */
function parseReport(text: string, pathSetting: string): DecodedReport {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    const start = text.slice(0, 65_536);
    if (/^\s*</.test(start)) {
      if (LOGIN_PAGE.test(start)) throw unauthenticated('a login page');
      throw new UpstreamError('UPSTREAM_BAD_RESPONSE', { reason: 'a page', hint: `Check ${pathSetting}.` });
    }
    throw new UpstreamError('UPSTREAM_BAD_RESPONSE', { reason: text === '' ? 'empty body' : 'not JSON' });
  }
  if (isErrorAnswer(json)) throw new UpstreamError('UPSTREAM_ERROR', { reason: 'an error with HTTP 200' });
  try {
    return decodeReport(json);
  } catch (error) {
    if (!(error instanceof ReportShapeError)) throw error;
    throw new UpstreamError('UPSTREAM_BAD_RESPONSE', { reason: error.message });
  }
}

// Not "catalog index", not "design inspiration".
const LOGIN_PAGE = /type\s*=\s*["']?password|(?<![a-z])(?:login|signin|(?:log|sign)[ -]in(?![a-z]))/i;

/** `{"error": …}`, also beside a list without rows: Go writes the empty fields of a struct too. */
function isErrorAnswer(json: unknown): boolean {
  const { error, aggregatedWorkloads: rows } = (json ?? {}) as { error?: unknown; aggregatedWorkloads?: unknown };
  return Boolean(error) && !(Array.isArray(rows) && rows.length > 0);
}

/** Lets go of a body that nobody reads: its connection is kept when the rest is little and comes soon, else closed. */
function discard({ body }: Dispatcher.ResponseData, clock: Clock): void {
  const cancel = clock.after(DISCARD_MS, () => body.destroy());
  void body
    .dump({ limit: DISCARD_BYTES })
    .catch(() => undefined)
    .finally(cancel);
}

function header(response: Dispatcher.ResponseData, name: string): string | undefined {
  const value = response.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
