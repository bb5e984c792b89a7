// The HTTP interface of the gateway over a schema of the test, without reports.

import type { GraphQLSchema } from 'graphql';
import { pino, type Logger } from 'pino';

import { systemClock, type Clock } from '../../src/clock.js';
import { Scheduler } from '../../src/concurrency/scheduler.js';
import { createHttpHandler, type HttpServices, type HttpSettings } from '../../src/http/create-http-handler.js';
import type { HttpHandler } from '../../src/http/handler.js';

interface HandlerOptions {
  readonly schema: GraphQLSchema;
  readonly clock?: Clock;
  readonly logger?: Logger;
  readonly settings?: Partial<HttpSettings>;
  readonly services?: Partial<HttpServices>;
}

const NO_LIMITS = {
  documents: {
    tokens: undefined,
    depth: undefined,
    aliases: undefined,
    rootFields: undefined,
    directives: undefined,
    fragments: undefined,
  },
  maxBodyBytes: 262_144,
  maxCost: undefined,
  timeoutMs: undefined,
  rateLimit: undefined,
  corsOrigins: [],
  introspection: true,
  largeResponses: 1,
} as unknown as HttpSettings['limits'];

export function createTestHandler({
  schema,
  clock = systemClock,
  logger,
  settings,
  services,
}: HandlerOptions): HttpHandler {
  const responses = { get: () => undefined, recordHit: () => [], set: () => undefined };
  return createHttpHandler(
    {
      access: 'none',
      documents: { trusted: undefined, persistedQueries: false },
      cacheControl: 'private',
      graphiql: false,
      federation: true,
      logSamplePercent: 100,
      limits: NO_LIMITS,
      ...settings,
    },
    {
      schema,
      clock,
      context: {
        windows: { clock, settledAfterMs: 0 },
        credentials: { principal: () => undefined },
        limits: {},
        scheduler: new Scheduler(),
      } as unknown as HttpServices['context'],
      authentication: undefined,
      responses: responses as unknown as HttpServices['responses'],
      telemetry: { logger: logger ?? pino({ level: 'silent' }), instrumentation: undefined, exposeMetrics: undefined },
      lifecycle: { isReady: () => true, shutdownSignal: new AbortController().signal },
      ...services,
    },
  );
}
