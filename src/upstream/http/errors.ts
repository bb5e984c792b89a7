// Maps the status of a response, or the error of a socket, to an error code of the gateway.

import { errors } from 'undici';

import { ERROR_CODES, UpstreamError, type UpstreamErrorCode } from '../../errors.js';

const CODE_OF_STATUS: Readonly<Record<number, UpstreamErrorCode>> = {
  401: 'UPSTREAM_UNAUTHENTICATED',
  403: 'UPSTREAM_FORBIDDEN',
  404: 'UPSTREAM_NOT_FOUND',
  // A web server may answer 405 to a POST on a path that it does not know.
  405: 'UPSTREAM_NOT_FOUND',
  408: 'UPSTREAM_TIMEOUT',
  429: 'UPSTREAM_RATE_LIMITED',
  502: 'UPSTREAM_UNAVAILABLE',
  503: 'UPSTREAM_UNAVAILABLE',
  504: 'UPSTREAM_TIMEOUT',
};

/** Statuses of temporary faults. 429 is retried if it has `Retry-After`. */
const RETRIED_STATUSES: readonly number[] = [408, 500, 502, 503, 504];

interface FailedResponse {
  readonly status: number;
  readonly location: string | undefined;
  readonly retryAfterMs: number | undefined;
  /** The setting that holds the path. */
  readonly pathSetting: string;
  /** The URL of the call: only a redirect within its origin can lead to a login page. */
  readonly url: URL;
}

/** The error for a response whose status is not 200. */
export function toStatusError(response: FailedResponse): UpstreamError {
  const { status, retryAfterMs, pathSetting } = response;
  const reason = `HTTP ${status}`;
  if (status >= 300 && status < 400) {
    if (isLoginPage(response)) return new UpstreamError('UPSTREAM_UNAUTHENTICATED', { reason });
    // The configured host has moved: cached reports come from another one.
    return new UpstreamError('UPSTREAM_BAD_RESPONSE', { reason, allowsStale: false });
  }
  const code = CODE_OF_STATUS[status] ?? codeOfOtherStatus(status);
  return new UpstreamError(code, {
    reason,
    hint: code === 'UPSTREAM_NOT_FOUND' ? `Check ${pathSetting}.` : undefined,
    retry: RETRIED_STATUSES.includes(status) || (status === 429 && retryAfterMs !== undefined) ? 'budget' : 'never',
    // `retryAfterMs` makes sense only for an error that may be retried.
    ...(ERROR_CODES[code].retryable && { retryAfterMs }),
  });
}

function codeOfOtherStatus(status: number): UpstreamErrorCode {
  if (status >= 500) return 'UPSTREAM_ERROR';
  return status >= 400 ? 'UPSTREAM_REJECTED' : 'UPSTREAM_BAD_RESPONSE';
}

/** Whether a redirect leads to a login page of the same host. */
function isLoginPage({ location, url }: FailedResponse): boolean {
  if (location === undefined || !URL.canParse(location, url.href)) return false;
  const target = new URL(location, url);
  return target.origin === url.origin && /login|log-in|signin|sign-in|auth/i.test(target.pathname);
}

/** Faults that a new connection may not have, unlike TLS errors. */
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
 * The error for a call that failed before its response was complete, with the code of a system error for the log. An error
 * without a code is a defect of the gateway, and returned unchanged.
 */
export function toTransportError(error: unknown): unknown {
  const reason = (error as { code?: unknown } | null)?.code;
  // The host does not speak HTTP. These errors have no code in undici 7, and quote the host.
  if (error instanceof errors.HTTPParserError || reason === 'UND_ERR_HEADERS_OVERFLOW') {
    return new UpstreamError('UPSTREAM_BAD_RESPONSE', { reason: 'not HTTP', retry: 'once' });
  }
  if (error instanceof UpstreamError || typeof reason !== 'string') return error;
  const timedOut = reason === 'ETIMEDOUT' || reason.endsWith('_TIMEOUT');
  const retry = RETRIED_REASONS.includes(reason) ? 'budget' : 'never';
  return new UpstreamError(timedOut ? 'UPSTREAM_TIMEOUT' : 'UPSTREAM_UNAVAILABLE', { reason, retry });
}

const HTTP_DATE = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/;

/** A longer wait is treated as a mistake of the host. */
const MAX_RETRY_AFTER_MS = 3_600_000;

/**
 * Parses `Retry-After`, in seconds or as an HTTP date (RFC 9110, section 10.2.3), into milliseconds, at most an hour.
 * Undefined for anything else.
 */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d+$/.test(value)) return Math.min(Number(value) * 1000, MAX_RETRY_AFTER_MS);
  // Date.parse alone would accept "Wat, 1" as a day in 2001.
  const date = HTTP_DATE.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.min(Math.max(0, date - nowMs), MAX_RETRY_AFTER_MS);
}
