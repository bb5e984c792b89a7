// The gateway: the door in front, what stands behind it, and the socket. Everything long-lived is closed here, in the reverse
// of the order in which it was made.

import { isLoopback } from '../auth/loopback.js';
import { systemClock } from '../clock.js';
import type { Config } from '../config/config.js';
import { createSchema } from '../graphql/schema.js';
import { createDoor } from '../http/yoga.js';
import { createReadiness } from '../http/server/readiness.js';
import { withAddress } from '../http/server/validate-host.js';
import { createHttpServer } from '../http/server/server.js';
import { createParts, type GatewayDependencies } from './services.js';
import { createShutdown } from './shutdown.js';

export interface Gateway {
  /** Answers one request without a socket. */
  fetch(request: Request): Promise<Response>;
  /** Opens the socket; answers with its URL. Rejects when the address is taken or there is no usable token. */
  listen(): Promise<string>;
  /** Says "not ready", finishes what is in flight, and lets go of the upstream; once, however often it is called. */
  close(): Promise<void>;
}

export function createGateway(config: Config, dependencies: GatewayDependencies): Gateway {
  const { logger, clock = systemClock, isProtected = true } = dependencies;
  const { telemetry, authentication, credentials, client, shared, cache } = createParts(config, dependencies, clock);
  const readiness = createReadiness((isReady, reasons) => {
    logger.info({ reasons }, isReady ? 'ready' : 'not ready');
  });
  const shutdown = createShutdown(config.shutdown, clock);
  const door = createDoor({
    ...toDoorSettings(config),
    ...(isProtected && { protection: { ...config.protection, clock } }),
    parts: { cache, credentials, responses: cache.responses, ...toContextSettings(config) },
    ...{ responses: cache.responses, authentication, logger },
    now: () => clock.now(),
    isReady: () => readiness.set('no signing keys', authentication?.isReady() === false).isReady(),
    observer: telemetry.instruments,
    ending: shutdown.ending,
    exposeMetrics: telemetry.metrics?.expose,
  });
  const listener = withAddress(door.listener, {
    allowedHosts: isLoopback(config.host) && config.access.kind === 'none' ? 'loopback' : 'any',
  });
  const server = createHttpServer(listener, { host: config.host, port: config.port, clock });
  shutdown.ending.addEventListener('abort', () => {
    logger.warn('the time for requests in flight is over: whoever still waits is told so');
    void client.close();
  });

  return {
    async fetch(request) {
      if (telemetry.ready !== undefined) await telemetry.ready;
      return door.fetch(request);
    },
    async listen() {
      await telemetry.ready;
      // The first who asks need not wait for the keys of the issuer; without them we are not ready.
      authentication?.isReady();
      // A token that cannot be had at the start is a mistake in the set-up: say so now, not at the first query.
      if (config.upstream.auth.kind === 'token') await credentials.principal();
      return server.listen();
    },
    close() {
      readiness.set('stopping', true);
      return shutdown.run(server, async () => {
        await shared?.close();
        await client.close();
        await credentials.close();
        await door.dispose();
        // Last: what the others still ended with is told as well.
        await telemetry.close();
      });
    },
  };
}

/** What of the configuration resolvers have to know. */
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

/** What of the configuration is about the door. */
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
