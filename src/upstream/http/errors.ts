// What a failed call means: from a status, or from the error of a socket, to one of our codes. The one table of it.

import { errors } from 'undici';

import { ERROR_CODES, UpstreamError, type UpstreamErrorCode } from '../../errors.js';

const CODE_OF_STATUS: Readonly<Record<number, UpstreamErrorCode>> = {
  400: 'UPSTREAM_REJECTED',
  401: 'UPSTREAM_UNAUTHENTICATED',
  403: 'UPSTREAM_FORBIDDEN',
  404: 'UPSTREAM_NOT_FOUND',
  // A host that serves pages takes no POST on a path that it does not know.
  405: 'UPSTREAM_NOT_FOUND',
  408: 'UPSTREAM_TIMEOUT',
  422: 'UPSTREAM_REJECTED',
  429: 'UPSTREAM_RATE_LIMITED',
  500: 'UPSTREAM_ERROR',
  502: 'UPSTREAM_UNAVAILABLE',
  503: 'UPSTREAM_UNAVAILABLE',
  504: 'UPSTREAM_TIMEOUT',
};

/** Statuses of a host that may be well again in a moment. 429 is one when it says when. */
const RETRIED_STATUSES: readonly number[] = [408, 500, 502, 503, 504];

interface FailedAnswer {
  readonly status: number;
  readonly location: string | undefined;
  readonly retryAfterMs: number | undefined;
  /** The setting that holds the path which was called. */
  readonly pathSetting: string;
  /** Where the call went, to tell a login page of that host from a foreign one. */
  readonly url: URL;
}

/** The error for an answer whose status is not 200. */
export function toStatusError(answer: FailedAnswer): UpstreamError {
  const { status, retryAfterMs, pathSetting } = answer;
  const reason = `HTTP ${status}`;
  if (status >= 300 && status < 400) {
    if (isLoginPage(answer)) return new UpstreamError('UPSTREAM_UNAUTHENTICATED', { reason });
    // Sent somewhere else: that host is not the one that gave the older report.
    return new UpstreamError('UPSTREAM_BAD_RESPONSE', { reason, allowsStale: false });
  }
  const code = CODE_OF_STATUS[status] ?? otherStatus(status);
  return new UpstreamError(code, {
    reason,
    hint: code === 'UPSTREAM_NOT_FOUND' ? `Check ${pathSetting}.` : undefined,
    retry: RETRIED_STATUSES.includes(status) || (status === 429 && retryAfterMs !== undefined) ? 'budget' : 'never',
    // Only who may try again is told when.
    ...(ERROR_CODES[code].retryable && { retryAfterMs }),
  });
}

function otherStatus(status: number): UpstreamErrorCode {
  if (status >= 500) return 'UPSTREAM_ERROR';
  return status >= 400 ? 'UPSTREAM_REJECTED' : 'UPSTREAM_BAD_RESPONSE';
}

/** A redirect within the host, to where one logs in. A redirect elsewhere is never taken for that. */
function isLoginPage({ location, url }: FailedAnswer): boolean {
  if (location === undefined || !URL.canParse(location, url.href)) return false;
  const target = new URL(location, url);
  return target.origin === url.origin && /login|log-in|signin|sign-in|auth/i.test(target.pathname);
}

/** Faults of a connection that the next connection may not have. Those of TLS, for one, it has. */
const RETRIED_REASONS: readonly string[] = [
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'UND_ERR_SOCKET',
];

/**
 * The error for a call that broke before it had a whole answer. Only a system error's code is kept, for the log. What
 * has no such code did not come from a socket: it is a defect of ours, given back as it is.
 */
export function toTransportError(error: unknown): unknown {
  const reason = (error as { code?: unknown } | null)?.code;
  // What the peer speaks is not HTTP. The parser's errors come without their code in undici 7, and quote the peer.
  if (error instanceof errors.HTTPParserError || reason === 'UND_ERR_HEADERS_OVERFLOW') {
    return new UpstreamError('UPSTREAM_BAD_RESPONSE', { reason: 'not HTTP', retry: 'once' });
  }
  if (error instanceof UpstreamError || typeof reason !== 'string') return error;
  const timedOut = reason === 'ETIMEDOUT' || reason.endsWith('_TIMEOUT');
  const retry = RETRIED_REASONS.includes(reason) ? 'budget' : 'never';
  return new UpstreamError(timedOut ? 'UPSTREAM_TIMEOUT' : 'UPSTREAM_UNAVAILABLE', { reason, retry });
}

const HTTP_DATE = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/;

/** Nobody waits longer: a date far off is a mistake. */
const MAX_RETRY_AFTER_MS = 3_600_000;

/**
 * `Retry-After` in milliseconds, at most an hour: seconds or an HTTP date (RFC 9110, section 10.2.3); undefined when it
 * is neither.
 */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d+$/.test(value)) return Math.min(Number(value) * 1000, MAX_RETRY_AFTER_MS);
  // Date.parse alone would take "Wat, 1" for a day in 2001.
  const date = HTTP_DATE.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.min(Math.max(0, date - nowMs), MAX_RETRY_AFTER_MS);
}
