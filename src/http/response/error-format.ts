// Gives every error of every response its public form, and logs defects of the gateway.

import { GraphQLError, type ExecutionResult } from 'graphql';
import type { Logger } from 'pino';

import { describeDefect } from '../../errors.js';
import type { GraphQLRequest } from '../graphql-request.js';
import { DocumentError } from '../steps/resolve-operation.js';
import { toClientError, type Explain } from './client-errors.js';

export interface ErrorFormat {
  readonly logger: Logger;
  /** What clients are told of a message of graphql-js. */
  readonly explain: Explain;
}

/** The result of a request that ended with an error before there was any. */
export function toErrorResult(error: unknown): ExecutionResult {
  if (error instanceof DocumentError) return { errors: error.errors };
  const own = error instanceof GraphQLError ? error : new GraphQLError('', { originalError: error as Error });
  return { errors: [own] };
}

/** The result with its errors in public form. The request gets to know their codes, for log and metrics. */
export function formatErrors(result: ExecutionResult, request: GraphQLRequest, format: ErrorFormat): ExecutionResult {
  if (result.errors === undefined) return result;
  const { data, ...rest } = result;
  // An error of a field has a path. One without is about the request, also when graphql-js adds `data: null`: then the
  // schema has no operation of that type.
  const isRequestError = data == null && result.errors.every(({ path }) => path === undefined);
  const options = { isRequestError, explain: format.explain };
  const formatted = result.errors.map((error) => toClientError(error, request.id, options));
  for (const { defect } of formatted) if (defect !== undefined) logDefect(format.logger, defect, request.id);
  request.errors = formatted.map(({ code, reason }) => ({ code, reason }));
  return { ...(isRequestError ? rest : result), errors: formatted.map(({ error }) => error) };
}

/** Logs the kind of the error and where it was thrown. Its message may quote data, and stays out. */
export function logDefect(logger: Logger, defect: unknown, requestId: string): void {
  logger.error({ requestId, error: describeDefect(defect) }, 'unexpected error');
}
