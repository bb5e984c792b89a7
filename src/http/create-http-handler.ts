// Composes the HTTP interface: the pipeline with its steps, and the pages.

import type { GraphQLSchema } from 'graphql';
import type { Logger } from 'pino';

import type { Authentication } from '../auth/authentication.js';
import { createRequestLimits } from '../concurrency/request-limits.js';
import type { TrustedDocuments } from '../auth/trusted-documents.js';
import type { ResponseStore } from '../cache/memory/response-store.js';
import type { Clock } from '../clock.js';
import type { RequestServices } from '../loaders/request-services.js';
import type { DocumentLimits } from '../query-limits/limits.js';
import { createGraphiQLPage, trustedDocumentsPage } from './graphiql/page.js';
import { createHandler, redirectPage, type HttpHandler } from './handler.js';
import type { Instruments } from '../telemetry/instrumentation.js';
import type { Metrics } from '../telemetry/metrics.js';
import { createOperationLog } from './operation-log.js';
import { createCachedResponses } from './operations/cached-responses.js';
import { KnownDocuments } from './operations/known-documents.js';
import { createHealthPage, createMetricsPage, type Page } from './pages/page.js';
import { createPipeline, type PipelineSteps } from './pipeline.js';
import { withoutSuggestion } from './validation/no-introspection.js';
import { createInputHints } from './response/input-hints.js';
import { createResponder } from './respond.js';
import { createCors } from './response/cors.js';
import { logDefect } from './response/error-format.js';
import { createShutdownGate } from './shutdown-gate.js';
import { createAuthenticate } from './steps/authenticate.js';
import { checkOrigin } from './steps/check-origin.js';
import { createCheckVariables } from './steps/check-variables.js';
import { createExecute } from './steps/execute.js';
import { createInlineTrace } from './steps/inline-trace.js';
import { createLimitRate } from './steps/limit-rate.js';
import { readParameters } from './steps/read-parameters.js';
import { createResolveOperation } from './steps/resolve-operation.js';
import { createDocumentParser } from './validation/document-parser.js';

export interface HttpSettings {
  /** With `forward` ScaleOps authenticates callers, by their own tokens. */
  readonly access: 'none' | 'forward' | 'api-key' | 'jwt';
  readonly documents: {
    /** The operations that may be executed; undefined for any. */
    readonly trusted: TrustedDocuments | undefined;
    /** Whether clients may send the hash of a document instead of its text. */
    readonly persistedQueries: boolean;
  };
  /** Whether shared caches may store fresh responses. */
  readonly cacheControl: 'private' | 'public';
  readonly graphiql: boolean;
  /** Whether the gateway is a subgraph, whose router may request traces. */
  readonly federation: boolean;
  /** The share of successful operations that are logged, in percent. */
  readonly logSamplePercent: number;
  readonly limits: RequestLimits;
}

interface RequestLimits {
  readonly documents: DocumentLimits;
  /** The highest estimated cost of an operation; undefined for no limit. */
  readonly maxCost: number | undefined;
  /** Of a request body, decompressed. */
  readonly maxBodyBytes: number;
  /** From the arrival of a request; undefined for no limit. */
  readonly timeoutMs: number | undefined;
  /** Requests per minute of one caller; undefined for no limit. */
  readonly rateLimit: number | undefined;
  /** The origins whose pages may send requests. */
  readonly corsOrigins: readonly string[];
  /** Whether clients may ask for the schema. */
  readonly introspection: boolean;
  /** How many large responses may be in memory concurrently. */
  readonly largeResponses: number;
}

/** The long-lived services that the HTTP interface uses. */
export interface HttpServices {
  readonly clock: Clock;
  readonly schema: GraphQLSchema;
  readonly context: RequestServices;
  readonly authentication: Authentication | undefined;
  readonly responses: ResponseStore;
  readonly telemetry: {
    readonly logger: Logger;
    readonly instrumentation: Pick<Instruments, 'begin'> | undefined;
    /** Undefined when there is no /metrics. */
    readonly exposeMetrics: Metrics['expose'] | undefined;
  };
  readonly lifecycle: {
    readonly isReady: () => boolean;
    /** Aborts at the shutdown limit. */
    readonly shutdownSignal: AbortSignal;
  };
}

/** The request headers on which a response depends, for `Vary`. */
const VARIES_BY = {
  none: 'accept, accept-encoding',
  forward: 'accept, accept-encoding, authorization',
  jwt: 'accept, accept-encoding, authorization',
  'api-key': 'accept, accept-encoding, authorization, x-api-key',
} as const;

export function createHttpHandler(settings: HttpSettings, services: HttpServices): HttpHandler {
  const { access, limits } = settings;
  const { clock } = services;
  const { logger, instrumentation } = services.telemetry;
  const cors = createCors(limits.corsOrigins);
  const documents = new KnownDocuments(services.schema);
  const responses = createCachedResponses(services.responses);
  // With introspection off, messages must not suggest names of the schema.
  const rewriteMessage = limits.introspection ? createInputHints(services.schema) : withoutSuggestion;
  const responder = createResponder({
    responses,
    cors,
    clock,
    errorFormat: { logger, rewriteMessage },
    cacheScope: settings.cacheControl,
    variesBy: VARIES_BY[access],
  });
  const pipeline = createPipeline({
    clock,
    documents,
    responses,
    responder,
    timeoutMs: limits.timeoutMs ?? Infinity,
    steps: createSteps(settings, services, documents),
    reporting: {
      instrumentation,
      logOperation: createOperationLog(logger, clock, settings.logSamplePercent),
      logDefect: (error, requestId) => {
        logDefect(logger, error, requestId);
      },
    },
  });
  return createHandler({
    pipeline,
    cors,
    logger,
    graphiql: createGraphiQL(settings),
    pages: createPages(services),
  });
}

function createSteps(settings: HttpSettings, services: HttpServices, documents: KnownDocuments): PipelineSteps {
  const { limits, access } = settings;
  const { clock, schema, context, authentication } = services;
  const { rateLimit: perMinute } = limits;
  const limitRate = createLimitRate(perMinute === undefined ? undefined : createRequestLimits({ perMinute, clock }));
  return {
    shutdownGate: createShutdownGate(services.lifecycle.shutdownSignal),
    checkOrigin: (headers) => {
      checkOrigin(headers, limits.corsOrigins);
    },
    authenticate: createAuthenticate({
      authentication,
      credentials: context.credentials,
      forwardsTokens: access === 'forward',
      onRefused: limitRate.onRefusedCredentials,
    }),
    limitRate,
    readParameters: (http) => readParameters(http, limits.maxBodyBytes),
    resolveOperation: createResolveOperation({
      scheduler: context.scheduler,
      parser: createDocumentParser({ schema, limits: limits.documents, introspection: limits.introspection }),
      documents,
      trustedDocuments: settings.documents.trusted,
      persistedQueries: settings.documents.persistedQueries,
    }),
    checkVariables: createCheckVariables(schema, limits.maxCost),
    execute: createExecute(context, limits.largeResponses),
    startInlineTrace: settings.federation ? createInlineTrace(clock) : undefined,
  };
}

function createGraphiQL({ graphiql, access, limits, documents }: HttpSettings): Page | undefined {
  if (!graphiql) return undefined;
  if (documents.trusted !== undefined) return trustedDocumentsPage;
  return createGraphiQLPage({ access, introspection: limits.introspection });
}

function createPages({ lifecycle, telemetry: { exposeMetrics } }: HttpServices): ReadonlyMap<string, Page> {
  return new Map([
    ['/', redirectPage],
    ['/health/live', createHealthPage(() => true)],
    // It does not depend on ScaleOps: a gateway whose upstream is down still serves cached reports.
    ['/health/ready', createHealthPage(lifecycle.isReady)],
    ...(exposeMetrics === undefined ? [] : [['/metrics', createMetricsPage(exposeMetrics)] as const]),
  ]);
}
