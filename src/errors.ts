// The closed list of error codes (`extensions.code`) and the errors that carry them. Every other error is a defect of
// the gateway: the HTTP layer masks it as INTERNAL_SERVER_ERROR. Messages are written here, never taken from upstream.

import type { RetryRule } from './concurrency/retry.js';

interface ErrorCodeFacts {
  /** The HTTP status of a response without `data`; undefined for errors of a field, whose responses have `data` and 200. */
  readonly status?: number;
  /** Whether the same operation, sent again unchanged, may succeed. */
  readonly retryable: boolean;
  /** The default message. */
  readonly message: string;
}

/** Every code that a client can get; the README has the same table. */
export const ERROR_CODES = {
  GRAPHQL_PARSE_FAILED: clientError(400, 'The GraphQL document has a syntax error.'),
  GRAPHQL_VALIDATION_FAILED: clientError(400, 'The operation is not valid against the schema.'),
  BAD_USER_INPUT: clientError(400, 'An input of the request is not valid.'),
  QUERY_TOO_COMPLEX: clientError(400, 'The operation exceeds a limit of the gateway. Select fewer rows or fields.'),
  MAX_TOKENS_LIMIT: clientError(400, 'The document is too long.'),
  MAX_DEPTH_LIMIT: clientError(400, 'The operation is nested too deeply.'),
  MAX_ALIASES_LIMIT: clientError(400, 'The operation has too many aliases.'),
  MAX_ROOT_FIELDS_LIMIT: clientError(400, 'The operation has too many root fields.'),
  // Apollo's clients recognize this text, and then send the operation with its hash.
  PERSISTED_QUERY_NOT_FOUND: clientError(400, 'PersistedQueryNotFound'),
  PERSISTED_QUERY_NOT_IN_LIST: clientError(400, 'Only operations on the list of trusted documents may run.'),
  UNAUTHENTICATED: clientError(401, 'A bearer token that ScaleOps accepts is required.'),
  FORBIDDEN: clientError(403, 'You do not have access to a requested resource.'),
  CSRF_BLOCKED: clientError(
    403,
    'Web pages of other sites may send requests only if GATEWAY_CORS_ORIGINS lists their origin.',
  ),
  METHOD_NOT_ALLOWED: clientError(405, 'Use GET or POST.'),
  NOT_ACCEPTABLE: clientError(406, 'Accept application/graphql-response+json, application/json or text/event-stream.'),
  REQUEST_ENTITY_TOO_LARGE: clientError(413, 'The request body is too large.'),
  UNSUPPORTED_MEDIA_TYPE: clientError(415, 'Send the request body as application/json.'),
  RATE_LIMITED: { status: 429, ...temporary('Too many requests. Try again later.') },
  INTERNAL_SERVER_ERROR: { status: 500, ...permanent('The gateway failed unexpectedly.') },
  UPSTREAM_UNAVAILABLE: temporary('ScaleOps could not be reached.'),
  UPSTREAM_TIMEOUT: temporary('ScaleOps did not answer in time.'),
  UPSTREAM_ERROR: temporary('ScaleOps failed to produce the report.'),
  UPSTREAM_RATE_LIMITED: temporary('ScaleOps limits the rate of requests.'),
  UPSTREAM_BAD_RESPONSE: temporary('The response of ScaleOps is not a cost report.'),
  UPSTREAM_RESPONSE_TOO_LARGE: permanent('The report is larger than the gateway reads. Narrow the filter.'),
  UPSTREAM_UNAUTHENTICATED: permanent("ScaleOps refused the gateway's own credentials."),
  UPSTREAM_FORBIDDEN: permanent('ScaleOps does not allow this report.'),
  UPSTREAM_NOT_FOUND: permanent('ScaleOps does not know the path of this report.'),
  UPSTREAM_REJECTED: permanent('ScaleOps refused the parameters of this report.'),
  CIRCUIT_OPEN: temporary('ScaleOps has failed repeatedly; requests are suspended (circuit breaker open).'),
  OVERLOADED: { status: 503, ...temporary('Too many concurrent upstream requests. Try again later.') },
  SHUTTING_DOWN: { status: 503, ...temporary('The gateway is shutting down.') },
  REQUEST_TIMEOUT: { status: 504, ...temporary('The operation exceeded its time limit.') },
} satisfies Record<string, ErrorCodeFacts>;

function clientError(status: number, message: string) {
  return { status, ...permanent(message) };
}

function permanent(message: string) {
  return { retryable: false, message };
}

function temporary(message: string) {
  return { retryable: true, message };
}

/** The HTTP status of a response without `data`. */
export function statusOf(code: ErrorCode): number {
  const { status = 500 }: ErrorCodeFacts = ERROR_CODES[code];
  return status;
}

export type ErrorCode = keyof typeof ERROR_CODES;

interface GatewayErrorOptions {
  /** The message for the client; the default message of the code by default. */
  readonly message?: string;
  /** How long the client should wait before a retry, if known. */
  readonly retryAfterMs?: number | undefined;
  /** Only for the log: a short, fixed text or the code of a system error. Never text from outside. */
  readonly reason?: string;
}

/** An error whose message clients may see. */
export class GatewayError extends Error {
  override readonly name: string = 'GatewayError';
  readonly code: ErrorCode;
  readonly retryAfterMs: number | undefined;
  readonly reason: string | undefined;

  constructor(code: ErrorCode, options: GatewayErrorOptions = {}) {
    super(options.message ?? ERROR_CODES[code].message);
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
    this.reason = options.reason;
  }
}

/** The codes of calls to ScaleOps. UNAUTHENTICATED concerns the forwarded token of a caller. */
export type UpstreamErrorCode =
  Extract<ErrorCode, `UPSTREAM_${string}`> | 'UNAUTHENTICATED' | 'CIRCUIT_OPEN' | 'OVERLOADED';

/** Errors for which an older report may be served (stale-if-error, RFC 5861). */
const STALE_IF_ERROR: readonly ErrorCode[] = [
  'UPSTREAM_UNAVAILABLE',
  'UPSTREAM_TIMEOUT',
  'UPSTREAM_ERROR',
  'UPSTREAM_RATE_LIMITED',
  'UPSTREAM_BAD_RESPONSE',
  'CIRCUIT_OPEN',
  'OVERLOADED',
];
/** ScaleOps does not let this principal see the report. */
const AUTH_FAILURES: readonly ErrorCode[] = ['UPSTREAM_UNAUTHENTICATED', 'UNAUTHENTICATED', 'UPSTREAM_FORBIDDEN'];

interface UpstreamErrorOptions extends GatewayErrorOptions {
  /** Names the setting or input to look at; follows the message. */
  readonly hint?: string | undefined;
  /** Whether another attempt may help; never, by default. */
  readonly retry?: RetryRule;
  /** Whether an older report may be served instead; by default the code decides. */
  readonly allowsStale?: boolean;
}

/** A call to ScaleOps that returned no report. */
export class UpstreamError extends GatewayError {
  override readonly name = 'UpstreamError';
  readonly retry: RetryRule;
  readonly allowsStale: boolean;
  readonly isAuthFailure: boolean;

  constructor(code: UpstreamErrorCode, options: UpstreamErrorOptions = {}) {
    const { hint, message = ERROR_CODES[code].message, ...rest } = options;
    super(code, { ...rest, message: hint === undefined ? message : `${message} ${hint}` });
    this.retry = options.retry ?? 'never';
    this.allowsStale = options.allowsStale ?? STALE_IF_ERROR.includes(code);
    this.isAuthFailure = AUTH_FAILURES.includes(code);
  }
}

/** An input that breaks a rule: names the input's path (`filter.clusters.names[2]`) and the rule. */
export class UserInputError extends GatewayError {
  override readonly name = 'UserInputError';
  readonly inputPath: string;
  readonly rule: string;

  constructor(inputPath: string, rule: string) {
    super('BAD_USER_INPUT', { message: `${inputPath} ${rule}` });
    this.inputPath = inputPath;
    this.rule = rule;
  }

  /** The same error, with the path of the input that contains this one. */
  within(outerPath: string): UserInputError {
    return new UserInputError(this.inputPath === '' ? outerPath : `${outerPath}.${this.inputPath}`, this.rule);
  }
}

/** Describes an unexpected error for the log: name and stack frames, without the message, which may quote data. */
export function describeDefect(error: unknown): { readonly name: string; readonly frames: readonly string[] } {
  if (!(error instanceof Error)) return { name: typeof error, frames: [] };
  const frames = error.stack?.split('\n').filter((line) => /^\s+at /.test(line)) ?? [];
  return { name: error.name, frames };
}
