// The last word on errors: every error of every answer leaves in our form, and defects of the gateway go to the log.

import { GraphQLError, type DocumentNode, type ExecutionResult } from 'graphql';
import type { Logger } from 'pino';

import { ERROR_CODES, GatewayError } from '../../errors.js';
import { toClientError, toErrorBody } from './client-errors.js';
import { findInputPath } from './input-path.js';
import { describeDefect } from '../../telemetry/defect.js';
import type { DoorPlugin, RequestState } from '../request-state.js';

/** Puts every error into the form of the README's table; unexpected ones are masked and logged. */
export function useErrorFormat(format: ErrorFormat): DoorPlugin {
  return {
    // Yoga's parsers let the error of a JSON.parse through, which would be a defect of ours.
    onRequestParse({ requestParser, setRequestParser }) {
      if (requestParser === undefined) return;
      setRequestParser(async (request) => {
        try {
          return await requestParser(request);
        } catch (error) {
          if (!(error instanceof SyntaxError)) throw error;
          throw new GatewayError('BAD_USER_INPUT', { message: 'variables and extensions must be valid JSON.' });
        }
      });
    },
    // A refused literal is known by its place in the document; a variable's path is in graphql's own message.
    onValidate({ params }) {
      return ({ valid, result, setResult }) => {
        if (!valid)
          setResult(result.map((error) => nameInput(error as GraphQLError, params.documentAST as DocumentNode)));
      };
    },
    onResultProcess({ request, result, setResult, serverContext }) {
      if (request.signal.aborted) return;
      setResult(formatErrors(result as ExecutionResult, serverContext.state, format));
    },
    // Yoga answers with a status alone where no media type suits.
    onResponse({ response, setResponse, serverContext, fetchAPI }) {
      const code = 'NOT_ACCEPTABLE';
      if (response.status !== ERROR_CODES[code].status || response.body !== null) return;
      serverContext.state.errors = [{ code, reason: undefined }];
      const headers = { ...Object.fromEntries(response.headers), 'content-type': 'application/json; charset=utf-8' };
      const body = toErrorBody(new GatewayError(code), serverContext.state.requestId);
      setResponse(new fetchAPI.Response(body, { status: response.status, headers }));
    },
  };
}

export interface ErrorFormat {
  readonly logger: Logger;
  /** Whether clients are not told what they may have meant. */
  readonly hidesSuggestions: boolean;
}

/** The result with its errors in our form, of which the state gets to know. */
export function formatErrors(result: ExecutionResult, state: RequestState, format: ErrorFormat): ExecutionResult {
  if (result.errors === undefined) return result;
  const { data, ...rest } = result;
  // A field's error has a path. One without is about the request, also where graphql adds `data: null`: then the
  // schema has no operation of that type.
  const isRequestError = data == null && result.errors.every(({ path }) => path === undefined);
  const options = { isRequestError, hidesSuggestions: format.hidesSuggestions };
  const formatted = result.errors.map((error) => toClientError(error, state.requestId, options));
  for (const { defect } of formatted) if (defect !== undefined) logDefect(format.logger, defect, state);
  state.errors = formatted;
  return { ...(isRequestError ? rest : result), errors: formatted.map(({ error }) => error) };
}

function nameInput(error: GraphQLError, document: DocumentNode): GraphQLError {
  const node = error.nodes?.[0];
  const path = error.extensions.code === 'BAD_USER_INPUT' && node !== undefined ? findInputPath(document, node) : '';
  if (path === '') return error;
  return new GraphQLError(`${path}: ${error.message}`, { nodes: error.nodes ?? null, extensions: error.extensions });
}

function logDefect(logger: Logger, defect: unknown, { requestId }: RequestState): void {
  logger.error({ requestId, error: describeDefect(defect) }, 'unexpected error');
}
