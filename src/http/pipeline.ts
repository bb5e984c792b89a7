// The steps that every GraphQL request passes, in order, whatever its form: POST or GET, text, hash or id of a document, for
// the first time or not. src/README.md has a picture of them, with the error codes that each step can end in.

import type { ExecutionResult } from 'graphql';

import type { Clock } from '../clock.js';
import { Deadline } from '../concurrency/deadline.js';
import { GatewayError } from '../errors.js';
import type { Values } from '../execution/coerce-inputs.js';
import { GraphQLRequest } from './graphql-request.js';
import { EMPTY_BODY, type HttpRequest, type HttpResponse } from './http-message.js';
import { toOutcome, type RequestObservation, type RequestObserver } from './instrumentation.js';
import type { LogOperation } from './operation-log.js';
import { toResponseKey, type CachedResponses } from './operations/cached-responses.js';
import type { Responder } from './respond.js';
import { reportFailure } from './response/body.js';
import { hasNoCacheDirective } from './response/cache-headers.js';
import { chooseEncoding } from './response/compress.js';
import { toErrorResult } from './response/error-format.js';
import type { Encoding, ResponseFormat } from './response/format.js';
import type { ShutdownGate } from './shutdown-gate.js';
import type { LimitCost } from './steps/limit-cost.js';
import type { LimitRate } from './steps/limit-rate.js';
import { checkOrigin } from './steps/check-origin.js';
import type { Execute } from './steps/execute.js';
import type { InlineTrace } from './steps/inline-trace.js';
import { readParameters } from './steps/read-parameters.js';
import { DocumentError, type ResolvedOperation, type ResolveOperation } from './steps/resolve-operation.js';
import type { HeadersByName } from '../auth/authentication.js';

/** 256 KiB: enough for any operation with lists of 1,000 names. */
const MAX_BODY_BYTES = 262_144;

/** For the log alone: the status that nginx gives a request whose client left before the response. */
const CLIENT_CLOSED_REQUEST: HttpResponse = { status: 499, headers: [], body: EMPTY_BODY };

export interface PipelineOptions {
  readonly clock: Clock;
  /** How long a request may take from its arrival, in milliseconds; Infinity for no limit. */
  readonly timeoutMs: number;
  /** The origins whose pages may send requests (GATEWAY_CORS_ORIGINS). */
  readonly origins: readonly string[];
  readonly steps: PipelineSteps;
  readonly responses: CachedResponses;
  readonly responder: Responder;
  readonly log: LogOperation;
  readonly observer: RequestObserver | undefined;
  /** Logs an error that is a defect of the gateway. */
  readonly onDefect: (error: unknown, requestId: string) => void;
}

/** The steps that depend on the configuration. */
export interface PipelineSteps {
  readonly toFormat: (headers: HeadersByName) => ResponseFormat;
  readonly shutdownGate: ShutdownGate;
  readonly authenticate: (request: GraphQLRequest) => Promise<void>;
  readonly limitRate: LimitRate;
  readonly resolveOperation: ResolveOperation;
  readonly limitCost: LimitCost;
  readonly execute: Execute;
  /** Undefined where no router of a supergraph may ask for traces. */
  readonly inlineTrace: InlineTrace | undefined;
}

export type Pipeline = (http: HttpRequest) => Promise<HttpResponse>;

export function createPipeline(options: PipelineOptions): Pipeline {
  const { steps, clock, onDefect } = options;
  const respond = createRespond(options);
  return async (http) => {
    const deadline = new Deadline(clock, options.timeoutMs, {
      caller: http,
      toError: () => new GatewayError('REQUEST_TIMEOUT'),
    });
    const request = new GraphQLRequest(http, steps.toFormat(http.headers), deadline, clock.now());
    try {
      const response = await respond(request);
      const body = reportFailure(response.body, (error) => {
        onDefect(error, request.id);
      });
      return {
        ...response,
        body,
        onEnd: () => {
          request.end();
        },
      };
    } catch (error) {
      request.end();
      throw error;
    } finally {
      // From here on the client decides how long it takes.
      deadline.end();
    }
  };
}

/** Answers, logs and counts. Rejects only for a defect in the refusal, the log or the metrics: the handler answers that. */
function createRespond(options: PipelineOptions) {
  const { steps, responder, observer, log, clock } = options;
  const answer = createAnswer(options);
  return async (request: GraphQLRequest): Promise<HttpResponse> => {
    const { http } = request;
    const observation = observer?.begin({ requestId: request.id, header: (name) => http.headers.get(name) });
    request.traceId = observation?.traceId ?? request.traceId;
    let status = 500;
    try {
      const response = await steps.shutdownGate
        .pass(() => answer(request, observation))
        // Nobody reads the errors of a request whose client has left, and they are no defects.
        .catch((error: unknown) =>
          http.hasLeft() ? CLIENT_CLOSED_REQUEST : responder.refused(request, toErrorResult(error)),
        );
      steps.limitRate.afterExecution(request);
      log(request, response.status);
      ({ status } = response);
      return response;
    } catch (error) {
      request.result = 'error';
      request.errors = [{ code: 'INTERNAL_SERVER_ERROR', reason: undefined }];
      throw error;
    } finally {
      observation?.end(toOutcome(request, status, clock.now()));
    }
  };
}

function createAnswer({ origins, steps, responses, responder }: PipelineOptions) {
  return async (request: GraphQLRequest, observation: RequestObservation | undefined): Promise<HttpResponse> => {
    const { http } = request;
    checkMethod(http.method);
    checkOrigin(http.headers, origins);
    steps.limitRate.beforeAuthentication(request);
    await steps.authenticate(request);
    steps.limitRate.afterAuthentication(request);
    checkFormat(request.format);
    const parameters = await readParameters(http, MAX_BODY_BYTES);
    const operation = await steps.resolveOperation(parameters);
    request.operation = operation.facts;
    checkOperationType(http.method, operation);
    const variables = coerceVariables(operation, parameters.variables);

    const keyFor = (encoding: Encoding) => toResponseKey(request, operation, variables, encoding);
    const trace = steps.inlineTrace?.begin(http.headers);
    if (trace === undefined && !hasNoCacheDirective(http.headers)) {
      const found = findCached(request, responses, keyFor);
      if (found !== undefined) {
        request.stats = found.stats;
        return responder.cached(request, found.response, found.stats);
      }
    }

    steps.limitCost(operation, parameters.variables);
    const input = { request, operation, given: parameters.variables, variables, observation, onField: trace?.onField };
    const { result, context } = await steps.execute(input);
    if (http.hasLeft()) return CLIENT_CLOSED_REQUEST;
    return responder.executed(request, { result, context, keyFor, trace });
  };
}

function checkMethod(method: string): void {
  if (method !== 'GET' && method !== 'POST') throw new GatewayError('METHOD_NOT_ALLOWED');
}

/** A GET is safe (RFC 9110, section 9.2.1): it executes queries alone. */
function checkOperationType(method: string, { facts }: ResolvedOperation): void {
  if (method === 'GET' && facts.type !== 'query') throw new GatewayError('METHOD_NOT_ALLOWED');
}

function checkFormat({ isAcceptable }: ResponseFormat): void {
  if (!isAcceptable) throw new GatewayError('NOT_ACCEPTABLE');
}

/** @throws DocumentError. */
function coerceVariables({ prepared }: ResolvedOperation, given: Values): Values {
  const variables = prepared.coerceVariables(given);
  if (Array.isArray(variables)) throw new DocumentError(variables as NonNullable<ExecutionResult['errors']>);
  return variables as Values;
}

function findCached(
  request: GraphQLRequest,
  responses: CachedResponses,
  keyFor: (encoding: Encoding) => string,
): ReturnType<CachedResponses['get']> {
  if (request.principal === undefined || request.format.kind === 'event-stream') return undefined;
  const found = responses.get(keyFor(chooseEncoding(request.format.encodings, true)));
  request.isResponseCacheHit = found !== undefined;
  request.result = found === undefined ? undefined : 'ok';
  return found;
}
