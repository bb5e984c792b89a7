// The gateway: the HTTP interface, the services behind it, and the socket. Everything long-lived is closed here, in reverse
// order of creation.

import type { Logger } from 'pino';

import { isLoopback } from '../auth/loopback.js';
import { systemClock, type Clock } from '../clock.js';
import { createLimiter } from '../concurrency/semaphore.js';
import type { Config } from '../config/config.js';
import { describeDefect } from '../errors.js';
import { createSchema } from '../graphql/schema.js';
import { createHttpHandler, type HttpSettings } from '../http/create-http-handler.js';
import type { HttpHandler } from '../http/handler.js';
import { toFetch } from '../http/fetch-adapter.js';
import { toListener } from '../http/server/node-adapter.js';
import { Readiness } from '../http/server/readiness.js';
import { createHttpServer, type HttpServer } from '../http/server/server.js';
import { validateHost } from '../http/server/validate-host.js';
import type { DefectOrigin, Metrics } from '../telemetry/metrics.js';
import { createServices, type GatewayDependencies, type Services } from './services.js';
import { createShutdown } from './shutdown.js';

export interface Gateway {
  /** Handles one request without a socket. */
  fetch(request: Request): Promise<Response>;
  /** Opens the socket; resolves with its URL. Rejects when the address is taken or there is no usable token. */
  listen(): Promise<string>;
  /** Logs and counts an error that was thrown outside of any request. */
  recordDefect(origin: DefectOrigin, error: unknown): void;
  /** Turns readiness off, finishes the requests in flight, and closes all services. Later calls return the same promise. */
  close(): Promise<void>;
}

export function createGateway(config: Config, dependencies: GatewayDependencies): Gateway {
  const { logger, clock = systemClock } = dependencies;
  const services = createServices(config, dependencies, clock);
  const { telemetry, authentication, credentials, client } = services;
  const readiness = new Readiness((isReady, reasons) => {
    logger.info({ reasons }, isReady ? 'ready' : 'not ready');
  });
  const shutdown = createShutdown(config.shutdown, clock);
  const handler = createHttpHandler(toHttpSettings(config), {
    ...toHttpServices(config, services, clock),
    telemetry: { logger, instrumentation: telemetry.instruments, exposeMetrics: telemetry.metrics?.expose },
    lifecycle: {
      isReady: () => readiness.set('no signing keys', authentication?.isReady() === false).isReady(),
      shutdownSignal: shutdown.shutdownSignal,
    },
  });
  const server = createServer(config, handler, clock);
  const fetch = toFetch(handler);
  shutdown.shutdownSignal.addEventListener('abort', () => {
    logger.warn('shutdown limit reached: failing the remaining requests in flight');
    void client.close();
  });

  return {
    async fetch(request) {
      if (telemetry.ready !== undefined) await telemetry.ready;
      return fetch(request);
    },
    async listen() {
      await telemetry.ready;
      // Starts the fetch of the issuer's keys; until it succeeds, the gateway is not ready.
      authentication?.isReady();
      // A missing token is a mistake of configuration: fail now, not at the first operation.
      if (config.upstream.auth.kind === 'token') await credentials.principal();
      return server.listen();
    },
    recordDefect: createDefectRecorder(logger, telemetry.metrics),
    close() {
      readiness.set('stopping', true);
      return shutdown.run(server, () => closeServices(services));
    },
  };
}

function createDefectRecorder(logger: Logger, metrics: Metrics | undefined): Gateway['recordDefect'] {
  return (origin, error) => {
    metrics?.recordDefect(origin);
    logger.error({ origin, error: describeDefect(error) }, 'unexpected error outside of a request');
  };
}

async function closeServices({ telemetry, credentials, client, shared }: Services): Promise<void> {
  await shared?.close();
  await client.close();
  await credentials.close();
  // Last: closing the others is traced.
  await telemetry.close();
}

function createServer({ host, port, access }: Config, handler: HttpHandler, clock: Clock): HttpServer {
  const isLocal = isLoopback(host) && access.kind === 'none';
  const listener = validateHost(toListener(handler), isLocal ? 'loopback' : 'any');
  return createHttpServer(listener, { host, port, clock });
}

function toHttpServices(config: Config, services: Services, clock: Clock) {
  const { authentication, credentials, cache, scheduler } = services;
  return {
    clock,
    authentication,
    schema: createSchema(config.schema),
    context: { cache, credentials, scheduler, ...toContextSettings(config, clock) },
    responses: cache.responses,
  };
}

/** The settings that resolvers need. */
function toContextSettings({ upstream, cache, maxPageRows, maxResponseRows, protection }: Config, clock: Clock) {
  const { multiClusterByDefault, resilience } = upstream;
  // One operation, and all time series together, use at most half of the concurrent calls.
  const half = Math.max(1, Math.floor(resilience.maxInFlight / 2));
  return {
    maxConcurrentReports: half,
    runSeriesFetch: createLimiter(half),
    multiClusterByDefault,
    windows: { clock, settledAfterMs: cache.settledAfterMs },
    maxPageRows,
    maxIntervals: protection.maxIntervals,
    limits: { ...protection, maxResponseRows },
  };
}

function toHttpSettings(config: Config): HttpSettings {
  const { trustedDocuments, persistedQueries, cacheControl, graphiql, logSamplePercent, protection } = config;
  return {
    cacheControl,
    graphiql,
    logSamplePercent,
    documents: { trusted: trustedDocuments, persistedQueries },
    access: config.access.kind,
    federation: config.schema.federation,
    limits: { ...protection, largeResponses: config.memory.largeResponses },
  };
}
