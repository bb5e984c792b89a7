// From whatever went wrong to what a client is told: a code of the closed list, a message of ours, and whether to try
// again. What is not on the list is masked. No field error ever sets an HTTP status.

import { GraphQLError, type GraphQLErrorExtensions } from 'graphql';

import { ERROR_CODES, GatewayError, statusOf, type ErrorCode } from '../errors.js';

export interface ClientError {
  readonly error: GraphQLError;
  readonly code: ErrorCode;
  /** For the log: what was behind the code. */
  readonly reason: string | undefined;
  /** Set when the client is not told what it was, because it is a defect of the gateway. */
  readonly defect?: unknown;
}

/** `isRequestError`: the answer has no `data`. */
export function toClientError(thrown: unknown, requestId: string, isRequestError: boolean): ClientError {
  const error = thrown instanceof GraphQLError ? thrown : new GraphQLError('', { originalError: thrown as Error });
  const known = findGatewayError(error);
  const code = known?.code ?? codeOf(error, isRequestError);
  const message = known?.message ?? (code === undefined ? undefined : shorten(error.message));
  const finalCode = code ?? 'INTERNAL_SERVER_ERROR';
  const { retryable } = ERROR_CODES[finalCode];
  const extensions: GraphQLErrorExtensions = { code: finalCode, retryable, requestId };
  if (known?.retryAfterMs !== undefined) extensions.retryAfterMs = known.retryAfterMs;
  if (isRequestError) extensions.http = toHttp(error, finalCode);
  return {
    code: finalCode,
    reason: known?.reason,
    error: new GraphQLError(message ?? ERROR_CODES[finalCode].message, {
      nodes: error.nodes ?? null,
      source: error.source ?? null,
      positions: error.positions ?? null,
      path: error.path ?? null,
      extensions,
    }),
    ...(code === undefined ? { defect: error.originalError ?? error } : {}),
  };
}

/** Status and headers, for Yoga to set. */
function toHttp(error: GraphQLError, code: ErrorCode) {
  const { headers } = (error.extensions.http ?? {}) as { headers?: Record<string, string> };
  // `spec` keeps the status 200 where a client accepts application/json alone: the document was received well, only
  // it is no valid GraphQL (GraphQL over HTTP, "application/json").
  const isAboutDocument = code === 'GRAPHQL_PARSE_FAILED' || code === 'GRAPHQL_VALIDATION_FAILED';
  return { status: statusOf(code), ...(headers && { headers }), ...(isAboutDocument && { spec: true }) };
}

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
  // graphql gives no code to a variable or an argument that does not fit its type. What a *value of ours* did wrong
  // while it was written out has no node of the document.
  const about = isRequestError ? error : error.originalError;
  const isAboutInput = about instanceof GraphQLError && about.nodes !== undefined && isGraphQL(about.originalError);
  return isAboutInput ? 'BAD_USER_INPUT' : undefined;
}

function isGraphQL(cause: Error | undefined): boolean {
  return cause === undefined || cause instanceof GraphQLError;
}

/** graphql's messages repeat the value they are about; its beginning and the rule at the end are enough. */
function shorten(message: string): string {
  return message.length <= 600 ? message : `${message.slice(0, 200)} … ${message.slice(-300)}`;
}
