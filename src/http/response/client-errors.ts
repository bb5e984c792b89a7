// Turns any error into the one that the client gets: a code of the closed list, its message, and whether to try again. All
// other errors are masked. No field error ever sets an HTTP status.

import { GraphQLError, Kind, type GraphQLErrorExtensions } from 'graphql';

import { ERROR_CODES, GatewayError, statusOf, type ErrorCode } from '../../errors.js';
import { TooManyErrors } from '../../execution/field-errors.js';

/** Changes a message of graphql-js for the client. */
export type RewriteMessage = (message: string) => string;

/**
 * The error for the client, its code and reason for the log, and the defect that it masks, if it is one.
 * @param options `isRequestError`: the response has no `data`.
 */
export function toClientError(
  thrown: unknown,
  requestId: string,
  {
    isRequestError,
    rewriteMessage = (message) => message,
  }: { isRequestError: boolean; rewriteMessage?: RewriteMessage },
) {
  const error = thrown instanceof GraphQLError ? thrown : new GraphQLError('', { originalError: thrown as Error });
  const known = findGatewayError(error) ?? (isRequestError ? findStackOverflow(error) : undefined);
  const publicCode = known?.code ?? codeOf(error, isRequestError);
  const code = publicCode ?? 'INTERNAL_SERVER_ERROR';
  const extensions: GraphQLErrorExtensions = { code, retryable: ERROR_CODES[code].retryable, requestId };
  if (known?.retryAfterMs !== undefined) extensions.retryAfterMs = known.retryAfterMs;
  if (isRequestError) extensions.http = toHttp(error, code, known?.retryAfterMs);
  const message =
    error instanceof TooManyErrors ? error.message : (known?.message ?? messageOf(error, code, rewriteMessage));
  return {
    code,
    reason: known?.reason,
    error: new GraphQLError(message, {
      nodes: error.nodes ?? null,
      source: error.source ?? null,
      positions: error.positions ?? null,
      path: error.path ?? null,
      extensions,
    }),
    defect: publicCode === undefined ? (error.originalError ?? error) : undefined,
  };
}

/** The JSON body of a response that is one error. */
export function toErrorBody(thrown: GatewayError, requestId: string): string {
  const { message, extensions } = toClientError(thrown, requestId, { isRequestError: true }).error;
  const { http: _, ...shown } = extensions;
  return JSON.stringify({ errors: [{ message, extensions: shown }] });
}

/** The status and headers of a response without data, from `extensions.http` of its errors. Header names and values alternate. */
export function toStatusAndHeaders(errors: readonly GraphQLError[], isJson: boolean) {
  let status = 0;
  const headers = new Map<string, string>();
  for (const { extensions } of errors) {
    const http = extensions.http as ReturnType<typeof toHttp> | undefined;
    for (const [name, value] of Object.entries(http?.headers ?? {})) headers.set(name, value);
    if (http !== undefined && !(isJson && http.isOkForJson)) status = Math.max(status, http.status);
  }
  return { status: status === 0 ? 200 : status, headers: [...headers].flat() };
}

/** Codes whose errors keep the message of graphql-js: it is about what the client wrote. */
const MESSAGE_OF_GRAPHQL: readonly ErrorCode[] = [
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'BAD_USER_INPUT',
];

function messageOf({ message }: GraphQLError, code: ErrorCode, rewriteMessage: RewriteMessage): string {
  return MESSAGE_OF_GRAPHQL.includes(code) ? shorten(rewriteMessage(message)) : ERROR_CODES[code].message;
}

/** graphql's parser and validation recurse for each level of nesting. Every other RangeError is a defect. */
function findStackOverflow({ originalError }: GraphQLError): GatewayError | undefined {
  if (!(originalError instanceof RangeError) || !originalError.message.includes('call stack')) return undefined;
  return new GatewayError('GRAPHQL_PARSE_FAILED', { message: 'The document is nested too deeply.' });
}

const HEADERS: Partial<Record<ErrorCode, Readonly<Record<string, string>>>> = {
  METHOD_NOT_ALLOWED: { allow: 'GET, POST' },
  // The unread rest of the body would precede the next request on the connection.
  REQUEST_ENTITY_TOO_LARGE: { connection: 'close' },
  UNAUTHENTICATED: { 'www-authenticate': 'Bearer' },
};

/** The status and the headers of a response that has only errors. */
function toHttp(error: GraphQLError, code: ErrorCode, retryAfterMs: number | undefined) {
  // Whole seconds (RFC 9110, section 10.2.3), rounded up.
  const retryAfter = retryAfterMs === undefined ? undefined : { 'retry-after': `${Math.ceil(retryAfterMs / 1000)}` };
  const kind = error.nodes?.[0]?.kind ?? Kind.OPERATION_DEFINITION;
  const isAboutInput = code === 'BAD_USER_INPUT' && kind !== Kind.OPERATION_DEFINITION;
  return {
    status: statusOf(code),
    headers: { ...HEADERS[code], ...retryAfter },
    /** The request is well-formed, so the status is 200 for application/json (GraphQL over HTTP, "application/json"). */
    isOkForJson: ABOUT_DOCUMENT.includes(code) || isAboutInput,
  };
}

/** An unknown hash is one: @apollo/gateway sends the text only after a 200, as Apollo Server gives. */
const ABOUT_DOCUMENT: readonly ErrorCode[] = [
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'PERSISTED_QUERY_NOT_FOUND',
];

function findGatewayError(error: Error | undefined): GatewayError | undefined {
  if (error instanceof GatewayError) return error;
  return error instanceof GraphQLError ? findGatewayError(error.originalError) : undefined;
}

/** The code of an error that graphql-js or Yoga raised about the request; undefined for a defect. */
function codeOf(error: GraphQLError, isRequestError: boolean): ErrorCode | undefined {
  const { code } = error.extensions;
  if (typeof code === 'string' && Object.hasOwn(ERROR_CODES, code)) return code as ErrorCode;
  // graphql-js gives no code to a variable or an argument of another type. In execution only an error about an input has a
  // node of the document; an error about a value of a resolver has none.
  const about = isRequestError ? error : error.originalError;
  if (!(about instanceof GraphQLError) || (!isRequestError && about.nodes === undefined)) return undefined;
  const { originalError: cause } = about;
  return cause === undefined || cause instanceof GraphQLError ? 'BAD_USER_INPUT' : undefined;
}

/** Messages of graphql-js repeat the value that they are about; its beginning and the rule at the end are enough. */
function shorten(message: string): string {
  return message.length <= 600 ? message : `${message.slice(0, 200)} … ${message.slice(-300)}`;
}
