// Gives every error of every response its public form, and logs defects of the gateway.

import { GraphQLError, type ExecutionResult } from 'graphql';
import type { Logger } from 'pino';

import { describeDefect } from '../../errors.js';
import type { GraphQLRequest } from '../graphql-request.js';
import { DocumentError } from '../steps/resolve-operation.js';
import { toClientError, type RewriteMessage } from './client-errors.js';

export interface ErrorFormat {
  readonly logger: Logger;
  readonly rewriteMessage: RewriteMessage;
}

/** The result of a request that a step refused with `error`. */
export function toErrorResult(error: unknown): ExecutionResult {
  if (error instanceof DocumentError) return { errors: error.errors };
  return { errors: [error instanceof GraphQLError ? error : new GraphQLError('', { originalError: error as Error })] };
}

/** The result with its errors in public form. Sets `request.errors`, for log and metrics. */
export function formatErrors(result: ExecutionResult, request: GraphQLRequest, format: ErrorFormat): ExecutionResult {
  if (result.errors === undefined) return result;
  const { data, ...rest } = result;
  // Errors of fields have a path. Without an operation of the type in the schema, graphql-js adds `data: null`.
  const isRequestError = data == null && result.errors.every(({ path }) => path === undefined);
  const options = { isRequestError, rewriteMessage: format.rewriteMessage };
  const formatted = result.errors.map((error) => toClientError(error, request.id, options));
  for (const { defect } of formatted) if (defect !== undefined) logDefect(format.logger, defect, request.id);
  request.errors = formatted.map(({ code, reason }) => ({ code, reason }));
  return { ...(isRequestError ? rest : result), errors: formatted.map(({ error }) => error) };
}

/** Logs an unexpected error without its message, which may quote data. */
export function logDefect(logger: Logger, defect: unknown, requestId: string): void {
  logger.error({ requestId, error: describeDefect(defect) }, 'unexpected error');
}
