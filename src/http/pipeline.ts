// The steps that every GraphQL request passes, in order, whatever its form: POST or GET, text, hash or id of a document, for
// the first time or not. src/README.md has a picture of them, with the error codes that each step can end in.

import type { HeadersByName } from '../auth/authentication.js';
import type { Clock } from '../clock.js';
import { Deadline } from '../concurrency/deadline.js';
import { GatewayError } from '../errors.js';
import { GraphQLRequest } from './graphql-request.js';
import { isStream, type HttpRequest, type HttpResponse } from './http-message.js';
import type { Instruments, Observation } from '../telemetry/instrumentation.js';
import { toOutcome, type LogOperation } from './operation-log.js';
import { toResponseKey, type CachedResponses } from './operations/cached-responses.js';
import type { KnownDocuments } from './operations/known-documents.js';
import type { Responder } from './respond.js';
import { reportFailure } from './response/body.js';
import { hasNoCacheDirective } from './response/cache-headers.js';
import { chooseEncoding } from './response/compress.js';
import { toErrorResult } from './response/error-format.js';
import { negotiate, type Encoding } from './response/format.js';
import type { ShutdownGate } from './shutdown-gate.js';
import type { LimitRate } from './steps/limit-rate.js';
import type { CheckVariables } from './steps/check-variables.js';
import type { Execute } from './steps/execute.js';
import type { StartInlineTrace } from './steps/inline-trace.js';
import type { Parameters } from './steps/read-parameters.js';
import type { ResolveOperation } from './steps/resolve-operation.js';

/** Only for the log: the status that nginx gives a request whose client left before the response. */
const CLIENT_CLOSED_REQUEST: HttpResponse = { status: 499, headers: [], body: [] };

interface PipelineOptions {
  readonly clock: Clock;
  /** How long a request may take from its arrival, in milliseconds; Infinity for no limit. */
  readonly timeoutMs: number;
  readonly steps: PipelineSteps;
  readonly documents: KnownDocuments;
  readonly responses: CachedResponses;
  readonly responder: Responder;
  readonly reporting: Reporting;
}

/** Where the pipeline reports the outcome of a request. */
interface Reporting {
  readonly instrumentation: Pick<Instruments, 'begin'> | undefined;
  readonly logOperation: LogOperation;
  /** Logs an error that is a defect of the gateway. */
  readonly logDefect: (error: unknown, requestId: string) => void;
}

/** The steps that depend on the configuration. */
export interface PipelineSteps {
  readonly shutdownGate: ShutdownGate;
  readonly checkOrigin: (headers: HeadersByName) => void;
  readonly authenticate: (request: GraphQLRequest) => Promise<void>;
  readonly limitRate: LimitRate;
  readonly readParameters: (http: HttpRequest) => Promise<Parameters>;
  readonly resolveOperation: ResolveOperation;
  readonly checkVariables: CheckVariables;
  readonly execute: Execute;
  /** Undefined when the gateway is no subgraph. */
  readonly startInlineTrace: StartInlineTrace | undefined;
}

export type Pipeline = (http: HttpRequest) => Promise<HttpResponse>;

export function createPipeline(options: PipelineOptions): Pipeline {
  const { clock, reporting } = options;
  return async (http) => {
    const deadline = new Deadline(clock, options.timeoutMs, {
      caller: http,
      toError: () => new GatewayError('REQUEST_TIMEOUT', { reason: 'deadline' }),
    });
    const request = new GraphQLRequest(http, negotiate(http.headers), deadline, clock.now());
    try {
      const { status, headers, body } = await respond(options, request);
      const onFailure = (error: unknown): void => {
        reporting.logDefect(error, request.id);
      };
      const onEnd = (): void => {
        request.end();
      };
      return { status, headers, body: isStream(body) ? reportFailure(body, onFailure) : body, onEnd };
    } catch (error) {
      request.end();
      throw error;
    } finally {
      // From here on the client decides how long it takes.
      deadline.end();
    }
  };
}

/** Runs the steps, then logs and counts. Rejects only for a defect in the error response, the log or the metrics. */
async function respond(options: PipelineOptions, request: GraphQLRequest): Promise<HttpResponse> {
  const { steps, responder, reporting, clock } = options;
  const { http, id: requestId } = request;
  const observation = reporting.instrumentation?.begin({ requestId, header: (name) => http.headers.get(name) });
  request.traceId = observation?.traceId ?? request.traceId;
  let status = 500;
  try {
    let response: HttpResponse;
    try {
      response = await steps.shutdownGate.pass(() => runSteps(options, request, observation));
    } catch (error) {
      // The errors of a request whose client has left are no defects.
      response = http.isDisconnected() ? CLIENT_CLOSED_REQUEST : await responder.refused(request, toErrorResult(error));
    }
    steps.limitRate.afterExecution(request);
    reporting.logOperation(request, response.status);
    ({ status } = response);
    return response;
  } catch (error) {
    request.result = 'error';
    request.errors = [{ code: 'INTERNAL_SERVER_ERROR', reason: undefined }];
    throw error;
  } finally {
    observation?.end(toOutcome(request, status, clock.now()));
  }
}

/** Each step refuses the request by throwing an error. */
async function runSteps(
  { steps, documents, responses, responder }: PipelineOptions,
  request: GraphQLRequest,
  observation: Observation | undefined,
): Promise<HttpResponse> {
  const { http } = request;
  if (http.method !== 'GET' && http.method !== 'POST') throw new GatewayError('METHOD_NOT_ALLOWED');
  steps.checkOrigin(http.headers);
  steps.limitRate.beforeAuthentication(request);
  await steps.authenticate(request);
  steps.limitRate.afterAuthentication(request);
  // After authentication: an unauthenticated caller gets no other error.
  if (!request.format.isAcceptable) throw new GatewayError('NOT_ACCEPTABLE');
  const parameters = await steps.readParameters(http);
  const operation = await steps.resolveOperation(parameters);
  request.operation = operation.info;
  // A GET is safe (RFC 9110, section 9.2.1): it executes only queries.
  if (http.method === 'GET' && operation.info.type !== 'query') throw new GatewayError('METHOD_NOT_ALLOWED');
  const variables = steps.checkVariables(operation, parameters.variables);
  const keyFor = toResponseKey(request, operation, variables);
  // No step refuses the request after this one: documents of refused requests must not take memory.
  documents.add(operation.document);

  const trace = steps.startInlineTrace?.(http.headers);
  const cached = trace === undefined ? findCachedResponse(request, responses, keyFor) : undefined;
  if (cached !== undefined) return responder.cached(request, cached.response, cached.stats);
  const { result, context } = await steps.execute({
    request,
    operation,
    variables: variables.values,
    observation,
    onField: trace?.onField,
  });
  if (http.isDisconnected()) return CLIENT_CLOSED_REQUEST;
  return responder.executed(request, { result, context, keyFor, trace });
}

function findCachedResponse(
  request: GraphQLRequest,
  responses: CachedResponses,
  keyFor: (encoding: Encoding) => string,
): ReturnType<CachedResponses['get']> {
  const { http, format, principal } = request;
  if (principal === undefined || format.kind === 'event-stream' || hasNoCacheDirective(http.headers)) return undefined;
  const cached = responses.get(keyFor(chooseEncoding(format.encodings, true)));
  if (cached === undefined) return undefined;
  request.isResponseCacheHit = true;
  request.result = 'ok';
  request.stats = cached.stats;
  return cached;
}
