// The steps that every GraphQL request passes, in order, whatever its form: POST or GET, text, hash or id of a document, for
// the first time or not. src/README.md has a picture of them, with the error codes that each step can end in.

import type { HeadersByName } from '../auth/authentication.js';
import type { Clock } from '../clock.js';
import { Deadline } from '../concurrency/deadline.js';
import { GatewayError } from '../errors.js';
import { GraphQLRequest } from './graphql-request.js';
import { EMPTY_BODY, type HttpRequest, type HttpResponse } from './http-message.js';
import type { Instruments, Observation } from '../telemetry/instrumentation.js';
import { toOutcome } from './instrumentation.js';
import type { LogOperation } from './operation-log.js';
import { toResponseKey, type CachedResponseHit, type CachedResponses } from './operations/cached-responses.js';
import type { KnownDocuments } from './operations/known-documents.js';
import type { Responder } from './respond.js';
import { reportFailure } from './response/body.js';
import { hasNoCacheDirective } from './response/cache-headers.js';
import { chooseEncoding } from './response/compress.js';
import { toErrorResult } from './response/error-format.js';
import { negotiate, type Encoding, type ResponseFormat } from './response/format.js';
import type { ShutdownGate } from './shutdown-gate.js';
import type { LimitRate } from './steps/limit-rate.js';
import type { CheckVariables } from './steps/check-variables.js';
import type { Execute } from './steps/execute.js';
import type { FieldTrace, InlineTrace } from './steps/inline-trace.js';
import type { Parameters } from './steps/read-parameters.js';
import type { ResolvedOperation, ResolveOperation } from './steps/resolve-operation.js';

/** Only for the log: the status that nginx gives a request whose client left before the response. */
const CLIENT_CLOSED_REQUEST: HttpResponse = { status: 499, headers: [], body: EMPTY_BODY };

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

/** Where the pipeline reports what came of a request. */
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
  /** Undefined where no router of a supergraph may ask for traces. */
  readonly inlineTrace: InlineTrace | undefined;
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
      return {
        status,
        headers,
        body: reportFailure(body, onFailure),
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
async function respond(options: PipelineOptions, request: GraphQLRequest): Promise<HttpResponse> {
  const { steps, responder, reporting, clock } = options;
  const { http, id: requestId } = request;
  const observation = reporting.instrumentation?.begin({ requestId, header: (name) => http.headers.get(name) });
  request.traceId = observation?.traceId ?? request.traceId;
  let status = 500;
  try {
    let response: HttpResponse;
    try {
      response = await steps.shutdownGate.pass(() => answer(options, request, observation));
    } catch (error) {
      // Nobody reads the errors of a request whose client has left, and they are no defects.
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

/** The steps. Each refuses the request by an error that it throws. */
async function answer(
  { steps, documents, responses, responder }: PipelineOptions,
  request: GraphQLRequest,
  observation: Observation | undefined,
): Promise<HttpResponse> {
  const { http } = request;
  checkMethod(http.method);
  steps.checkOrigin(http.headers);
  steps.limitRate.beforeAuthentication(request);
  await steps.authenticate(request);
  steps.limitRate.afterAuthentication(request);
  // What a request asks is looked at only now: a caller who is not let in learns nothing else.
  checkFormat(request.format);
  const parameters = await steps.readParameters(http);
  const operation = await steps.resolveOperation(parameters);
  request.operation = operation.facts;
  checkOperationType(http.method, operation);
  const variables = steps.checkVariables(operation, parameters.variables);
  const keyFor = toResponseKey(request, operation, variables);
  // Nothing refuses it any more: a document that is refused with its request would only take memory.
  documents.add(operation.document);

  const trace = steps.inlineTrace?.begin(http.headers);
  const cached = findCachedResponse(request, responses, keyFor, trace);
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

function checkMethod(method: string): void {
  if (method !== 'GET' && method !== 'POST') throw new GatewayError('METHOD_NOT_ALLOWED');
}

/** A GET is safe (RFC 9110, section 9.2.1): it executes only queries. */
function checkOperationType(method: string, { facts }: ResolvedOperation): void {
  if (method === 'GET' && facts.type !== 'query') throw new GatewayError('METHOD_NOT_ALLOWED');
}

function checkFormat({ isAcceptable }: ResponseFormat): void {
  if (!isAcceptable) throw new GatewayError('NOT_ACCEPTABLE');
}

/** Undefined as well where the client wants a response of its own: a fresh one, one with a trace, an event stream. */
function findCachedResponse(
  request: GraphQLRequest,
  responses: CachedResponses,
  keyFor: (encoding: Encoding) => string,
  trace: FieldTrace | undefined,
): CachedResponseHit | undefined {
  const { http, format, principal } = request;
  const isShareable = principal !== undefined && trace === undefined && format.kind !== 'event-stream';
  if (!isShareable || hasNoCacheDirective(http.headers)) return undefined;
  const found = responses.get(keyFor(chooseEncoding(format.encodings, true)));
  if (found === undefined) return undefined;
  request.isResponseCacheHit = true;
  request.result = 'ok';
  request.stats = found.stats;
  return found;
}
