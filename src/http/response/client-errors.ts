// From whatever went wrong to what a client is told: a code of the closed list, a message of ours, and whether to try
// again. What is not on the list is masked. No field error ever sets an HTTP status.

import { GraphQLError, Kind, type GraphQLErrorExtensions } from 'graphql';

import { ERROR_CODES, GatewayError, statusOf, type ErrorCode } from '../../errors.js';
import { TooManyErrors } from '../../execution/field-errors.js';

/** Changes a message of graphql-js for the client. */
export type Explain = (message: string) => string;

/**
 * The error for the client; for the log its code and what was behind it; and the defect that the client is not told of.
 * @param options `isRequestError`: the answer has no `data`. `explain` may change what graphql-js says about inputs.
 */
export function toClientError(
  thrown: unknown,
  requestId: string,
  { isRequestError, explain = (message) => message }: { isRequestError: boolean; explain?: Explain },
) {
  const error = thrown instanceof GraphQLError ? thrown : new GraphQLError('', { originalError: thrown as Error });
  const known = findGatewayError(error) ?? (isRequestError ? findStackOverflow(error) : undefined);
  const foundCode = known?.code ?? codeOf(error, isRequestError);
  const code = foundCode ?? 'INTERNAL_SERVER_ERROR';
  const extensions: GraphQLErrorExtensions = { code, retryable: ERROR_CODES[code].retryable, requestId };
  if (known?.retryAfterMs !== undefined) extensions.retryAfterMs = known.retryAfterMs;
  if (isRequestError) extensions.http = toHttp(error, code, known?.retryAfterMs);
  return {
    code,
    reason: known?.reason,
    error: new GraphQLError(toMessage(error, known, code, explain), {
      nodes: error.nodes ?? null,
      source: error.source ?? null,
      positions: error.positions ?? null,
      path: error.path ?? null,
      extensions,
    }),
    defect: foundCode === undefined ? (error.originalError ?? error) : undefined,
  };
}

/** The JSON body of a response that is one error. */
export function toErrorBody(thrown: GatewayError, requestId: string): string {
  const { message, extensions } = toClientError(thrown, requestId, { isRequestError: true }).error;
  const { http: _, ...shown } = extensions;
  return JSON.stringify({ errors: [{ message, extensions: shown }] });
}

/**
 * How a response without data is answered: `extensions.http` of its errors, taken together. The headers are names and
 * values, alternating.
 */
export function toHttpOfErrors(errors: readonly GraphQLError[], isJson: boolean) {
  let status = 0;
  const headers = new Map<string, string>();
  for (const { extensions } of errors) {
    const http = extensions.http as ReturnType<typeof toHttp> | undefined;
    for (const [name, value] of Object.entries(http?.headers ?? {})) headers.set(name, value);
    // A client that knows no media type of GraphQL learns from the status only whether the request was received well.
    if (http !== undefined && !(isJson && 'spec' in http)) status = Math.max(status, http.status);
  }
  return { status: status === 0 ? 200 : status, headers: [...headers].flat() };
}

function toMessage(error: GraphQLError, known: GatewayError | undefined, code: ErrorCode, explain: Explain): string {
  return error instanceof TooManyErrors ? error.message : (known?.message ?? messageOf(error, code, explain));
}

/** graphql's own words are about what the client wrote, and are let through where they say more than ours. */
function messageOf({ message }: GraphQLError, code: ErrorCode, explain: Explain): string {
  if (!OWN_WORDS.includes(code)) return ERROR_CODES[code].message;
  return shorten(explain(message));
}

const OWN_WORDS: readonly ErrorCode[] = ['GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED', 'BAD_USER_INPUT'];

/**
 * graphql's parser and validation call themselves for each level of nesting: a few thousand are too many. Every other
 * RangeError is a defect.
 */
function findStackOverflow({ originalError }: GraphQLError): GatewayError | undefined {
  if (!(originalError instanceof RangeError) || !originalError.message.includes('call stack')) return undefined;
  return new GatewayError('GRAPHQL_PARSE_FAILED', { message: 'The document is nested too deeply.' });
}

/** The status and the headers of a response that has only errors. */
function toHttp(error: GraphQLError, code: ErrorCode, retryAfterMs: number | undefined) {
  const { headers } = (error.extensions.http ?? {}) as { headers?: Record<string, string> };
  // The rest of a body that nobody reads would be in the way of the connection's next request.
  const closing = code === 'REQUEST_ENTITY_TOO_LARGE' ? { connection: 'close' } : undefined;
  const allow = code === 'METHOD_NOT_ALLOWED' ? { allow: 'GET, POST' } : undefined;
  const challenge = code === 'UNAUTHENTICATED' ? { 'www-authenticate': 'Bearer' } : undefined;
  // Whole seconds (RFC 9110, section 10.2.3), and none too few.
  const wait = retryAfterMs === undefined ? undefined : { 'retry-after': `${Math.ceil(retryAfterMs / 1000)}` };
  // `spec` keeps the status 200 where a client accepts only application/json: the request was received well, and its
  // document or an input is not valid (GraphQL over HTTP, "application/json").
  const kind = error.nodes?.[0]?.kind ?? Kind.OPERATION_DEFINITION;
  const isAboutInput = code === 'BAD_USER_INPUT' && kind !== Kind.OPERATION_DEFINITION;
  return {
    status: statusOf(code),
    headers: { ...allow, ...headers, ...closing, ...challenge, ...wait },
    ...((ABOUT_DOCUMENT.includes(code) || isAboutInput) && { spec: true }),
  };
}

/** An unknown hash is among them: @apollo/gateway sends the text only after a 200, as Apollo Server gives. */
const ABOUT_DOCUMENT: readonly ErrorCode[] = [
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'PERSISTED_QUERY_NOT_FOUND',
];

function findGatewayError(error: Error | undefined): GatewayError | undefined {
  if (error instanceof GatewayError) return error;
  return error instanceof GraphQLError ? findGatewayError(error.originalError) : undefined;
}

/** The code of an error that graphql or Yoga raised about the request; undefined for a defect. */
function codeOf(error: GraphQLError, isRequestError: boolean): ErrorCode | undefined {
  const { code, http } = error.extensions as { code?: unknown; http?: { status?: number } };
  if (http?.status === 405) return 'METHOD_NOT_ALLOWED';
  if (typeof code === 'string' && Object.hasOwn(ERROR_CODES, code)) return code as ErrorCode;
  if (code === 'BAD_REQUEST' || code === 'OPERATION_RESOLUTION_FAILURE') return 'BAD_USER_INPUT';
  // graphql gives no code to a variable or an argument that does not fit its type. In execution only an error about an
  // input has a node of the document; one about a *value of ours*, while it is written out, has none.
  const about = isRequestError ? error : error.originalError;
  const isAboutInput = about instanceof GraphQLError && (isRequestError || about.nodes !== undefined);
  return isAboutInput && isGraphQL(about.originalError) ? 'BAD_USER_INPUT' : undefined;
}

function isGraphQL(cause: Error | undefined): boolean {
  return cause === undefined || cause instanceof GraphQLError;
}

/** graphql's messages repeat the value they are about; its beginning and the rule at the end are enough. */
function shorten(message: string): string {
  return message.length <= 600 ? message : `${message.slice(0, 200)} … ${message.slice(-300)}`;
}
