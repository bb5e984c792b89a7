// The gateway: the services, the HTTP layer in front of them, the socket. Everything long-lived is closed here, in reverse
// order of creation.

import type { Logger } from 'pino';

import { isLoopback } from '../auth/loopback.js';
import { systemClock } from '../clock.js';
import type { Config } from '../config/config.js';
import { createSchema } from '../graphql/schema.js';
import { createDoor } from '../http/yoga.js';
import { createReadiness } from '../http/server/readiness.js';
import { withAddress } from '../http/server/validate-host.js';
import { createHttpServer } from '../http/server/server.js';
import { describeDefect } from '../telemetry/defect.js';
import type { DefectOrigin, Metrics } from '../telemetry/metrics.js';
import { createServices, type GatewayDependencies } from './services.js';
import { createShutdown } from './shutdown.js';

export interface Gateway {
  /** Handles one request without a socket. */
  fetch(request: Request): Promise<Response>;
  /** Opens the socket; resolves with its URL. Rejects when the address is taken or there is no usable token. */
  listen(): Promise<string>;
  /** Logs and counts an error that was thrown outside of any request. */
  recordDefect(origin: DefectOrigin, error: unknown): void;
  /** Turns readiness off, finishes the requests in flight, and releases everything; once, however often it is called. */
  close(): Promise<void>;
}

export function createGateway(config: Config, dependencies: GatewayDependencies): Gateway {
  const { logger, clock = systemClock } = dependencies;
  const { telemetry, authentication, credentials, client, shared, cache } = createServices(config, dependencies, clock);
  const readiness = createReadiness((isReady, reasons) => {
    logger.info({ reasons }, isReady ? 'ready' : 'not ready');
  });
  const shutdown = createShutdown(config.shutdown, clock);
  const door = createDoor({
    ...toDoorSettings(config),
    protection: { ...config.protection, clock },
    parts: { cache, credentials, answers: cache.answers, ...toContextSettings(config) },
    ...{ answers: cache.answers, authentication, logger },
    now: () => clock.now(),
    isReady: () => readiness.set('no signing keys', authentication?.isReady() === false).isReady(),
    observer: telemetry.instruments,
    ending: shutdown.limitSignal,
    exposeMetrics: telemetry.metrics?.expose,
  });
  const listener = withAddress(door.listener, {
    allowedHosts: isLoopback(config.host) && config.access.kind === 'none' ? 'loopback' : 'any',
  });
  const server = createHttpServer(listener, { host: config.host, port: config.port, clock });
  shutdown.limitSignal.addEventListener('abort', () => {
    logger.warn('shutdown limit reached: failing the remaining requests in flight');
    void client.close();
  });

  return {
    async fetch(request) {
      if (telemetry.ready !== undefined) await telemetry.ready;
      return door.fetch(request);
    },
    async listen() {
      await telemetry.ready;
      // Starts to fetch the keys of the issuer, so that the first request need not; until then the gateway is not ready.
      authentication?.isReady();
      // A missing token is a mistake in the set-up: fail now, not at the first query.
      if (config.upstream.auth.kind === 'token') await credentials.principal();
      return server.listen();
    },
    recordDefect: createDefectRecorder(logger, telemetry.metrics),
    close() {
      readiness.set('stopping', true);
      return shutdown.run(server, async () => {
        await shared?.close();
        await client.close();
        await credentials.close();
        await door.dispose();
        // Last: it observes the closing of the others.
        await telemetry.close();
      });
    },
  };
}

function createDefectRecorder(logger: Logger, metrics: Metrics | undefined): Gateway['recordDefect'] {
  return (origin, error) => {
    metrics?.recordDefect(origin);
    logger.error({ origin, error: describeDefect(error) }, 'unexpected error outside of a request');
  };
}

/** The settings that resolvers need. */
function toContextSettings({ upstream, maxPageRows, maxAnswerRows, protection }: Config) {
  const { multiClusterByDefault, resilience } = upstream;
  return {
    maxReportsAtOnce: resilience.maxInFlight,
    multiClusterByDefault,
    maxPageRows,
    maxAnswerRows,
    maxCost: protection.maxCost,
  };
}

/** The settings of the HTTP layer. */
function toDoorSettings(config: Config) {
  return {
    createSchema: () => createSchema(config.schema),
    access: config.access.kind,
    trustedDocuments: config.trustedDocuments,
    persistedQueries: config.persistedQueries,
    cacheControl: config.cacheControl,
    graphiql: config.graphiql,
    logSamplePercent: config.logSamplePercent,
    federation: config.schema.federation,
  };
}
